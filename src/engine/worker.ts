/**
 * dist/worker.js, the one worker thread file: a server of jobs for the extension, or one thread of
 * a job's crew. A thin shell around `serve-jobs.ts` and `workbench.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { EieBench, type EieWork } from './eie/bench.ts';
import { allJobs } from './jobs/all.ts';
import { serveJobs } from './serve-jobs.ts';
import {
  plainError,
  transferables,
  type FromThread,
  type ToThread,
  type WorkerRole,
} from './threads.ts';
import { Workbench, type Work } from './workbench.ts';

const port = parentPort;
if (!port) throw new Error('worker.js is a worker thread: start it with node:worker_threads');

const data = workerData as WorkerRole | undefined;
if (data?.role === 'tasks') {
  let bench: Workbench | undefined;
  port.on('message', ({ id, work }: ToThread) => {
    try {
      bench ??= new Workbench(data.input);
      const value = bench.perform(work as Work);
      port.postMessage({ id, value } satisfies FromThread, transferables(value));
    } catch (error) {
      port.postMessage({ id, error: plainError(error) } satisfies FromThread);
    }
  });
} else if (data?.role === 'eie') {
  const bench = new EieBench(data.ortFolder);
  port.on('message', ({ id, work }: ToThread) => {
    bench
      .perform(work as EieWork, (progress) =>
        port.postMessage({ id, progress } satisfies FromThread),
      )
      .then(
        (value) => port.postMessage({ id, value } satisfies FromThread, transferables(value)),
        (error: unknown) => port.postMessage({ id, error: plainError(error) } satisfies FromThread),
      );
  });
} else {
  serveJobs(port, allJobs({ workerFile: fileURLToPath(import.meta.url) }));
}
