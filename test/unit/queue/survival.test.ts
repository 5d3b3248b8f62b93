/**
 * What a run survives, on a real PostgreSQL with workers that are processes: whatever happens to them, to
 * the database and to the line between, every piece has one result, and it is the right one.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openQueue, type Queue } from '../../../src/queue/queue.ts';
import {
  cancelRun,
  failuresOf,
  listRuns,
  removeRun,
  startRun,
  watchRun,
  type SentPiece,
} from '../../../src/queue/runs.ts';
import { work } from '../../../src/queue/worker.ts';
import { TestPostgres, Wire, postgresPrograms } from './postgres.ts';

interface Role {
  readonly url: string;
  readonly engine: string;
  readonly lease: number;
}

const asWorker = process.env['DC_TEST_WORKER'];
const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A piece sleeps, and gives twice its number and what is in its file. */
interface Sleep {
  readonly ms: number;
  readonly number: number;
  readonly fails?: boolean;
}

async function beWorker({ url, engine, lease }: Role): Promise<void> {
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  const queue = await openQueue({
    url,
    engine,
    lease,
    store: undefined,
    tell,
    signal: stop.signal,
  });
  const folder = mkdtempSync(join(tmpdir(), 'deepc-test-worker-'));
  tell('working');
  await work(queue, {
    ...{
      threads: 2,
      name: `machine ${process.pid}`,
      folder,
      cache: 1e6,
      tell,
      signal: stop.signal,
    },
    prepare: (job, input, own) => {
      const { ms, number, fails, sha256 } = input as Sleep & { sha256?: string };
      if (job !== 'sleep' || !Number.isFinite(number)) throw new Error(`'${job}' is not done here`);
      const path = join(own, 'in');
      return {
        files: sha256 === undefined ? [] : [{ sha256, path }],
        perform: async (signal) => {
          for (let t = 0; t < ms && !signal.aborted; t += 20) await wait(20);
          if (signal.aborted) throw new Error('aborted');
          if (fails) throw new Error('this one always fails');
          const text = sha256 === undefined ? '' : readFileSync(path, 'utf8');
          return { result: { twice: 2 * number, text }, files: [] };
        },
      };
    },
  });
  rmSync(folder, { recursive: true, force: true });
  await queue.postgres.close();
}

if (asWorker !== undefined) await beWorker(JSON.parse(asWorker) as Role);
else if (postgresPrograms() === undefined)
  test('what a run survives', { skip: "Debian's postgresql is not installed" }, () => {});
else tests();

