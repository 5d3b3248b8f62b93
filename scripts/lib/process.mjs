/**
 * Child processes that never outlive their welcome: each runs in a process group of its own, which
 * is killed as a whole when its time is up, when it is no longer wanted, and when we end.
 */
import { spawn } from 'node:child_process';

const windows = process.platform === 'win32';
/** @type {Set<import('node:child_process').ChildProcess>} */
const alive = new Set();

/** Ends a child and everything it started. */
export function killTree(child, signal = 'SIGKILL') {
  if (child.pid === undefined) return;
  try {
    if (windows) spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { stdio: 'ignore' });
    else process.kill(-child.pid, signal);
  } catch {
    // it is gone already
  }
}

process.on('exit', () => alive.forEach((child) => killTree(child)));
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
])
  process.on(signal, () => {
    alive.forEach((child) => killTree(child, 'SIGTERM'));
    setTimeout(() => process.exit(128 + number), 1500);
  });

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeout: number, quiet?: boolean }} options
 *   `timeout` in ms; `quiet` keeps the output to itself
 * @returns {Promise<{ code: number, output: string, timedOut: boolean }>} never rejects for a
 *   failing command; `output` is what it printed when quiet
 */
export function run(command, args, { cwd, env, timeout, quiet = false }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      detached: !windows,
      shell: windows && command === 'npm',
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    alive.add(child);
    let output = '';
    let timedOut = false;
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    const timer = setTimeout(() => {
      timedOut = true;
      killTree(child, 'SIGTERM');
      setTimeout(() => killTree(child), 3000).unref();
    }, timeout);
    const done = (code) => {
      clearTimeout(timer);
      killTree(child); // what it left behind in its group
      alive.delete(child);
      resolve({ code, output, timedOut });
    };
    child.on('error', (error) => {
      output += error.message;
      done(127);
    });
    child.on('close', (code) => done(timedOut ? 124 : (code ?? 1)));
  });
}

/** Runs a command that must succeed; its output is shown only when it does not. */
export async function must(command, args, options) {
  const { code, output, timedOut } = await run(command, args, { ...options, quiet: true });
  if (timedOut)
    throw new Error(`${command} ${args[0]} took longer than ${options.timeout / 1000} s`);
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} failed (${code}):\n${output.trim()}`);
  return output;
}

/** The npm that started us, else the one on PATH. Its errors are wanted even after `npm --silent`. */
export function npm(args, { env = process.env, ...rest }) {
  const own = process.env.npm_execpath;
  const options = { ...rest, env: { ...env, npm_config_loglevel: 'error' } };
  return own?.endsWith('npm-cli.js')
    ? must(process.execPath, [own, ...args], options)
    : must('npm', args, options);
}
