/**
 * How long computations share one thread: each works in slices of a few milliseconds and then lets
 * others have their turn, the more urgent ones first; and two that want the same thing wait for one
 * computation, which stops only when nobody waits for it any more.
 */
import { DeepCompressionError, throwIfCancelled } from '../model/errors.ts';

/** 0: what a moving finger waits for (tiles); 1: what the page shows now; 2: the rest. */
export type Urgency = 0 | 1 | 2;

/** Gives turns; the room around provides one that lets its event loop run in between. */
export type Turns = (urgency: Urgency) => Promise<void>;

/** Turns handed out by `later` (setImmediate, or a message to oneself), the most urgent first. */
export function fairTurns(later: (run: () => void) => void): Turns {
  const queues: (() => void)[][] = [[], [], []];
  let pumping = false;
  const pump = (): void => {
    const next = queues.find((q) => q.length > 0)?.shift();
    if (next === undefined) {
      pumping = false;
      return;
    }
    next();
    later(pump);
  };
  return (urgency) =>
    new Promise((resolve) => {
      queues[urgency].push(resolve);
      if (pumping) return;
      pumping = true;
      later(pump);
    });
}

const slice = 8; // milliseconds

/** One computation's use of the thread. */
export class Pace {
  #since = performance.now();

  constructor(
    readonly turns: Turns,
    readonly urgency: Urgency,
    readonly asking: Asking,
  ) {}

  /** Tells how much is done, 0..1. */
  onFraction(fraction: number): void {
    this.asking.onFraction(fraction);
  }

  /** Whether the slice is over; then `await rest()`. */
  get due(): boolean {
    return performance.now() - this.#since > slice;
  }

  /** Lets others work. @throws DeepCompressionError `cancelled` */
  async rest(): Promise<void> {
    throwIfCancelled(this.asking.signal);
    await this.turns(this.urgency);
    throwIfCancelled(this.asking.signal);
    this.#since = performance.now();
  }
}

interface Running {
  readonly result: Promise<unknown>;
  readonly controller: AbortController;
  readonly waiting: Set<(fraction: number) => void>;
}

/** Who waits for a computation. */
export interface Asking {
  readonly signal: AbortSignal;
  /** 0..1 */
  readonly onFraction: (fraction: number) => void;
}

/** Work under way, by key. */
export class SharedWork {
  readonly #running = new Map<string, Running>();

  /**
   * The result of `work`, which is started unless it is under way already. A waiter whose signal is
   * aborted leaves; the last one to leave stops the work.
   */
  run<T>(
    key: string,
    { signal, onFraction }: Asking,
    work: (asking: Asking) => Promise<T>,
  ): Promise<T> {
    throwIfCancelled(signal);
    const job = this.#running.get(key) ?? this.#start(key, work);
    // a function of its own, so that no two waiters are one
    const progress = (fraction: number): void => onFraction(fraction);
    job.waiting.add(progress);
    return new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        job.waiting.delete(progress);
        if (job.waiting.size === 0) {
          job.controller.abort();
          if (this.#running.get(key) === job) this.#running.delete(key);
        }
        reject(new DeepCompressionError('cancelled', 'cancelled'));
      };
      signal.addEventListener('abort', leave, { once: true });
      const settled = (): void => signal.removeEventListener('abort', leave);
      job.result.then(
        (value) => {
          settled();
          resolve(value as T);
        },
        (error: unknown) => {
          settled();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  /** Stops everything that runs. */
  stop(): void {
    for (const { controller } of this.#running.values()) controller.abort();
    this.#running.clear();
  }

  #start(key: string, work: (asking: Asking) => Promise<unknown>): Running {
    const controller = new AbortController();
    const waiting = new Set<(fraction: number) => void>();
    const onFraction = (fraction: number): void => waiting.forEach((tell) => tell(fraction));
    const result = work({ signal: controller.signal, onFraction });
    const job = { result, controller, waiting };
    this.#running.set(key, job);
    const done = (): void => {
      if (this.#running.get(key) === job) this.#running.delete(key);
    };
    result.then(done, done);
    return job;
  }
}
