/**
 * Where the jobs of a client run: a thread of this process, or a process of its own that speaks the same
 * messages. A process is for native code, which may end whatever it runs in; it goes when it is killed,
 * when this process goes, and takes its threads with it. However one ends, the files that it had not
 * finished are removed.
 */
import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OpenHost } from '../job-host.ts';
import type { FromWorker } from '../protocol.ts';
import { withoutTelemetry } from '../../platform/telemetry.ts';
import { discard, type Unfinished } from '../../platform/temporary.ts';
import { deathOf, type ProcessRole, type WorkerRole } from '../threads.ts';

/** What a worker says of a file that it has not finished, beside what a client hears. */
export interface UnfinishedNews {
  readonly type: 'unfinished';
  readonly file: Unfinished;
  readonly isThere: boolean;
}

/** Limit of JavaScript heaps; weights lie outside them. */
const usualHeap = 1536;

/** @param file path of the bundled dist/worker.js */
export function threadHost(file: string, heapMegabytes = usualHeap): OpenHost {
  return ({ message, died }) => {
    const workerData: WorkerRole = { role: 'jobs' };
    const worker = new Worker(file, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
    });
    const { hear, clear } = unfinishedOf(message);
    worker.on('message', hear);
    worker.on('error', (error) => died(deathOf(error)));
    worker.on('exit', (code) => {
      clear();
      died(deathOf(code));
    });
    return {
      post: (m) => worker.postMessage(m),
      ref: () => worker.ref(),
      unref: () => worker.unref(),
      terminate: () => worker.terminate(),
    };
  };
}

/**
 * @param file path of the bundled dist/worker.js
 * @param native folder of the package onnxruntime-node, which that process then uses
 */
export function processHost(file: string, native: string): OpenHost {
  return ({ message, died }) => {
    const role: ProcessRole = { role: 'process', native };
    const child = fork(file, [JSON.stringify(role)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [`--max-old-space-size=${usualHeap}`],
      // in an editor's process the program is not node, but can be
      env: { ...process.env, ...withoutTelemetry, ELECTRON_RUN_AS_NODE: '1' },
    });
    let said = '';
    child.stderr?.on('data', (text) => (said = (said + String(text)).slice(-10_000)));
    const { hear, clear } = unfinishedOf(message);
    child.on('message', (m) => hear(m as FromWorker));
    child.on('error', (error) => died(deathOfProcess(error.message)));
    const exited = new Promise<void>((done) =>
      child.on('exit', (code, signal) => {
        clear();
        const memory = /heap out of memory|bad_alloc/.test(said);
        died(deathOfProcess(memory ? 'out of memory' : (signal ?? `exit code ${code}`)));
        done();
      }),
    );
    return {
      post: (m) => {
        // a process that has just died says so itself
        if (child.connected) child.send(m, () => {});
      },
      ref: () => {
        child.ref();
        child.channel?.ref();
      },
      unref: () => {
        child.unref();
        child.channel?.unref();
      },
      terminate: async () => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
        child.ref(); // until it has gone
        child.kill('SIGKILL');
        await exited;
      },
    };
  };
}

/** Keeps count of what a worker has not finished, and passes on its other messages. */
function unfinishedOf(message: (message: FromWorker) => void): {
  readonly hear: (message: FromWorker | UnfinishedNews) => void;
  readonly clear: () => void;
} {
  const unfinished = new Map<string, Unfinished>();
  return {
    hear: (m) => {
      if (m.type !== 'unfinished') message(m);
      else if (m.isThere) unfinished.set(m.file.path, m.file);
      else unfinished.delete(m.file.path);
    },
    clear: () => {
      for (const file of unfinished.values()) discard(file);
      unfinished.clear();
    },
  };
}

function deathOfProcess(why: string): DeepCompressionError {
  return new DeepCompressionError(
    'crashed',
    `the process that ran the job stopped unexpectedly (${why.split('\n')[0]})`,
  );
}
