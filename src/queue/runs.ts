/**
 * Runs as whoever starts, watches and ends them sees them. A run is there from its first piece on, and
 * outlives its starter; its results wait until they are taken.
 */
import { randomUUID } from 'node:crypto';
import { DeepCompressionError } from '../model/errors.ts';
import { dropUnused } from './files.ts';
import type { Queue, QueuedPiece } from './queue.ts';
import type { Postgres, Row } from './postgres.ts';

/** A piece as it is sent: its job, its input without paths, and where the files of that are. */
export interface SentPiece {
  readonly job: string;
  readonly input: object;
  readonly files: ReadonlyMap<string, string>;
}

/** One that cannot be sent. */
export interface UnsentPiece {
  readonly error: string;
}

export interface NewRun {
  readonly title: string;
  /** Plain JSON, for whoever takes the results. */
  readonly spec: object;
  /** Made one after another, as they are sent. */
  readonly pieces: Iterable<SentPiece | UnsentPiece>;
  readonly count: number;
  readonly signal: AbortSignal;
}

export interface RunState {
  readonly id: string;
  readonly title: string;
  readonly engine: string;
  readonly state: string;
  readonly pieces: number;
  readonly done: number;
  readonly failed: number;
  readonly made: Date;
}

/** A result as it came, once a piece. */
export interface Arrived {
  readonly piece: number;
  /** Whether `value` is a result; else it is why there is none. */
  readonly good: boolean;
  /** JSON. */
  readonly value: string;
  readonly machine: string;
}

export interface RunProgress {
  readonly done: number;
  readonly pieces: number;
  /** Workers of the run's engine that were heard of just now, and of others. */
  readonly machines: number;
  readonly others: number;
  /** Pieces a second, lately; 0 when none came. */
  readonly rate: number;
}

/** Pieces that are sent in one statement. */
const together = 200;
/** Milliseconds between two looks at a run. */
const lookEvery = 250;
/** Seconds after which a worker that says nothing is not counted. */
const silence = 15;
/** Numbers are given before a result is there for others to see: so many back are looked at again. */
const overlap = 500;
/** Seconds over which the rate is taken. */
const rateOver = 30;

/** @returns the run's id */
export async function startRun(queue: Queue, run: NewRun): Promise<string> {
  const { postgres, engine, lease, name, files } = queue;
  const id = randomUUID();
  await postgres.query(
    `insert into deepc.run (id, title, engine, spec, pieces, state)
     values ($1, $2, $3, $4, $5, 'begun') on conflict (id) do nothing`,
    [id, run.title, engine, JSON.stringify(run.spec), run.count],
  );
  try {
    let next: QueuedPiece[] = [];
    let piece = 0;
    const send = async (): Promise<void> => {
      const jobs = next.map((data) => ({ name, data, id: randomUUID(), expireInSeconds: lease }));
      next = [];
      // sent twice where an answer was lost: the ids are the same, and the second is ignored
      if (jobs.length > 0) await postgres.boss.insert(jobs);
    };
    const put = new Set<string>();
    for (const sent of run.pieces) {
      if (run.signal.aborted) throw new DeepCompressionError('cancelled', 'cancelled');
      if ('error' in sent) {
        await postgres.query(
          `insert into deepc.result (run, piece, good, value, machine)
           values ($1, $2, false, $3, '') on conflict (run, piece) do nothing`,
          [id, piece++, JSON.stringify(sent)],
        );
        continue;
      }
      const { job, input, files: own } = sent;
      for (const [sha256, path] of own) {
        if (put.has(sha256)) continue;
        await files.put(id, sha256, path);
        put.add(sha256);
      }
      next.push({ run: id, piece: piece++, engine, job, input });
      if (next.length >= together) await send();
    }
    await send();
    await postgres.query(`update deepc.run set state = 'sent' where id = $1 and state = 'begun'`, [
      id,
    ]);
    return id;
  } catch (error) {
    await removeRun(postgres, id).catch(() => {});
    throw error;
  }
}

/**
 * Tells every result once, and how the run is going, until all are there.
 * @throws DeepCompressionError `not-found` without such a run, `cancelled` when it is cancelled anywhere
 */
