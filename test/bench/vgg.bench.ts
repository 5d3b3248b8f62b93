/**
 * The product end to end on a model of VGG-16's shape (552 MB, seeded): index, inspect, compress
 * with verification stage by stage, decompress, and the sizes against named baselines. Each step is
 * a process of its own, so that its peak memory is its own.
 *   npm run bench vgg [-- --threads 2] [--preset eie] [--seed 1]
 * DEEPC_BENCH_FOLDER: where the model is kept (default: the system's folder for temporary files).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, openSync, closeSync, readSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EngineClient } from '../../src/engine/client.ts';
import { threadHost } from '../../src/engine/node/job-host.ts';
import { allJobs } from '../../src/engine/jobs/all.ts';
import type { Progress } from '../../src/engine/protocol.ts';
import { openOnnx } from '../../src/model/onnx/open.ts';
import { externalResolver } from '../../src/platform/external.ts';
import { openFile } from '../../src/platform/files.ts';
import { cachedVgg, vggParameters } from './vgg-model.ts';

const self = fileURLToPath(import.meta.url);
const { values: options } = parseArgs({
  options: {
    step: { type: 'string' },
    threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    preset: { type: 'string', default: 'deep-compression' },
    seed: { type: 'string', default: '1' },
  },
});
const folder = process.env['DEEPC_BENCH_FOLDER'] ?? join(tmpdir(), 'deepc-bench');
const threads = Number(options.threads);
const path = cachedVgg(folder, Number(options.seed));
const packed = join(folder, 'vgg16.dcz');
const restored = join(folder, 'vgg16.restored.onnx');

interface Measured {
  readonly seconds: number;
  /** Processor seconds of all threads. */
  readonly cpu: number;
  readonly peak: number;
  readonly stages: Readonly<Record<string, number>>;
  readonly result: unknown;
}

const steps: Record<string, (onProgress: (p: Progress) => void) => unknown> = {
  index: () => {
    const source = openFile(path);
    const model = openOnnx(path, source, externalResolver(path));
    return { tensors: model.tensors.length };
  },
  inspect: (onProgress) =>
    jobs().inspect({ file: { path }, statistics: true, threads }, never, onProgress),
  compress: (onProgress) =>
    jobs().compress(
      { file: { path }, out: packed, overwrite: true, recipe: options.preset, seed: 1, threads },
      never,
      onProgress,
    ),
  decompress: (onProgress) =>
    jobs().decompress(
      { file: { path: packed }, out: restored, overwrite: true, threads },
      never,
      onProgress,
    ),
  cancel: cancelled,
};
/** As the extension works: everything in the worker, this thread only listens. */
async function cancelled(): Promise<unknown> {
  const client = new EngineClient(threadHost(workerFile));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const run = (controller: AbortController, stop: (p: Progress) => boolean): Promise<number> => {
    let asked = 0;
    const input = { file: { path }, out: packed, overwrite: true, seed: 1, threads };
    return client
      .run(
        'compress',
        { ...input, recipe: options.preset },
        {
          signal: controller.signal,
          onProgress: (p) => {
            if (asked > 0 || !stop(p)) return;
            asked = performance.now();
            controller.abort();
          },
        },
      )
      .then(
        () => NaN,
        () => performance.now() - asked,
      );
  };
  delay.enable();
  const stages = ['analyse', 'count', 'encode', 'verify'];
  const ms: Record<string, number> = {};
  for (const stage of stages)
    ms[stage] = Math.round(await run(new AbortController(), (p) => p.stage === stage));
  delay.disable();
  await client.dispose();
  return { cancelMs: ms, hostDelayMs: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 } };
}

const never = new AbortController().signal;
const workerFile = fileURLToPath(new URL('./worker.js', import.meta.url));
const jobs = () => allJobs({ workerFile });

if (options.step !== undefined) {
  // In the child: one step, its stages timed by the progress it reports.
  const stages: Record<string, number> = {};
  const start = performance.now();
  let stage = 'start';
  let since = start;
  const turn = (next: string): void => {
    const now = performance.now();
    stages[stage] = (stages[stage] ?? 0) + (now - since) / 1000;
    stage = next;
    since = now;
  };
  const result = await steps[options.step]((p) => turn(p.stage));
  turn('end');
  const measured: Measured = {
    seconds: (performance.now() - start) / 1000,
    cpu: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    peak: process.resourceUsage().maxRSS * 1024,
    stages,
    result: options.step === 'inspect' ? null : result,
  };
  console.log(JSON.stringify(measured));
} else {
  report();
}

