/**
 * dist/worker.js, the one worker file of Node: a server of jobs for the extension, as a thread or as a
 * process of its own, or one thread of a job's crew (serve-role.ts).
 */
import { parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { allJobs } from '../jobs/all.ts';
import { watchUnfinished } from '../../platform/temporary.ts';
import { serveJobs } from '../serve-jobs.ts';
import { serveRole } from '../serve-role.ts';
import type { ProcessRole, WorkerRole } from '../threads.ts';
import type { UnfinishedNews } from './job-host.ts';

const workerFile = fileURLToPath(import.meta.url);
const port = parentPort;
if (!port) {
  if (!process.send) throw new Error('worker.js is started by a program, as a thread or a process');
  process.on('disconnect', () => process.exit()); // whoever asked has gone
  const { native } = JSON.parse(process.argv[2] ?? '{}') as ProcessRole;
  tellOfUnfinished((news) => process.send!(news));
  serveJobs(
    {
      on: (_, listener) => process.on('message', listener),
      postMessage: (message) => process.send!(message),
    },
    allJobs({ workerFile, native }),
  );
} else {
  const role = (workerData as WorkerRole | null) ?? { role: 'jobs' };
  if (role.role === 'jobs') tellOfUnfinished((news) => port.postMessage(news));
  serveRole(port, role, () => allJobs({ workerFile }));
}

/** To whoever may end this worker by force (job-host.ts). */
function tellOfUnfinished(post: (news: UnfinishedNews) => void): void {
  watchUnfinished((file, isThere) => post({ type: 'unfinished', file, isThere }));
}
