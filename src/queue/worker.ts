/**
 * A worker: takes pieces as it has hands for them, does each in a folder of its own, and writes down what
 * came of it. Whatever ends it, its pieces wait again, at the latest when their lease ends; a result that
 * is there already stays what it is.
 */
import { randomUUID } from 'node:crypto';
import type PgBoss from 'pg-boss';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DeepCompressionError } from '../model/errors.ts';
import { FileCache } from './cache.ts';
import { handBack, mostTries, prolong } from './lease.ts';
import type { Queue, QueuedPiece } from './queue.ts';

/** A piece that was understood, and nothing done yet. */
export interface ReadyPiece {
  readonly files: readonly { readonly sha256: string; readonly path: string }[];
  /** @returns plain JSON, and the files that it wrote */
  perform(signal: AbortSignal): Promise<Performed>;
}

export interface Performed {
  readonly result: object;
  readonly files: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly path: string;
  }[];
}

export interface WorkerOptions {
  readonly threads: number;
  /** Its machine, as people see it. */
  readonly name: string;
  /** For its cache and what pieces read and write. */
  readonly folder: string;
  /** Bytes of its cache. */
  readonly cache: number;
  /** @throws DeepCompressionError for a piece that this program does not do */
  readonly prepare: (job: string, input: unknown, folder: string) => ReadyPiece;
  /** Told a line for what goes wrong. */
  readonly tell: (line: string) => void;
  /** Aborted: what is under way is handed back. */
  readonly signal: AbortSignal;
}

type Job = PgBoss.JobWithMetadata<QueuedPiece>;

interface Hand {
  /** Whatever the queue says it is. */
  readonly run: string;
  readonly controller: AbortController;
}

/** Milliseconds between two questions for work when there was none. */
const idle = 300;
/** Milliseconds between two signs of life, at most. */
const signEvery = 1000;
/** Milliseconds between two cleanings of the queue. */
const cleanEvery = 60_000;

/** Works until it is told to stop. */
export async function work(queue: Queue, options: WorkerOptions): Promise<void> {
  const worker = new Worker(queue, options);
  await worker.run();
}

class Worker {
  private readonly id = randomUUID();
  private readonly hands = new Map<string, Hand>();
  private readonly cache: FileCache;
  private readonly folder: string;
  /** Resolves when a hand is free or the worker is to stop. */
  private wake = (): void => {};
  /** Until when it takes nothing, so that others get what this machine could not do. */
  private restsUntil = 0;

  constructor(
    private readonly queue: Queue,
    private readonly options: WorkerOptions,
  ) {
    mkdirSync(options.folder, { recursive: true });
    this.cache = new FileCache(join(options.folder, 'cache'), queue.files, options.cache);
    this.folder = mkdtempSync(join(options.folder, `pieces-${process.pid}-`));
  }

