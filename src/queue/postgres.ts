/**
 * PostgreSQL with pg-boss on it, and patience: a statement that meets a lost connection, a server that
 * starts again or one that does not answer is repeated, so every statement here can be. Both packages are
 * found when a queue is first asked for; nothing of them is in a bundle.
 *
 * Limits: pg-boss 10, the last that runs on Node 20 (docs/decisions.md). Its table is touched in two
 * places: the index below, and leases (lease.ts).
 */
import { createRequire } from 'node:module';
import type PgBoss from 'pg-boss';
import { DeepCompressionError } from '../model/errors.ts';
import { schemaStatements } from './schema.ts';

export type Row = Readonly<Record<string, unknown>>;

/** What is used of the package pg, which pg-boss brings. */
interface Client {
  on(event: 'error', listener: () => void): void;
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: Row[] }>;
  release(error?: boolean): void;
}
interface Pool {
  connect(): Promise<Client>;
  end(): Promise<void>;
  on(event: 'error', listener: () => void): void;
  on(event: 'connect', listener: (client: Client) => void): void;
}

export interface Postgres {
  readonly boss: PgBoss;
  /** Of a statement that may be repeated. */
  query(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** All statements or none; the work may be done several times. */
  transaction<T>(work: (query: Query, db: PgBoss.Db) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
export type Query = (text: string, values?: readonly unknown[]) => Promise<Row[]>;

export interface PostgresOptions {
  /** postgres://USER@HOST/DATABASE; `sslmode` and `sslrootcert` as libpq has them. */
  readonly url: string;
  /** Told a line when the database is lost, and when it is back. */
  readonly tell: (line: string) => void;
  readonly connections?: number;
  readonly signal?: AbortSignal;
}

export const bossVersion = '10.4.2';
const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
/** Milliseconds: an answer that takes longer is a connection that is cut. */
const longestAnswer = 60_000;
const longestConnecting = 10_000;
const longestPause = 3000;

/** @throws DeepCompressionError what keeps it from being used; at the start nothing is repeated */
export async function openPostgres(options: PostgresOptions): Promise<Postgres> {
  const { url, tell, connections = 3, signal } = options;
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new DeepCompressionError(
      'invalid-input',
      'a queue is a database: postgres://USER@HOST/DATABASE',
    );
  const { Boss, pool } = load(url, connections);
  // a lost connection is told to its statement; without one, the next statement gets another connection
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  let lost = false;
  const patiently = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    for (let pause = 100; ; pause = Math.min(longestPause, 2 * pause)) {
      try {
        const done = await withClient(pool, work);
        if (lost) tell('the database answers again');
        lost = false;
        return done;
      } catch (error) {
        if (!isPassing(error) || signal?.aborted) throw plain(error, url);
        if (!lost) tell(`the database does not answer (${lineOf(error)}): trying again`);
        lost = true;
        await wait(pause);
      }
    }
  };
  const query: Query = (text, values) =>
    patiently(async (client) => (await client.query(text, values)).rows);
  try {
    await withClient(pool, (client) => client.query('select 1'));
    const db = {
      executeSql: async (text: string, values?: unknown[]) => ({ rows: await query(text, values) }),
    };
    const boss = new Boss({ db, schema: 'deepc_boss', schedule: false, supervise: false });
    boss.on('error', (error) => tell(lineOf(error)));
    await alone(pool, () => boss.start(), query);
    return {
      boss,
      query,
      transaction: (work) =>
        patiently(async (client) => {
          await client.query('begin');
          try {
            const run: Query = async (text, values) => (await client.query(text, values)).rows;
            const done = await work(run, {
              executeSql: async (text, values) => ({ rows: await run(text, values) }),
            });
            await client.query('commit');
            return done;
          } catch (error) {
            await client.query('rollback').catch(() => {});
            throw error;
          }
        }),
      close: async () => {
        await boss.stop({ graceful: false, wait: false }).catch(() => {});
        await pool.end().catch(() => {});
      },
    };
  } catch (error) {
    await pool.end().catch(() => {});
    throw plain(error, url);
  }
}

function load(url: string, max: number): { Boss: typeof PgBoss; pool: Pool } {
  try {
    const own = createRequire(import.meta.url);
    const Boss = own('pg-boss') as typeof PgBoss;
    const beside = createRequire(own.resolve('pg-boss'));
    const { Pool } = beside('pg') as { readonly Pool: new (options: object) => Pool };
    const pool = new Pool({
      ...{ connectionString: url, max, application_name: 'deepc', keepAlive: true },
      ...{ query_timeout: longestAnswer, connectionTimeoutMillis: longestConnecting },
    });
    return { Boss, pool };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND')
      throw new DeepCompressionError(
        'not-found',
        `a queue needs the package pg-boss, which is not installed: npm install pg-boss@${bossVersion} where deepc is installed`,
      );
    throw plain(error, url);
  }
}

async function withClient<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    const done = await work(client);
    broken = false;
    return done;
  } catch (error) {
    broken = isPassing(error);
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Makes the tables there are to be, by one program at a time. */
async function alone(pool: Pool, start: () => Promise<unknown>, query: Query): Promise<void> {
  await withClient(pool, async (client) => {
    await client.query("select pg_advisory_lock(hashtext('deepc'))");
    try {
      await start();
      for (const statement of schemaStatements) await query(statement);
    } finally {
      await client.query("select pg_advisory_unlock(hashtext('deepc'))").catch(() => {});
    }
  });
}

/** Classes of SQLSTATE and codes of sockets that the same statement may not meet again. */
const passing =
  /^(08|57P0[1-5]|53300|40001|40P01|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN)/;

function isPassing(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'string') return passing.test(code);
  return /terminated|timeout|not queryable|ended/i.test(String(message));
}

function lineOf(error: unknown): string {
  // several addresses of one host fail with one error each, and no message
  const { errors } = error as { readonly errors?: readonly unknown[] };
  const one = errors?.[0] ?? error;
  return one instanceof Error ? one.message.split('\n')[0] : String(one);
}

/** One line that says what to do; never the password. */
function plain(error: unknown, url: string): Error {
  if (error instanceof DeepCompressionError) return error;
  const { code } = error as { readonly code?: unknown };
  const where = hostOf(url);
  const line = lineOf(error);
  if (code === '28P01' || code === '28000')
    return new DeepCompressionError(
      'invalid-input',
      `${where} refuses this user or password: give it in PGPASSWORD, or in the URL`,
    );
  if (/SSL|certificate|self-signed/i.test(line))
    return new DeepCompressionError(
      'invalid-input',
      `${where}: no TLS as asked for (${line}): see sslmode and sslrootcert in docs/machines.md`,
    );
  if (/password must be a string|no password/i.test(line))
    return new DeepCompressionError(
      'invalid-input',
      `${where} wants a password: give it in PGPASSWORD, or in the URL`,
    );
  return new DeepCompressionError('io', `${where}: ${line}`);
}

function hostOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `the database ${pathname.slice(1)} on ${hostname}${port === '' ? '' : `:${port}`}`;
  } catch {
    return 'the database';
  }
}