function measure(step: string): Measured {
  const args = [
    self,
    '--step',
    step,
    '--threads',
    String(threads),
    '--preset',
    options.preset,
    '--seed',
    options.seed,
  ];
  const run = spawnSync(process.execPath, ['--enable-source-maps', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (run.status !== 0) throw new Error(`${step} failed (exit ${run.status})`);
  return JSON.parse(run.stdout) as Measured;
}

function report(): void {
  const bytes = statSync(path).size;
  console.log(`${path}: ${bytes} bytes, ${vggParameters} parameters, ${threads} threads`);
  const show = (name: string, m: Measured, goal: string): void =>
    console.log(
      `${name.padEnd(11)} ${m.seconds.toFixed(2).padStart(7)} s   cpu ${m.cpu.toFixed(2).padStart(6)} s   peak ${mb(m.peak).padStart(8)}` +
        ` (${(m.peak / bytes).toFixed(2)}x the model)   goal: ${goal}`,
    );
  read(path); // the file is in the page cache for every step alike
  show('index', measure('index'), '< 0.3 s, < 100 MB');
  show('inspect', measure('inspect'), '-');
  const compress = measure('compress');
  show('compress', compress, '< 20 s (aim 10), < 2x');
  for (const [stage, seconds] of Object.entries(compress.stages))
    console.log(
      `  ${stage.padEnd(16)} ${seconds.toFixed(2).padStart(7)} s  ` +
        `${(vggParameters / seconds / 1e6).toFixed(0).padStart(6)} M weights/s`,
    );
  show('decompress', measure('decompress'), '< 6 s');
  const { cancelMs, hostDelayMs } = measure('cancel').result as {
    readonly cancelMs: Readonly<Record<string, number>>;
    readonly hostDelayMs: { readonly p99: number; readonly max: number };
  };
  const latencies = Object.entries(cancelMs).map(([stage, ms]) => `${stage} ${ms} ms`);
  console.log(`cancel, from asking to a stopped worker: ${latencies.join(', ')}   goal: < 200 ms`);
  console.log(
    `event loop of the host meanwhile: p99 ${hostDelayMs.p99.toFixed(1)} ms, ` +
      `max ${hostDelayMs.max.toFixed(1)} ms   goal: < 50 ms`,
  );
  const size = statSync(packed).size;
  console.log(
    `restored: ${read(restored).slice(0, 16)} (sha256), ${statSync(restored).size} bytes`,
  );
  console.log(
    `${options.preset}: ${size} bytes, ${(bytes / size).toFixed(2)}x smaller, whole file`,
  );
  const gzip = baseline('gzip', ['-6', '-c']);
  const xz = baseline('xz', ['-1', '-c', '-T', String(threads)]);
  for (const [name, baselineBytes] of [
    ['gzip -6 of the original', gzip],
    ['xz -1 of the original', xz],
    ['gzip -6 of the restored model (same values)', baseline('gzip', ['-6', '-c'], restored)],
  ] as const)
    console.log(
      baselineBytes === undefined
        ? `${name}: not installed`
        : `${name}: ${baselineBytes} bytes, ${(bytes / baselineBytes).toFixed(2)}x`,
    );
  for (const file of [packed, restored]) if (existsSync(file)) rmSync(file);
}

/** Bytes that a common packer makes of a file. */
function baseline(program: string, args: string[], of = path): number | undefined {
  const run = spawnSync('sh', ['-c', `${program} ${args.join(' ')} < "$0" | wc -c`, of], {
    encoding: 'utf8',
  });
  const bytes = Number(run.stdout);
  return bytes > 100 ? bytes : undefined;
}

function read(file: string): string {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(1 << 22);
  const descriptor = openSync(file, 'r');
  for (let n = 1; n > 0;) {
    n = readSync(descriptor, buffer, 0, buffer.length, null);
    hash.update(buffer.subarray(0, n));
  }
  closeSync(descriptor);
  return hash.digest('hex');
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