export async function watchRun(
  { postgres: { query }, engine }: Queue,
  id: string,
  onResult: (result: Arrived) => Promise<void> | void,
  onProgress: (progress: RunProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const pieces = (await runOf(query, id)).pieces;
  const known = new Uint8Array(pieces);
  const times: number[] = [];
  let done = 0;
  let last = 0;
  const take = async (rows: readonly Row[]): Promise<void> => {
    for (const row of rows) {
      const piece = Number(row['piece']);
      last = Math.max(last, Number(row['number']));
      if (known[piece] !== 0) continue;
      const [found] = await query(
        'select good, value, machine from deepc.result where run = $1 and piece = $2',
        [id, piece],
      );
      if (!found) continue;
      const { good, value, machine } = found as Omit<Arrived, 'piece'> & Row;
      await onResult({ piece, good, value, machine });
      known[piece] = 1;
      done++;
      times.push(performance.now());
    }
  };
  for (;;) {
    if (signal.aborted) throw new DeepCompressionError('cancelled', 'cancelled');
    const rows = await query(
      `select piece, number from deepc.result where run = $1 and number > $2 order by number`,
      [id, last - overlap],
    );
    await take(rows);
    const [counts] = await query(
      `select (select state from deepc.run where id = $1) as state,
         (select count(*) from deepc.worker
          where engine = $2 and seen > now() - $3 * interval '1 s') as machines,
         (select count(*) from deepc.worker
          where engine <> $2 and seen > now() - $3 * interval '1 s') as others`,
      [id, engine, silence],
    );
    if (counts['state'] === null || counts['state'] === 'cancelled')
      throw new DeepCompressionError('cancelled', `run ${id} was cancelled`);
    const from = performance.now() - 1000 * rateOver;
    while (times.length > 0 && times[0] < from) times.shift();
    const over = times.length > 1 ? (times.at(-1)! - times[0]) / 1000 : 0;
    onProgress({
      ...{ done, pieces, machines: Number(counts['machines']), others: Number(counts['others']) },
      rate: over > 0 ? (times.length - 1) / over : 0,
    });
    if (done === pieces) return;
    await new Promise((next) => setTimeout(next, lookEvery));
  }
}

/** What a run was started for. @throws DeepCompressionError `not-found` */
export async function specOf(
  { query }: Postgres,
  id: string,
): Promise<RunState & { spec: unknown }> {
  const run = await runOf(query, id);
  const [row] = await query('select spec from deepc.run where id = $1', [run.id]);
  return { ...run, spec: JSON.parse(String(row['spec'])) as unknown };
}

const stateOf = `select r.id, r.title, r.engine, r.state, r.pieces, r.made,
    (select count(*) from deepc.result where run = r.id) as done,
    (select count(*) from deepc.result where run = r.id and not good) as failed
  from deepc.run r`;

/** The newest first. */
export async function listRuns({ query }: Postgres): Promise<RunState[]> {
  return (await query(`${stateOf} order by r.made desc`)).map(runState);
}

export interface Failure {
  readonly piece: number;
  readonly machine: string;
  readonly error: string;
}

/** The first pieces of a run that were set aside, and where. */
export async function failuresOf(
  { query }: Postgres,
  id: string,
  most: number,
): Promise<Failure[]> {
  const rows = await query(
    `select piece, machine, value from deepc.result where run = $1 and not good order by piece limit $2`,
    [id, most],
  );
  return rows.map(({ piece, machine, value }) => ({
    piece: Number(piece),
    machine: String(machine),
    error: (JSON.parse(String(value)) as UnsentPiece).error,
  }));
}

async function runOf(query: Postgres['query'], id: string): Promise<RunState> {
  const found = await query(`${stateOf} where r.id::text like $1 || '%'`, [id]);
  if (found.length === 1) return runState(found[0]);
  throw new DeepCompressionError(
    'not-found',
    found.length === 0 ? `no run ${id}: deepc runs lists them` : `several runs begin with ${id}`,
  );
}

/** Its pieces are not begun any more, those under way are stopped. */
export async function cancelRun({ query }: Postgres, id: string): Promise<void> {
  await query(`update deepc.run set state = 'cancelled' where id = $1`, [
    (await runOf(query, id)).id,
  ]);
}

/** Takes it and what only it uses out of the database; pieces that still wait are dropped by workers. */
export async function removeRun({ transaction }: Postgres, id: string): Promise<void> {
  await transaction(async (query) => {
    await query('delete from deepc.run where id = $1', [id]);
    await dropUnused(query);
  });
}

function runState(row: Row): RunState {
  const { id, title, engine, state, made } = row as unknown as RunState;
  const { pieces, done, failed } = row;
  return {
    ...{ id, title, engine, state, made },
    ...{ pieces: Number(pieces), done: Number(done), failed: Number(failed) },
  };
}
