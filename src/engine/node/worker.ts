/**
 * dist/worker.js, the one worker file: a server of jobs for the extension, as a thread or as a process of
 * its own, or one thread of a job's crew. A thin shell around `serve-jobs.ts` and `workbench.ts`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { simulators } from '../simulate/all.ts';
import { SimulatorBench, type SimulatorWork } from '../simulate/bench.ts';
import type { SimulatorTypes } from '../simulate/simulator.ts';
import { LevelBench, type LevelWork } from '../goal/level-bench.ts';
import { allJobs } from '../jobs/all.ts';
import type { Progress } from '../protocol.ts';
import { watchUnfinished } from '../../platform/temporary.ts';
import { TrainBench, type TrainWork } from '../runtime/train-bench.ts';
import { serveJobs } from '../serve-jobs.ts';
import {
  plainError,
  transferables,
  type FromThread,
  type ProcessRole,
  type ToThread,
  type WorkerRole,
} from '../threads.ts';
import { Workbench, type Work } from '../workbench.ts';
import type { UnfinishedNews } from './job-host.ts';

const workerFile = fileURLToPath(import.meta.url);
const port = parentPort;
const data = workerData as WorkerRole | undefined;
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
} else if (data?.role === 'tasks') {
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
} else if (data?.role === 'simulator') {
  const bench = new SimulatorBench(simulators[data.simulator]!, data.ortFolder);
  answer((work, onProgress) => bench.perform(work as SimulatorWork<SimulatorTypes>, onProgress));
} else if (data?.role === 'train') {
  const bench = new TrainBench(data.choice);
  answer((work) => bench.perform(work as TrainWork));
} else if (data?.role === 'levels') {
  const bench = new LevelBench();
  answer((work) => new Promise((done) => done(bench.perform(work as LevelWork))));
} else {
  tellOfUnfinished((news) => port.postMessage(news));
  serveJobs(port, allJobs({ workerFile }));
}

/** To whoever may end this worker by force (job-host.ts). */
function tellOfUnfinished(post: (news: UnfinishedNews) => void): void {
  watchUnfinished((file, isThere) => post({ type: 'unfinished', file, isThere }));
}

/** One thread of a crew whose work is asynchronous. */
function answer(
  perform: (work: ToThread['work'], onProgress: (progress: Progress) => void) => Promise<unknown>,
): void {
  const post = (message: FromThread, moved: ArrayBuffer[] = []): void =>
    port!.postMessage(message, moved);
  port!.on('message', ({ id, work }: ToThread) => {
    perform(work, (progress) => post({ id, progress })).then(
      (value) => post({ id, value }, transferables(value)),
      (error: unknown) => post({ id, error: plainError(error) }),
    );
  });
}
