#!/usr/bin/env node
/**
 * `deepc`: composition root of the command line. Parses, runs one job on this machine's threads in a
 * process that can be ended (cli/supervise.ts), prints. Exit 0; 1 with one line `error: …`; 2 for wrong
 * usage; 130 after Ctrl-C, 143 after SIGTERM.
 */
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { outputsOf, parseCommand, usage } from './cli/arguments.ts';
import { runCommand } from './cli/commands.ts';
import { runWorker } from './cli/queue-commands.ts';
import { isSupervised, obey, supervise } from './cli/supervise.ts';
import { UsageError } from './cli/usage.ts';
import { DeepCompressionError } from './model/errors.ts';
import { plainText } from './model/plain-text.ts';
import { version } from '../package.json';

const program = fileURLToPath(import.meta.url);
const workerFile = fileURLToPath(new URL('./worker.js', import.meta.url));
const runtime = { workerFile: existsSync(workerFile) ? workerFile : undefined, native: true };
const stopped = new AbortController();

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has gone (`deepc … | head`): nothing is left to say. Let the job end cleanly.
  if (error.code !== 'EPIPE') fail(error);
});
process.stderr.on('error', () => {});

function fail(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const line = plainText(message, 1000);
  const usageError = error instanceof UsageError;
  process.exitCode = usageError ? 2 : 1;
  const defect = !usageError && !(error instanceof DeepCompressionError);
  const exists = error instanceof DeepCompressionError && error.code === 'exists';
  const hint = exists ? ' (--force replaces it)' : '';
  process.stderr.write(`error: ${stopped.signal.aborted ? 'cancelled' : line + hint}\n`);
  if (defect && process.env['DEEPC_DEBUG'] && error instanceof Error)
    process.stderr.write(`${error.stack ?? ''}\n`);
}

/** A worker hands back what it has: its pieces are processes of their own, and it always hears. */
function untilStopped(): AbortSignal {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stopped.signal.aborted) process.exit(1);
      stopped.abort();
    });
  return stopped.signal;
}

const tell = (line: string): void => void process.stderr.write(`${plainText(line, 1000)}\n`);

try {
  const command = parseCommand(process.argv.slice(2));
  if (command === 'help') process.stdout.write(`${usage}\n`);
  else if (command === 'version') process.stdout.write(`${version}\n`);
  else if (command.command === 'worker')
    await runWorker(command, { runtime, tell, signal: untilStopped() });
  else if (command.command !== 'presets' && !isSupervised())
    process.exitCode = await supervise(program, process.argv.slice(2), outputsOf(command));
  else {
    obey(() => stopped.abort());
    const text = await runCommand(command, {
      runtime,
      signal: stopped.signal,
      stderr: process.stderr,
    });
    process.stdout.write(`${text}\n`);
  }
} catch (error) {
  fail(error);
}
