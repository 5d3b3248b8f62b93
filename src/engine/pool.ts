/**
 * The crew of a job: threads that each open the model themselves and do the small pieces of work
 * that the job hands out. Weights never cross a thread, only plans, codes and sums do.
 *
 * Limits: at most two pieces are under way on a thread (one being done, one waiting, so that a
 * thread never idles); the rest waits here, in order. A cancelled or disposed crew rejects
 * everything at once and terminates its threads. A piece is at most a block of 2^20 weights, about
 * ten milliseconds, so both a crew and an inline crew leave the job's event loop free.
 */
import { host } from '#host';
import { DeepCompressionError } from '../model/errors.ts';
import type { SimulatorWork } from './simulate/bench.ts';
import type { SimulatorTypes } from './simulate/simulator.ts';
import type { LevelWork } from './goal/level-bench.ts';
import type { Thread } from '../platform/port.ts';
import type { SharedInput } from './input.ts';
import type { Progress } from './protocol.ts';
import type { ExecutorChoice } from './runtime/executor.ts';
import type { TrainWork } from './runtime/train-bench.ts';
import {
  deathOf,
  revivedError,
  type FromThread,
  type ToThread,
  type WorkerRole,
} from './threads.ts';
import { Workbench, type Work } from './workbench.ts';

export interface Crew {
  readonly size: number;
  /** Any free thread does it. Rejects with what it threw, or `cancelled`, or `crashed`. */
  perform(work: Work): Promise<unknown>;
  /** Every thread does it once, after all it was given before; results in the order of threads. */
  performOnEach(work: Work): Promise<unknown[]>;
  /** Stops the threads; whatever is unfinished rejects. Safe to call twice. */
  dispose(): Promise<void>;
}

export interface CrewOptions {
  readonly threads: number;
  /** The bundled worker (dist/worker.js); undefined: no threads to be had, work inline. */
  readonly workerFile: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A crew over one input: threads when more than one is wanted and they can be had, else inline. */
export function startCrew(input: SharedInput, options: CrewOptions): Crew {
  const { workerFile, threads, signal } = options;
  return workerFile === undefined || threads <= 1
    ? new InlineCrew(input, signal)
    : new ThreadCrew({ role: 'tasks', input }, workerFile, Math.min(threads, 64), signal);
}

/** Threads for the work of a simulation (simulate/bench.ts), with the same promises as a crew. */
export interface SimulatorCrew<T extends SimulatorTypes> {
  readonly size: number;
  perform(work: SimulatorWork<T>, onProgress?: (progress: Progress) => void): Promise<unknown>;
  performOnEach(work: SimulatorWork<T>): Promise<unknown[]>;
  dispose(): Promise<void>;
}

export function startSimulatorCrew<T extends SimulatorTypes>(
  simulator: string,
  threads: number,
  workerFile: string,
  ortFolder: string | undefined,
  signal: AbortSignal | undefined,
): SimulatorCrew<T> {
  return new ThreadCrew(
    { role: 'simulator', simulator, ortFolder },
    workerFile,
    Math.min(threads, 64),
    signal,
  );
}

/** Threads for training (runtime/helpers.ts). Dispose them when nothing runs. */
export interface TrainCrew {
  perform(work: TrainWork): Promise<unknown>;
  performOnEach(work: TrainWork): Promise<unknown[]>;
  dispose(): Promise<void>;
}

export function startTrainCrew(
  threads: number,
  workerFile: string,
  choice: ExecutorChoice,
): TrainCrew {
  return new ThreadCrew({ role: 'train', choice }, workerFile, Math.min(threads, 64), undefined);
}

/** One thread that quantizes layers (goal/level-bench.ts), and keeps those it was given. */
export interface LevelCrew {
  perform(work: LevelWork): Promise<unknown>;
  dispose(): Promise<void>;
}

export function startLevelCrew(workerFile: string, signal: AbortSignal): LevelCrew {
  return new ThreadCrew({ role: 'levels' }, workerFile, 1, signal);
}

const cancelled = (): DeepCompressionError => new DeepCompressionError('cancelled', 'cancelled');
const perThread = 2;

type AnyWork = ToThread['work'];

interface Piece {
  readonly work: AnyWork;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface BusyThread {
  readonly thread: Thread;
  readonly pending: Map<number, Piece>;
}

/** Does every piece on the caller's own thread, letting the event loop turn before each. */
class InlineCrew implements Crew {
  readonly size = 1;
  private readonly bench: Workbench;
  private last: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(
    input: SharedInput,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.bench = new Workbench(input);
  }