function tests(): void {
  let server: TestPostgres;
  let queue: Queue;
  let folder = '';
  const told: string[] = [];
  const workers: ChildProcess[] = [];
  const never = new AbortController().signal;
  const engine = 'test-1';
  const queueAt = (url: string, own = engine): Promise<Queue> =>
    openQueue({
      url,
      engine: own,
      store: undefined,
      lease: 2,
      tell: (l) => told.push(l),
      signal: never,
    });

  before(async () => {
    server = (await TestPostgres.start())!;
    queue = await queueAt(server.url());
    folder = mkdtempSync(join(tmpdir(), 'deepc-test-queue-'));
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) {
      worker.kill('SIGCONT');
      worker.kill('SIGKILL');
    }
    for (const { id } of await listRuns(queue.postgres)) await removeRun(queue.postgres, id);
    told.length = 0;
  });
  after(async () => {
    await queue.postgres.close();
    await server.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A worker process, and what it says. */
  async function worker({ url = server.url(), own = engine, command = '' } = {}): Promise<{
    child: ChildProcess;
    lines: () => string;
  }> {
    const role: Role = { url, engine: own, lease: 2 };
    const node = [process.execPath, fileURLToPath(import.meta.url)];
    const [program, ...args] =
      command === '' ? node : ['bash', '-c', `${command}; exec "$0" "$@"`, ...node];
    const child = spawn(program, args, {
      env: { ...process.env, DC_TEST_WORKER: JSON.stringify(role) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    workers.push(child);
    let said = '';
    child.stderr.on('data', (text) => (said += String(text)));
    for (let i = 0; i < 4000 && !said.includes('working'); i++) await wait(25);
    assert.match(said, /working/);
    return { child, lines: () => said };
  }

  const pieces = (count: number, ms = 60, more: object = {}): SentPiece[] =>
    Array.from({ length: count }, (_, number) => ({
      job: 'sleep',
      input: { ms, number, ...more },
      files: new Map(),
    }));

  const start = (of: readonly SentPiece[], on = queue): Promise<string> =>
    startRun(on, { title: 'test', spec: {}, pieces: of, count: of.length, signal: never });

  /** All results, by piece; each must come once. */
  async function results(id: string, on = queue): Promise<{ good: boolean; value: string }[]> {
    const all: { good: boolean; value: string }[] = [];
    await watchRun(
      on,
      id,
      ({ piece, good, value }) => {
        assert.equal(all[piece], undefined, `piece ${piece} came twice`);
        all[piece] = { good, value };
      },
      () => {},
      never,
    );
    return all;
  }

  function checkAll(all: readonly { good: boolean; value: string }[], count: number): void {
    assert.equal(all.length, count);
    all.forEach(({ good, value }, piece) => {
      assert.ok(good, value);
      assert.equal((JSON.parse(value) as { result: { twice: number } }).result.twice, 2 * piece);
    });
  }

  /** Until so many results are there. */
  async function until(id: string, done: number): Promise<void> {
    for (let i = 0; i < 4000; i++) {
      const run = (await listRuns(queue.postgres)).find((r) => r.id === id);
      if (run && run.done >= done) return;
      await wait(25);
    }
    assert.fail('the run does not go on');
  }

  /** Until so many of a run's pieces are under way. */
  async function begun(id: string, count: number): Promise<void> {
    for (let i = 0; i < 4000; i++) {
      const active = await queue.postgres.query(
        `select 1 from deepc_boss.job where data->>'run' = $1 and state = 'active'`,
        [id],
      );
      if (active.length === count) return;
      await wait(25);
    }
    assert.fail('the pieces are not begun');
  }

  test('workers that are killed in the middle of a piece, all of them for a while', async () => {
    const first = await worker();
    const second = await worker();
    const id = await start(pieces(24, 80));
    await until(id, 3);
    first.child.kill('SIGKILL');
    await until(id, 6);
    second.child.kill('SIGKILL');
    await wait(300);
    await worker();
    checkAll(await results(id), 24);
  });

  test('a worker that is frozen past its lease and comes back: its late result is not a second one', async () => {
    const frozen = await worker();
    const id = await start(pieces(2, 600));
    await begun(id, 2);
    frozen.child.kill('SIGSTOP');
    await worker();
    checkAll(await results(id), 2);
    frozen.child.kill('SIGCONT');
    await wait(700);
    const [{ count }] = await queue.postgres.query(
      'select count(*) from deepc.result where run = $1',
      [id],
    );
    assert.equal(Number(count), 2);
    assert.equal(frozen.child.exitCode, null, frozen.lines());
  });

  test('a database that is ended and started again', async () => {
    const { lines } = await worker();
    const id = await start(pieces(20, 60));
    await until(id, 4);
    const rest = results(id);
    await server.down();
    await wait(800);
    await server.up();
    checkAll(await rest, 20);
    assert.match(lines(), /does not answer .*: trying again\n[^]*answers again/);
    assert.ok(told.some((line) => line.includes('answers again')));
  });

  test('a line to the database that is cut for ten seconds', async () => {
    const wire = await Wire.to(server.port);
    const { lines } = await worker({ url: server.url(wire.port) });
    const id = await start(pieces(16, 100));
    await until(id, 2);
    wire.cut();
    await wait(10_000);
    wire.mend();
    checkAll(await results(id), 16);
    assert.match(lines(), /answers again/);
    wire.close();
  });

  test('a worker that is told to stop hands back what it has, and it is no try of the piece', async () => {
    const { child, lines } = await worker();
    const id = await start(pieces(2, 60_000));
    await begun(id, 2);
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    assert.equal(await gone, 0, lines());
    const waiting = await queue.postgres.boss.fetch(queue.name, {
      ...{ batchSize: 5, includeMetadata: true },
    });
    assert.deepEqual(
      waiting.map(({ retryCount }) => retryCount),
      [0, 0],
    );
    await cancelRun(queue.postgres, id);
  });

  test('a piece that always fails is set aside after three tries, with its line, and the rest goes on', async () => {
    const { lines } = await worker();
    const id = await start([...pieces(3), ...pieces(1, 10, { fails: true }), ...pieces(2)]);
    const all = await results(id);
    assert.deepEqual(
      all.map(({ good }) => good),
      [true, true, true, false, true, true],
    );
    assert.equal(lines().split('this one always fails').length - 1, 3);
    const [failure] = await failuresOf(queue.postgres, id, 5);
    assert.equal(failure.error, 'this one always fails');
    assert.match(failure.machine, /^machine \d+$/);
  });

  test('a piece that costs every worker its life is set aside too', async () => {
    const id = await start(pieces(1, 60_000));
    for (let tries = 0; tries < 3; tries++) {
      const { child } = await worker();
      await begun(id, 1);
      child.kill('SIGKILL');
      await wait(2100); // its lease
      await queue.postgres.boss.expire();
    }
    await worker();
    const [{ good, value }] = await results(id);
    assert.ok(!good);
    assert.match(value, /ended or was cut off, 3 times/);
  });

  test('what somebody else writes into the queue is refused in one line, and hurts nobody', async () => {
    const { lines } = await worker();
    const id = await start(pieces(4, 400));
    const { boss } = queue.postgres;
    const good = { run: id, piece: 0, engine, job: 'sleep', input: { ms: 1, number: 0 } };
    await boss.insert(
      [
        'text' as never,
        { run: 'x; drop table', piece: 0 },
        { run: '00000000-0000-0000-0000-000000000000', piece: 0, engine, job: 'sleep' },
        { ...good, piece: 99 },
        { ...good, piece: 1, job: 'rm' },
        { ...good, piece: 2, engine: 'other' },
      ].map((data: object) => ({ name: queue.name, data, priority: 1 })),
    );
    const all = await results(id);
    assert.equal(all.length, 4);
    assert.match(lines(), /refused: something in the queue is no piece of a run/);
    const lost = all.filter((result) => !result.good).map(({ value }) => value);
    assert.ok(
      lost.every((value) => value.includes('refused: ')),
      lost.join(),
    );
    await worker();
    checkAll(await results(await start(pieces(3))), 3);
  });

  test('two starters at once, each with files of which some are the same', async () => {
    const path = (name: string): string => {
      const file = join(folder, name);
      writeFileSync(file, name.repeat(1000));
      return file;
    };
    const withFile =
      (name: string) =>
      (piece: SentPiece, number: number): SentPiece => {
        const text = number % 2 === 0 ? 'both' : name;
        const file = path(text);
        const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
        return { ...piece, input: { ...piece.input, sha256 }, files: new Map([[sha256, file]]) };
      };
    await worker();
    await worker();
    const other = await queueAt(server.url());
    const [a, b] = await Promise.all([
      start(pieces(10, 5).map(withFile('a'))),
      start(pieces(10, 5).map(withFile('b')), other),
    ]);
    const [ofA, ofB] = await Promise.all([results(a), results(b, other)]);
    checkAll(ofA, 10);
    checkAll(ofB, 10);
    assert.match(ofB[1].value, /bbbb/);
    await removeRun(queue.postgres, a);
    const left = await queue.postgres.query('select sha256 from deepc.file');
    assert.equal(left.length, 2, 'what another run uses stays');
    await removeRun(queue.postgres, b);
    assert.equal((await queue.postgres.query('select sha256 from deepc.part')).length, 0);
    await other.postgres.close();
  });

  test('a worker whose disk is full says so, and another does its piece', async () => {
    const file = join(folder, 'large');
    writeFileSync(file, 'x'.repeat(100_000));
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    const full = await worker({ command: `trap '' XFSZ; ulimit -f 10` });
    const files = new Map([[sha256, file]]);
    const id = await start([{ job: 'sleep', input: { ms: 5, number: 0, sha256 }, files }]);
    for (let i = 0; i < 4000 && !full.lines().includes('cannot write'); i++) await wait(20);
    assert.match(full.lines(), /piece 0 of run .*: cannot write /);
    await worker();
    checkAll(await results(id), 1);
    assert.equal(
      full.lines().split('piece 0').length - 1,
      1,
      'it rests, so that others get pieces',
    );
  });

  test('a run that is cancelled stops on its workers, and nobody begins its pieces', async () => {
    await worker();
    const id = await start(pieces(6, 60_000));
    await begun(id, 2);
    await cancelRun(queue.postgres, id);
    await assert.rejects(results(id), /was cancelled/);
    checkAll(await results(await start(pieces(4))), 4); // its hands are free again
  });

  test('workers of another engine leave pieces alone', async () => {
    await worker({ own: 'test-2' });
    const id = await start(pieces(2, 5));
    await wait(700);
    assert.equal((await listRuns(queue.postgres))[0].done, 0);
    await worker();
    checkAll(await results(id), 2);
  });

  test('a wrong password, no such host and no TLS are one line each that says what to do', async () => {
    const wrong = server.url().replace('secret', 'guess');
    await assert.rejects(queueAt(wrong), /refuses this user or password: give it in PGPASSWORD/);
    await assert.rejects(
      queueAt('postgres://deepc@127.0.0.1:1/x'),
      /x on 127\.0\.0\.1:1: .*REFUSED/,
    );
    await assert.rejects(queueAt('redis://127.0.0.1'), /a queue is a database: postgres:/);
    const strict = server.url(server.port, '?sslmode=verify-full');
    await assert.rejects(queueAt(strict), /no TLS as asked for .*sslrootcert/);
    for (const error of [wrong, strict])
      await queueAt(error).catch((e: Error) => assert.doesNotMatch(e.message, /guess|secret/));
    const trusted = `${strict}&sslrootcert=${server.certificate}`;
    const secure = await queueAt(trusted);
    const [{ ssl }] = await secure.postgres.query(
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    );
    assert.equal(ssl, true);
    await secure.postgres.close();
  });
}
