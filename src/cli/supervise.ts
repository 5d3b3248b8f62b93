/**
 * Commands run in a process of their own, so that Ctrl-C and SIGTERM end them whatever they do: a native
 * library in an endless loop, or a busy main thread, hears neither. The one that is asked first ends in
 * order; one that does not answer in time is killed, and what it was writing is removed for it.
 */
import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { removeTemporaryOf } from '../platform/temporary-folder.ts';
import { removeLeftovers } from '../platform/temporary.ts';

/** Milliseconds a command has to end in order. */
const grace = 600;
/** How often a command looks whether it was left alone. */
const orphanCheck = 500;
const role = 'DEEPC_SUPERVISED';
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** Whether this is the process that a command runs in. */
export function isSupervised(): boolean {
  return process.env[role] !== undefined && process.send !== undefined;
}

/**
 * Runs this program again with the same arguments and passes on how it ends.
 * @param outputs files it may be writing, whose temporary ones go with it
 * @returns its exit code; 130 after Ctrl-C, 143 after SIGTERM
 */
export function supervise(
  program: string,
  args: readonly string[],
  outputs: readonly string[],
): Promise<number> {
  const child = fork(program, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [role]: '1' },
  });
  let asked: keyof typeof exitCodes | undefined;
  let killed = false;
  const kill = (): void => {
    killed = true;
    child.kill('SIGKILL');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (asked !== undefined) return kill();
      asked = signal;
      child.send('stop', () => {}); // one that has just ended hears nothing
      setTimeout(kill, grace).unref();
    });
  return new Promise((resolve) => {
    child.on('error', (error) => {
      process.stderr.write(`error: the command cannot be started: ${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      if (signal !== null && child.pid !== undefined) {
        for (const output of outputs) removeLeftovers(output);
        removeTemporaryOf(child.pid);
        process.stderr.write(`error: ${asked ? 'cancelled' : endOf(signal)}\n`);
      }
      resolve(asked && (killed || code !== 0) ? exitCodes[asked] : (code ?? 1));
    });
  });
}

function endOf(signal: NodeJS.Signals): string {
  return signal === 'SIGABRT' || signal === 'SIGKILL'
    ? `the command was ended (${signal}), most likely for want of memory`
    : `the command was ended by ${signal}`;
}

/** In the process that a command runs in: what it is asked, and its end when nobody waits for it. */
export function obey(stop: () => void): void {
  // The terminal sends Ctrl-C to both; the one that supervises says what it means.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
  process.on('message', (message) => {
    if (message === 'stop') stop();
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
  // A thread sees it even where this one is busy for ever.
  new Worker(
    `const { ppid } = process;
     setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, 'SIGKILL'); }, ${orphanCheck});`,
    { eval: true },
  ).unref();
}
