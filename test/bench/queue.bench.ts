/**
 * The queue: what it costs beside this machine's own runner (the same build, the same pieces, two processes
 * either way), and how it schedules pieces that only sleep. Ratios against the named baseline of the same
 * run; DC_PIECES and DC_WORKERS change the size of the second part.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { setMaxListeners } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openQueue } from '../../src/queue/queue.ts';
import { startRun, watchRun, type SentPiece } from '../../src/queue/runs.ts';
import { work } from '../../src/queue/worker.ts';
import { smallModel } from '../unit/engine/support.ts';
import { TestPostgres } from '../unit/queue/postgres.ts';

const self = fileURLToPath(import.meta.url);
const cli = join(dirname(self), 'cli.js');
const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const pieceMs = 5;
const perProcess = 16;

interface Role {
  readonly url: string;
  readonly workers: number;
}

/** Many workers in one process: they only sleep. */
async function sleepers({ url, workers }: Role): Promise<void> {
  const tell = (): void => {};
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  await Promise.all(
    Array.from({ length: workers }, async (_, i) => {
      const queue = await openQueue({
        url,
        engine: 'sleep',
        store: undefined,
        tell,
        signal,
      });
      await work(queue, {
        ...{ threads: 1, name: `sleeper ${i}`, cache: 1e6, tell, signal },
        folder: mkdtempSync(join(tmpdir(), 'deepc-sleeper-')),
        prepare: (_job, input) => ({
          files: [],
          perform: async () => {
            const began = Date.now();
            await wait(pieceMs);
            return { result: { began, number: (input as { number: number }).number }, files: [] };
          },
        }),
      });
      await queue.postgres.close();
    }),
  );
}

function seconds(args: readonly string[], cwd: string): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return (performance.now() - start) / 1000;
}

async function againstThisMachine(server: TestPostgres, folder: string): Promise<void> {
  mkdirSync(join(folder, 'models'));
  for (let i = 0; i < 200; i++)
    writeFileSync(join(folder, `models/${i}.onnx`), smallModel({ seed: i, hidden: 256 }));
  const nine = (name: string, values: readonly number[]) => [
    '--axis',
    `${name}=${values.join(',')}`,
  ];
  const sweep = [
    ...['sweep', 'workload:alex-7', '--threads', '2'],
    ...nine('pe', [1, 2, 4, 8, 16, 32, 64, 128, 256]),
    ...nine('fifo', [2, 4, 8, 16, 32, 64, 128, 256, 512]),
  ];
  const batch = (out: string) => ['batch', 'models/*.onnx', '--out', out, '--threads', '2'];
  const own = { sweep: seconds(sweep, folder), batch: seconds(batch('here'), folder) };
  const env = { ...process.env, DEEPC_QUEUE: server.url() };
  const workers: ChildProcess[] = [1, 2].map((i) =>
    spawn(
      process.execPath,
      [cli, 'worker', '--threads', '1', '--cache', join(folder, `cache${i}`)],
      {
        ...{ env, stdio: 'ignore' },
      },
    ),
  );
  await wait(5000);
  const over = ['--queue', server.url()];
  const queued = {
    sweep: seconds([...sweep, ...over], folder),
    batch: seconds([...batch('there'), ...over], folder),
  };
  for (const worker of workers) worker.kill('SIGTERM');
  for (const what of ['sweep', 'batch'] as const)
    console.log(
      `${what.padEnd(8)} here ${own[what].toFixed(1)} s, two workers ${queued[what].toFixed(1)} s: ${(own[what] / queued[what]).toFixed(2)} of this machine's throughput (asked: 0.9)`,
    );
}

async function scheduling(server: TestPostgres): Promise<void> {
  const count = Number(process.env['DC_PIECES'] ?? 100_000);
  const workers = Number(process.env['DC_WORKERS'] ?? 64);
  const never = new AbortController().signal;
  const queue = await openQueue({
    url: server.url(),
    engine: 'sleep',
    store: undefined,
    tell: console.log,
    signal: never,
  });
  const processes = Array.from({ length: Math.ceil(workers / perProcess) }, (_, i) => {
    const role: Role = {
      url: server.url(),
      workers: Math.min(perProcess, workers - i * perProcess),
    };
    return spawn(process.execPath, [self], {
      env: { ...process.env, DC_SLEEPERS: JSON.stringify(role) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  });
  for (let ready = 0; ready < workers; await wait(200)) {
    const [row] = await queue.postgres.query('select count(*) from deepc.worker');
    ready = Number(row['count']);
  }
  function* pieces(): Generator<SentPiece> {
    for (let number = 0; number < count; number++)
      yield { job: 'sleep', input: { number }, files: new Map() };
  }
  const start = performance.now();
  const id = await startRun(queue, {
    title: 'sleep',
    spec: {},
    pieces: pieces(),
    count,
    signal: never,
  });
  const sent = (performance.now() - start) / 1000;
  let most = 0;
  await watchRun(
    queue,
    id,
    () => {
      most = Math.max(most, process.memoryUsage.rss());
    },
    () => {},
    never,
  );
  const all = (performance.now() - start) / 1000;
  const [size] = await queue.postgres.query('select pg_database_size(current_database()) as bytes');
  // from when a worker was last free to when a piece began is what the queue costs it
  const rows = await queue.postgres.query(
    'select machine, value from deepc.result where run = $1',
    [id],
  );
  const begins = new Map<string, number[]>();
  for (const { machine, value } of rows) {
    const { began } = (JSON.parse(String(value)) as { result: { began: number } }).result;
    const of = begins.get(String(machine)) ?? [];
    of.push(began);
    begins.set(String(machine), of);
  }
  const gaps = [...begins.values()].flatMap((of) => {
    const sorted = of.sort((a, b) => a - b);
    return sorted.slice(1).map((began, i) => began - sorted[i] - pieceMs);
  });
  gaps.sort((a, b) => a - b);
  const at = (share: number): number => gaps[Math.floor(share * (gaps.length - 1))];
  console.log(
    `${count} pieces of ${pieceMs} ms, ${workers} workers: sent ${Math.round(count / sent)} a second, done ${Math.round(count / all)} a second; between two pieces of a worker ${at(0.5)} ms (median), ${at(0.99)} ms (99th percentile); database ${(Number(size['bytes']) / 1e6).toFixed(0)} MB; starter ${(most / 1e6).toFixed(0)} MB (asked at 10,000 pieces: below 200)`,
  );
  for (const child of processes) child.kill('SIGKILL');
  await queue.postgres.close();
}

const role = process.env['DC_SLEEPERS'];
if (role !== undefined) await sleepers(JSON.parse(role) as Role);
else {
  const server = await TestPostgres.start();
  if (!server) throw new Error("install Debian's postgresql");
  const folder = mkdtempSync(join(tmpdir(), 'deepc-bench-'));
  try {
    if (process.env['DC_ONLY'] !== 'scheduling') await againstThisMachine(server, folder);
    if (process.env['DC_ONLY'] !== 'machine') await scheduling(server);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.remove();
  }
}
