/** What a worker does, whatever it is in: a server of jobs, or one thread of a job's crew. */
import { LevelBench, type LevelWork } from './goal/level-bench.ts';
import type { AllJobs } from './jobs/all.ts';
import type { Progress } from './protocol.ts';
import { TrainBench, type TrainWork } from './runtime/train-bench.ts';
import { serveJobs } from './serve-jobs.ts';
import { simulators } from './simulate/all.ts';
import { SimulatorBench, type SimulatorWork } from './simulate/bench.ts';
import type { SimulatorTypes } from './simulate/simulator.ts';
import {
  plainError,
  transferables,
  type FromThread,
  type ToThread,
  type WorkerRole,
} from './threads.ts';
import { Workbench, type Work } from './workbench.ts';

/** The other end of the worker. */
export interface WorkerPort {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  postMessage(message: unknown, moved?: ArrayBuffer[]): unknown;
}

/** @param jobs asked for where the role is to serve them */
export function serveRole(port: WorkerPort, role: WorkerRole, jobs: () => AllJobs): void {
  if (role.role === 'jobs') serveJobs(port, jobs());
  else if (role.role === 'tasks') {
    let bench: Workbench | undefined;
    port.on('message', (message) => {
      const { id, work } = message as ToThread;
      try {
        bench ??= new Workbench(role.input);
        const value = bench.perform(work as Work);
        port.postMessage({ id, value } satisfies FromThread, transferables(value));
      } catch (error) {
        port.postMessage({ id, error: plainError(error) } satisfies FromThread);
      }
    });
  } else if (role.role === 'simulator') {
    const bench = new SimulatorBench(simulators[role.simulator]!, role.ortFolder);
    answer(port, (work, onProgress) =>
      bench.perform(work as SimulatorWork<SimulatorTypes>, onProgress),
    );
  } else if (role.role === 'train') {
    const bench = new TrainBench(role.choice);
    answer(port, (work) => bench.perform(work as TrainWork));
  } else {
    const bench = new LevelBench();
    answer(port, (work) => new Promise((done) => done(bench.perform(work as LevelWork))));
  }
}

/** One thread of a crew whose work is asynchronous. */
function answer(
  port: WorkerPort,
  perform: (work: ToThread['work'], onProgress: (progress: Progress) => void) => Promise<unknown>,
): void {
  const post = (message: FromThread, moved: ArrayBuffer[] = []): void =>
    void port.postMessage(message, moved);
  port.on('message', (message) => {
    const { id, work } = message as ToThread;
    perform(work, (progress) => post({ id, progress })).then(
      (value) => post({ id, value }, transferables(value)),
      (error: unknown) => post({ id, error: plainError(error) }),
    );
  });
}