  perform(work: Work): Promise<unknown> {
    // One after another: immediates that were all set before would run in one turn of the loop.
    const piece = this.last.then(async () => {
      await host.turn();
      if (this.closed || this.signal?.aborted) throw cancelled();
      return this.bench.perform(work);
    });
    this.last = piece.catch(() => {});
    return piece;
  }

  async performOnEach(work: Work): Promise<unknown[]> {
    return [await this.perform(work)];
  }

  dispose(): Promise<void> {
    if (!this.closed) this.bench.close();
    this.closed = true;
    return Promise.resolve();
  }
}

class ThreadCrew implements Crew, SimulatorCrew<SimulatorTypes>, TrainCrew, LevelCrew {
  readonly size: number;
  private readonly threads: BusyThread[] = [];
  private readonly waiting: Piece[] = [];
  private head = 0;
  private nextId = 1;
  private failure: Error | undefined;
  private readonly onAbort = (): void => void this.stop(cancelled());

  constructor(
    role: WorkerRole,
    workerFile: string,
    size: number,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.size = size;
    for (let i = 0; i < size; i++) this.threads.push(this.startThread(role, workerFile));
    if (signal?.aborted) this.onAbort();
    else signal?.addEventListener('abort', this.onAbort, { once: true });
  }

  perform(work: AnyWork, onProgress?: (progress: Progress) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      this.waiting.push({ work, resolve, reject, onProgress });
      this.handOut();
    });
  }

  performOnEach(work: AnyWork): Promise<unknown[]> {
    if (this.failure) return Promise.reject(this.failure);
    return Promise.all(
      this.threads.map(
        (thread) => new Promise((resolve, reject) => this.post(thread, { work, resolve, reject })),
      ),
    );
  }

  dispose(): Promise<void> {
    return this.stop(cancelled());
  }

  private startThread(role: WorkerRole, workerFile: string): BusyThread {
    const pending: BusyThread['pending'] = new Map();
    const thread = host.spawn(workerFile, role, {
      message: (raw) => {
        const message = raw as FromThread;
        const piece = pending.get(message.id);
        if (!piece) return;
        if ('progress' in message) return piece.onProgress?.(message.progress);
        pending.delete(message.id);
        if ('error' in message) piece.reject(revivedError(message.error));
        else piece.resolve(message.value);
        this.handOut();
      },
      end: (why) => void this.stop(deathOf(why)),
    });
    return { thread, pending };
  }

  /** Gives waiting pieces to the threads that have the least to do. */
  private handOut(): void {
    while (this.head < this.waiting.length) {
      const thread = this.threads.reduce((a, b) => (b.pending.size < a.pending.size ? b : a));
      if (thread.pending.size >= perThread) return;
      const piece = this.waiting[this.head++];
      if (this.head === this.waiting.length) {
        this.waiting.length = 0;
        this.head = 0;
      }
      this.post(thread, piece);
    }
  }

  private post({ thread, pending }: BusyThread, piece: Piece): void {
    const id = this.nextId++;
    pending.set(id, piece);
    try {
      thread.post({ id, work: piece.work } satisfies ToThread);
    } catch (error) {
      pending.delete(id);
      piece.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Rejects everything at once, then waits for the threads to be gone. */
  private async stop(reason: Error): Promise<void> {
    if (!this.failure) {
      this.failure = reason;
      this.signal?.removeEventListener('abort', this.onAbort);
      const pieces = [
        ...this.threads.flatMap((t) => [...t.pending.values()]),
        ...this.waiting.slice(this.head),
      ];
      for (const thread of this.threads) thread.pending.clear();
      this.waiting.length = 0;
      this.head = 0;
      for (const piece of pieces) piece.reject(reason);
    }
    await Promise.all(this.threads.map((t) => t.thread.terminate()));
  }
}
