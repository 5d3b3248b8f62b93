/**
 * The engine as the extension host sees it: starts workers (threads, or processes) when they are first
 * needed, posts messages and nothing else. Jobs that only read share one worker, which keeps what they
 * have in common (open views, layers of the simulator); every other job has a worker to itself.
 *
 * Cancelling asks the job to stop, and terminates its worker when it has not within a second; jobs that
 * shared it are done again by the next. A worker that dies or runs out of memory fails the jobs that were
 * running in it with one line. After half a minute without work a worker is let go.
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

/** Jobs that write nothing and are soon done, or started again without loss. */
const sharing: ReadonlySet<JobName> = new Set<JobName>([
  'openView',
  'view',
  'closeView',
  'compare',
  'inspect',
  'report',
  'attempts',
  'presets',
  'use',
  'inputFiles',
  'filesToRestore',
  'simulate',
  'sweep',
  'published',
]);

interface Pending {
  readonly start: ToWorker;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly onEvent: ((event: never) => void) | undefined;
  readonly release: () => void;
}

/** A worker and what runs in it. */
interface Seat {
  readonly worker: JobHost;
  readonly shared: boolean;
  readonly pending: Map<number, Pending>;
  idleTimer: NodeJS.Timeout | undefined;
}

export class EngineClient {
  /** The one used last is the last. */
  private readonly seats: Seat[] = [];
  private nextId = 1;
  private disposed = false;
  /** How many want the shared worker kept while it has no work. */
  private holds = 0;
  private readonly grace: number;
  private readonly idle: number;

  /** @param open starts a worker; asked whenever there is none for a job */
  constructor(
    private readonly open: OpenHost,
    options: ClientOptions = {},
  ) {
    this.grace = options.grace ?? 1000;
    this.idle = options.idle ?? 30_000;
  }

  /**
   * Runs one job in a worker.
   * @throws DeepCompressionError what the job threw, `cancelled`, or `crashed`
   */
  run<K extends JobName>(
    job: K,
    input: Jobs[K]['input'],
    { signal, onProgress, onEvent, onStart }: RunOptions<Jobs[K]['event']> = {},
  ): Promise<Jobs[K]['result']> {
    return new Promise((resolve, reject) => {
      if (this.disposed) return reject(new DeepCompressionError('crashed', 'the engine is closed'));
      if (signal?.aborted) return reject(cancelled());
      const id = this.nextId++;
      let kill: NodeJS.Timeout | undefined;
      const cancel = (): void => {
        this.post(id, { type: 'cancel', id });
        kill = setTimeout(() => void this.giveUpOn(id), this.grace);
      };
      signal?.addEventListener('abort', cancel, { once: true });
      const pending: Pending = {
        start: { type: 'start', version: protocolVersion, id, job, input } as ToWorker,
        signal,
        resolve: resolve as (result: never) => void,
        reject,
        onProgress,
        onEvent,
        release: () => {
          clearTimeout(kill);
          signal?.removeEventListener('abort', cancel);
        },
      };
      this.begin(id, pending, sharing.has(job));
      onStart?.((what) => this.post(id, { type: what, id }));
    });
  }

  /** Keeps the shared worker, and what it holds, also when it has no work; until the function is called. */
  hold(): () => void {
    this.holds++;
    for (const seat of this.seats) if (seat.shared) clearTimeout(seat.idleTimer);
    let held = true;
    return () => {
      if (held && --this.holds === 0)
        for (const seat of this.seats)
          if (seat.shared && seat.pending.size === 0) this.waitForWork(seat);
      held = false;
    };
  }

  /** Lets workers without work go at once, so that the next job starts another. */
  async rest(): Promise<void> {
    const idle = this.seats.filter(({ pending }) => pending.size === 0);
    await Promise.all(idle.map((seat) => this.end(seat, deathOf('idle'))));
  }

  /** Ends the workers; jobs under way reject as cancelled. */
  async dispose(): Promise<void> {
    this.disposed = true;
    await Promise.all([...this.seats].map((seat) => this.end(seat, cancelled())));
  }

  private seatOf(id: number): Seat | undefined {
    return this.seats.find(({ pending }) => pending.has(id));
  }

  private post(id: number, message: ToWorker): void {
    this.seatOf(id)?.worker.post(message);
  }

  private begin(id: number, job: Pending, shared: boolean): void {
    const free = this.seats.findLast(
      (seat) => seat.shared === shared && (shared || seat.pending.size === 0),
    );
    const seat = free ?? this.start(shared);
    clearTimeout(seat.idleTimer);
    this.seats.splice(this.seats.indexOf(seat), 1);
    this.seats.push(seat);
    seat.pending.set(id, job);
    seat.worker.ref();
    try {
      seat.worker.post(job.start);
    } catch (error) {
      this.settle(id)?.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private start(shared: boolean): Seat {
    const worker: JobHost = this.open({
      message: (message) => {
        if (this.seats.includes(seat)) this.receive(message);
      },
      died: (why) => {
        if (this.seats.includes(seat)) void this.end(seat, why);
      },
    });
    const seat: Seat = { worker, shared, pending: new Map(), idleTimer: undefined };
    this.seats.push(seat);
    return seat;
  }

  private receive(message: FromWorker): void {
    const running = this.seatOf(message.id)?.pending.get(message.id);
    if (message.type === 'progress') return running?.onProgress?.(message.progress);
    if (message.type === 'event') return running?.onEvent?.(message.event as never);
    const job = this.settle(message.id);
    if (message.type === 'result') job?.resolve(message.result as never);
    else job?.reject(revivedError(message));
  }

  /** Takes a job off the list. */
  private settle(id: number): Pending | undefined {
    const seat = this.seatOf(id);
    const job = seat?.pending.get(id);
    seat?.pending.delete(id);
    job?.release();
    if (seat?.pending.size === 0 && !this.disposed) {
      seat.worker.unref();
      if (!seat.shared || this.holds === 0) this.waitForWork(seat);
    }
    return job;
  }

  private waitForWork(seat: Seat): void {
    clearTimeout(seat.idleTimer);
    seat.idleTimer = setTimeout(() => void this.end(seat, deathOf('idle')), this.idle);
    // in a browser it is a number
    if (typeof seat.idleTimer === 'object') seat.idleTimer.unref();
  }

  /** The cancelled job did not stop in time: its worker goes, and what else ran in it begins again. */
  private async giveUpOn(id: number): Promise<void> {
    const seat = this.seatOf(id);
    const job = seat?.pending.get(id);
    if (!seat || !job) return;
    seat.pending.delete(id);
    job.release();
    const others = [...seat.pending];
    seat.pending.clear();
    await this.end(seat, cancelled());
    job.reject(cancelled());
    for (const [other, again] of others) {
      if (!this.disposed && again.signal?.aborted !== true) this.begin(other, again, seat.shared);
      else {
        again.release();
        again.reject(cancelled());
      }
    }
  }

  private async end(seat: Seat, reason: Error): Promise<void> {
    this.seats.splice(this.seats.indexOf(seat), 1);
    clearTimeout(seat.idleTimer);
    for (const job of seat.pending.values()) {
      job.release();
      job.reject(reason);
    }
    await seat.worker.terminate();
  }
}

function cancelled(): DeepCompressionError {
  return new DeepCompressionError('cancelled', 'cancelled');
}
