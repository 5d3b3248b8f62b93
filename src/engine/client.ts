/**
 * The engine as the extension host sees it: starts the worker (a thread, or a process) when it is first
 * needed, posts messages and nothing else. Several jobs may run at a time.
 *
 * Cancelling asks the job to stop, and terminates the worker when it has not within a second. A
 * worker that dies or runs out of memory fails the jobs that were running with one line; the next
 * job gets a fresh one. After half a minute without work the worker is let go.
 */
import { DeepCompressionError } from '../model/errors.ts';
import {
  protocolVersion,
  type FromWorker,
  type JobName,
  type Jobs,
  type Progress,
  type Steering,
  type ToWorker,
} from './protocol.ts';
import type { JobHost, OpenHost } from './job-host.ts';
import { deathOf, revivedError } from './threads.ts';

/** `Event`: what the job tells while it runs. */
export interface RunOptions<Event = never> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onEvent?: ((event: Event) => void) | undefined;
  /** Given once what steers the job: stop and keep the best, pause, resume. */
  readonly onStart?: ((steer: (what: Steering) => void) => void) | undefined;
}

export interface ClientOptions {
  /** Milliseconds a cancelled job may take to stop before its worker is terminated. */
  readonly grace?: number;
  /** Milliseconds without work after which the worker is let go. */
  readonly idle?: number;
}

interface Pending {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly onEvent: ((event: never) => void) | undefined;
  readonly release: () => void;
}

export class EngineClient {
  private worker: JobHost | undefined;
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private idleTimer: NodeJS.Timeout | undefined;
  private disposed = false;
  /** How many want the worker kept while it has no work. */
  private holds = 0;
  private readonly grace: number;
  private readonly idle: number;

  /** @param open starts the worker; asked whenever there is none and a job to do */
  constructor(
    private readonly open: OpenHost,
    options: ClientOptions = {},
  ) {
    this.grace = options.grace ?? 1000;
    this.idle = options.idle ?? 30_000;
  }

  /**
   * Runs one job in the worker.
   * @throws DeepCompressionError what the job threw, `cancelled`, or `crashed`
   */
  run<K extends JobName>(
    job: K,
    input: Jobs[K]['input'],
    { signal, onProgress, onEvent, onStart }: RunOptions<Jobs[K]['event']> = {},
  ): Promise<Jobs[K]['result']> {
    return new Promise((resolve, reject) => {
      if (this.disposed) return reject(new DeepCompressionError('crashed', 'the engine is closed'));
      if (signal?.aborted) return reject(new DeepCompressionError('cancelled', 'cancelled'));
      clearTimeout(this.idleTimer);
      const id = this.nextId++;
      let kill: NodeJS.Timeout | undefined;
      const cancel = (): void => {
        this.post({ type: 'cancel', id });
        kill = setTimeout(() => void this.giveUpOn(id), this.grace);
      };
      signal?.addEventListener('abort', cancel, { once: true });
      this.pending.set(id, {
        resolve: resolve as (result: never) => void,
        reject,
        onProgress,
        onEvent,
        release: () => {
          clearTimeout(kill);
          signal?.removeEventListener('abort', cancel);
        },
      });
      this.worker ??= this.start();
      this.worker.ref();
      try {
        this.post({ type: 'start', version: protocolVersion, id, job, input } as ToWorker);
        onStart?.((what) => {
          if (this.pending.has(id)) this.post({ type: what, id });
        });
      } catch (error) {
        this.settle(id)?.reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Keeps the worker, and what it holds, also when it has no work; until the function is called. */
  hold(): () => void {
    this.holds++;
    clearTimeout(this.idleTimer);
    let held = true;
    return () => {
      if (held && --this.holds === 0 && this.pending.size === 0) this.waitForWork();
      held = false;
    };
  }

  /** Lets the worker go at once where it has no work, so that the next job starts another. */
  async rest(): Promise<void> {
    if (this.pending.size === 0) await this.end(deathOf('idle'));
  }

  /** Ends the worker; jobs under way reject as cancelled. */
  async dispose(): Promise<void> {
    this.disposed = true;
    clearTimeout(this.idleTimer);
    await this.end(new DeepCompressionError('cancelled', 'cancelled'));
  }

  private post(message: ToWorker): void {
    this.worker?.post(message);
  }

  private start(): JobHost {
    const worker: JobHost = this.open({
      message: (message) => {
        if (this.worker === worker) this.receive(message);
      },
      died: (why) => {
        if (this.worker === worker) void this.end(why);
      },
    });
    return worker;
  }

  private receive(message: FromWorker): void {
    if (message.type === 'progress') {
      this.pending.get(message.id)?.onProgress?.(message.progress);
      return;
    }
    if (message.type === 'event') {
      this.pending.get(message.id)?.onEvent?.(message.event as never);
      return;
    }
    const job = this.settle(message.id);
    if (message.type === 'result') job?.resolve(message.result as never);
    else job?.reject(revivedError(message));
  }

  /** Takes a job off the list. */
  private settle(id: number): Pending | undefined {
    const job = this.pending.get(id);
    this.pending.delete(id);
    job?.release();
    if (this.pending.size === 0 && this.worker && !this.disposed) {
      this.worker.unref();
      if (this.holds === 0) this.waitForWork();
    }
    return job;
  }

  private waitForWork(): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => void this.end(deathOf('idle')), this.idle);
    this.idleTimer.unref();
  }

  /** The cancelled job did not stop in time: its worker goes, and with it every other job. */
  private async giveUpOn(id: number): Promise<void> {
    this.settle(id)?.reject(new DeepCompressionError('cancelled', 'cancelled'));
    await this.end(
      new DeepCompressionError('crashed', 'stopped, because another job had to be ended by force'),
    );
  }

  private async end(reason: Error): Promise<void> {
    const worker = this.worker;
    this.worker = undefined;
    clearTimeout(this.idleTimer);
    const jobs = [...this.pending.values()];
    this.pending.clear();
    for (const job of jobs) {
      job.release();
      job.reject(reason);
    }
    await worker?.terminate();
  }
}
