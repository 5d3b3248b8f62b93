/**
 * Runs a command in a process group of its own and kills the group when stdin closes: whatever
 * happens to the program that started us, a crash or SIGKILL included, its server dies with it.
 *   node guard.mjs COMMAND ARGS…
 */
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, {
  detached: process.platform !== 'win32',
  stdio: ['ignore', 'inherit', 'inherit'],
});
const end = () => {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
};
process.stdin.resume().on('close', end).on('error', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
child.on('error', () => process.exit(127));
child.on('exit', (code) => process.exit(code ?? 1));
