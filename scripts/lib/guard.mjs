/**
 * Runs a command in a process group of its own; when stdin closes, kills the group and removes a
 * folder. Whatever happens to the program that started us, a crash or SIGKILL included, its server
 * and the server's data go with it.
 *   node guard.mjs FOLDER COMMAND ARGS…
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const [folder, command, ...args] = process.argv.slice(2);
const child = spawn(command, args, {
  detached: process.platform !== 'win32',
  stdio: ['ignore', 'inherit', 'inherit'],
});
const kill = () => {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
};
const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
process.stdin.resume().on('close', kill).on('error', kill);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, kill);
process.stdout.on('error', () => {}); // nobody reads any more
child.on('error', () => process.exit(127));
child.on('exit', (code) => {
  kill(); // what it left behind in its group
  remove();
  process.exit(code ?? 1);
});