  async run(): Promise<void> {
    const { signal, threads } = this.options;
    const { postgres, name, lost, lease } = this.queue;
    signal.addEventListener('abort', () => this.wake());
    await this.sign();
    const every = Math.min(signEvery, (1000 * lease) / 3);
    let cleaned = performance.now();
    let signing: Promise<void> | undefined;
    const signs = setInterval(() => {
      const now = performance.now();
      const clean = now - cleaned > cleanEvery;
      if (clean) cleaned = now;
      signing ??= this.alive(clean).finally(() => (signing = undefined));
    }, every);
    try {
      while (!signal.aborted) {
        const free = performance.now() < this.restsUntil ? 0 : threads - this.hands.size;
        const jobs = free > 0 ? await this.fetch(name, free) : [];
        for (const job of jobs) {
          const controller = new AbortController();
          this.hands.set(job.id, { run: String(dataOf(job).run), controller });
          void this.do(job, controller.signal).finally(() => {
            this.hands.delete(job.id);
            this.wake();
          });
        }
        if (free > 0 && jobs.length === 0)
          for (const job of await this.fetch(lost, 1)) await this.setAside(job);
        const full = this.hands.size >= threads;
        if (full || jobs.length === 0) await this.pause(full ? undefined : idle);
      }
    } finally {
      clearInterval(signs);
      for (const { controller } of this.hands.values()) controller.abort();
      const held = [...this.hands.keys()];
      if (held.length > 0) await handBack(postgres, held);
      await postgres.query('delete from deepc.worker where id = $1', [this.id]);
      await signing?.catch(() => {});
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private async fetch(name: string, batchSize: number): Promise<Job[]> {
    return this.queue.postgres.boss.fetch<QueuedPiece>(name, { batchSize, includeMetadata: true });
  }

  /** @param ms at most; undefined: until a hand is free */
  private async pause(ms: number | undefined): Promise<void> {
    if (this.options.signal.aborted) return;
    await new Promise<void>((next) => {
      const timer = ms === undefined ? undefined : setTimeout(next, ms);
      this.wake = () => {
        clearTimeout(timer);
        next();
      };
    });
    this.wake = () => {};
  }

  private async do(job: Job, signal: AbortSignal): Promise<void> {
    const folder = join(this.folder, job.id);
    const data = dataOf(job);
    try {
      const { run, piece, engine } = data;
      if (typeof run !== 'string' || !/^[0-9a-f-]{36}$/.test(run) || !Number.isSafeInteger(piece)) {
        this.options.tell('refused: something in the queue is no piece of a run');
        return await this.queue.postgres.boss.complete(this.queue.name, job.id);
      }
      if (!(await this.goesOn(run))) {
        return await this.queue.postgres.boss.complete(this.queue.name, job.id);
      }
      const ready = this.understood(engine, data, folder);
      if (ready instanceof DeepCompressionError) return await this.answer(job, false, ready);
      try {
        mkdirSync(join(folder, 'out'), { recursive: true });
        for (const { sha256, path } of ready.files) await this.cache.place(sha256, path);
        const { result, files } = await ready.perform(signal);
        for (const { sha256, path } of files) await this.queue.files.put(run, sha256, path);
        const kept = files.map(({ name, sha256 }) => ({ name, sha256 }));
        await this.answer(job, true, { result, files: kept });
      } catch (error) {
        if (this.options.signal.aborted) return; // it is handed back
        if (signal.aborted) return await this.queue.postgres.boss.complete(this.queue.name, job.id);
        await this.failed(job, error);
      }
    } catch (error) {
      // the database refuses what is no question of patience: the lease ends, and another tries
      this.options.tell(error instanceof Error ? error.message : String(error));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private understood(
    engine: unknown,
    { job, input }: Partial<QueuedPiece>,
    folder: string,
  ): ReadyPiece | DeepCompressionError {
    if (engine !== this.queue.engine)
      return new DeepCompressionError(
        'invalid-input',
        `refused: the piece is for engine ${String(engine)}, not ${this.queue.engine}`,
      );
    try {
      return this.options.prepare(String(job), input, folder);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return new DeepCompressionError('invalid-input', `refused: ${why}`);
    }
  }

  private async goesOn(run: string): Promise<boolean> {
    const found = await this.queue.postgres.query(
      `select 1 from deepc.run where id = $1 and state <> 'cancelled'`,
      [run],
    );
    return found.length > 0;
  }

  private async failed(job: Job, error: unknown): Promise<void> {
    const line = error instanceof Error ? error.message : String(error);
    const { postgres, name } = this.queue;
    this.options.tell(`piece ${job.data.piece} of run ${job.data.run.slice(0, 8)}: ${line}`);
    // a full disk would fail one piece after another, each three times
    if ((error as { readonly code?: unknown }).code === 'io')
      this.restsUntil = performance.now() + 1000 * this.queue.lease;
    if (job.retryCount + 1 < mostTries) await postgres.boss.fail(name, job.id, { message: line });
    else await this.answer(job, false, new DeepCompressionError('io', line));
  }

  /** Writes down what came of a piece, unless that is known, and takes it out of the queue. */
  private async answer(job: Job, good: boolean, value: object): Promise<void> {
    const { postgres, name } = this.queue;
    const text = JSON.stringify(value instanceof Error ? { error: value.message } : value);
    await postgres.transaction(async (query, db) => {
      await this.note(query, job, good, text);
      await postgres.boss.complete(name, job.id, {}, { db });
    });
  }

  private async note(
    query: Queue['postgres']['query'],
    { data: { run, piece } }: Job,
    good: boolean,
    text: string,
  ): Promise<void> {
    await query(
      `insert into deepc.result (run, piece, good, value, machine)
       select id, $2, $3, $4, $5 from deepc.run
       where id = $1 and $2 >= 0 and $2 < pieces and state <> 'cancelled'
       on conflict (run, piece) do nothing`,
      [run, piece, good, text, this.options.name],
    );
  }

  /** A piece that cost its worker its life as often as it was tried. */
  private async setAside(job: Job): Promise<void> {
    const { postgres, lost } = this.queue;
    const error = `the worker that did it ended or was cut off, ${mostTries} times`;
    await postgres.transaction(async (query, db) => {
      await this.note(query, job, false, JSON.stringify({ error }));
      await postgres.boss.complete(lost, job.id, {}, { db });
    });
  }

  /** Says that it is there, keeps its pieces, stops those of cancelled runs, frees those of the dead. */
  private async alive(clean: boolean): Promise<void> {
    const { postgres } = this.queue;
    try {
      await this.sign();
      const held = [...this.hands.values()];
      if (held.length > 0) {
        await prolong(postgres, [...this.hands.keys()]);
        const runs = [...new Set(held.map(({ run }) => run))];
        const gone = await postgres.query(
          `select wanted.id::text from unnest($1::text[]) as wanted(id)
           left join deepc.run on run.id::text = wanted.id
           where run.id is null or run.state = 'cancelled'`,
          [runs],
        );
        for (const { id } of gone)
          for (const { run, controller } of held) if (run === id) controller.abort();
      }
      await postgres.boss.expire();
      if (clean) {
        await postgres.boss.maintain();
        await postgres.query(`delete from deepc.worker where seen < now() - interval '1 day'`);
      }
    } catch (error) {
      this.options.tell(error instanceof Error ? error.message : String(error));
    }
  }

  private async sign(): Promise<void> {
    const { id, hands } = this;
    const { name, threads } = this.options;
    await this.queue.postgres.query(
      `insert into deepc.worker (id, name, engine, threads, busy) values ($1, $2, $3, $4, $5)
       on conflict (id) do update set busy = excluded.busy, seen = now()`,
      [id, name, this.queue.engine, threads, hands.size],
    );
  }
}

/** Anybody may have written it. */
function dataOf({ data }: Job): Partial<QueuedPiece> {
  return typeof data === 'object' && data !== null ? data : {};
}
