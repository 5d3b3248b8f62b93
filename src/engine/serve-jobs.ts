/**
 * Answers `start`, `cancel` and steering messages on a port by running jobs, several at a time. Validates
 * what arrives, reports at most one progress message every 40 ms a job, and turns every failure
 * into one `error` message: it never throws.
 */
import type { AllJobs } from './jobs/all.ts';
import type { FromWorker, JobName, Jobs, Progress } from './protocol.ts';
import { Steered } from './steered.ts';
import { plainError } from './threads.ts';
import { checkedMessage } from './validate.ts';

const progressEvery = 40;

export interface JobPort {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  postMessage(message: FromWorker): unknown;
}

export function serveJobs(port: JobPort, jobs: AllJobs): void {
  const running = new Map<number, { controller: AbortController; steered: Steered }>();
  const post = (message: FromWorker): void => void port.postMessage(message);

  const start = async <K extends JobName>(
    id: number,
    job: K,
    input: Jobs[K]['input'],
  ): Promise<void> => {
    const controller = new AbortController();
    const steered = new Steered();
    running.set(id, { controller, steered });
    try {
      const result = await jobs[job](input, controller.signal, sparse(id, post), steered, (event) =>
        post({ type: 'event', id, event }),
      );
      post({ type: 'result', id, result });
    } catch (error) {
      post({ type: 'error', id, ...plainError(error) });
    } finally {
      running.delete(id);
    }
  };

  port.on('message', (raw: unknown) => {
    try {
      const message = checkedMessage(raw);
      const job = running.get(message.id);
      if (message.type === 'cancel') {
        job?.controller.abort();
        job?.steered.steer('resume'); // a job that waits must wake to see it
      } else if (message.type !== 'start') job?.steered.steer(message.type);
      else if (job) throw new Error(`job ${message.id} is already running`);
      else void start(message.id, message.job, message.input);
    } catch (error) {
      post({ type: 'error', id: idOf(raw), ...plainError(error) });
    }
  });
}

/** Drops progress that comes too soon after the last, except a new stage. */
function sparse(id: number, post: (message: FromWorker) => void): (progress: Progress) => void {
  let last = -Infinity;
  let stage = '';
  return (progress) => {
    const now = performance.now();
    const soon = progress.stage === stage && now - last < progressEvery;
    if (soon && progress.fraction < 1) return;
    last = now;
    stage = progress.stage;
    post({ type: 'progress', id, progress });
  };
}

function idOf(raw: unknown): number {
  const id = typeof raw === 'object' && raw !== null && 'id' in raw ? raw.id : -1;
  return typeof id === 'number' ? id : -1;
}
