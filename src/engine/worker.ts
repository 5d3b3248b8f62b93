/**
 * dist/worker.js, the one worker thread file: a server of jobs for the extension, or one thread of
 * a job's crew. A thin shell around `serve-jobs.ts` and `workbench.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { allJobs } from './jobs/all.ts';
import { serveJobs } from './serve-jobs.ts';
import {
  plainError,
  transferables,
  type FromThread,
  type ToThread,
  type WorkerRole,
} from './threads.ts';
import { Workbench } from './workbench.ts';

const port = parentPort;
if (!port) throw new Error('worker.js is a worker thread: start it with node:worker_threads');

const data = workerData as WorkerRole | undefined;
if (data?.role === 'tasks') {
  let bench: Workbench | undefined;
  port.on('message', ({ id, work }: ToThread) => {
    try {
      bench ??= new Workbench(data.input);
      const value = bench.perform(work);
      port.postMessage({ id, value } satisfies FromThread, transferables(value));
    } catch (error) {
      port.postMessage({ id, error: plainError(error) } satisfies FromThread);
    }
  });
} else {
  serveJobs(port, allJobs({ workerFile: fileURLToPath(import.meta.url) }));
}
