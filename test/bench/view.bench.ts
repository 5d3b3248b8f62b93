/**
 * The inspector on a large model (VGG-16's shape, 553 MB, generated once below the system's temporary
 * folder; `DEEPC_BENCH_FOLDER` names another): opening to the table of layers, statistics of everything,
 * and tiles of its 25088 x 4096 layer at every level. Targets are the product's; what misses one says
 * so. Wall-clock time on an otherwise idle machine; the memory is that of typed arrays.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allJobs } from '../../src/engine/jobs/all.ts';
import type { OpenViewResult, ViewInput, ViewName, Views } from '../../src/engine/protocol-view.ts';
import { cachedVgg } from './vgg-model.ts';

const path = cachedVgg(process.env['DEEPC_BENCH_FOLDER'] ?? join(tmpdir(), 'deepc-bench'));
const never = new AbortController().signal;
const jobs = allJobs({ workerFile: undefined });

async function timed<T>(run: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const from = performance.now();
  const value = await run();
  return { value, ms: performance.now() - from };
}

function line(name: string, ms: number, target?: number, note = ''): void {
  const verdict =
    target === undefined
      ? ''
      : ms <= target
        ? ` ok (target ${target})`
        : ` MISSED (target ${target})`;
  if (verdict.includes('MISSED')) process.exitCode = 1;
  console.log(`${name.padEnd(58)} ${ms.toFixed(1).padStart(9)} ms${verdict}  ${note}`);
}

const megabytes = (): string =>
  `${Math.round(process.memoryUsage().arrayBuffers / 1e6)} MB of arrays`;

const open = (): Promise<OpenViewResult> => jobs.openView({ file: { path } }, never, () => {});
const first = await timed(open);
const { view, overview } = first.value;
line('open 553 MB to its table of layers', first.ms, 1000, `${overview.layers.length} layers`);
const again = await timed(open);
line('a second editor of the file', again.ms, 50);

const ask = async <K extends ViewName>(
  name: K,
  query: Views[K]['query'],
): Promise<{ value: Views[K]['result']; ms: number }> =>
  timed(
    () =>
      jobs.view({ view, name, query } as unknown as ViewInput, never, () => {}) as Promise<
        Views[K]['result']
      >,
  );

const fc6 = overview.layers.find((l) => l.name === 'fc6.weight');
if (!fc6) throw new Error('no fc6');
const { layer } = fc6;
const [{ rows, cols, topLevel }] = fc6.layouts;
const random = (n: number, i: number): number => (Math.imul(i + 1, 0x9e3779b1) >>> 8) % n;

async function tiles(level: number, size: number, channels: Views['tile']['query']['channels']) {
  const side = size * 2 ** level;
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const x = random(Math.ceil(cols / side), i);
    const y = random(Math.ceil(rows / side), i + 50);
    const query = { layer, layout: 'matrix', level, x, y, size, channels } as const;
    times.push((await ask('tile', query)).ms);
  }
  times.sort((a, b) => a - b);
  return { median: times[6], most: times[11] };
}

{
  const { median, most } = await tiles(0, 256, ['values']);
  line(`${rows} x ${cols}: 256 x 256 single weights`, median, 16, `slowest ${most.toFixed(1)}`);
}
for (const level of [1, 2]) {
  const { median, most } = await tiles(level, 256, ['density', 'mean']);
  line(`level ${level}, from the weights`, median, 60, `slowest ${most.toFixed(1)}`);
}
const whole = { layer, layout: 'matrix', level: topLevel - 8, x: 0, y: 0, size: 256 } as const;
const pyramid = await ask('tile', { ...whole, channels: ['density', 'mean'] });
line('the whole layer: one pass over 102,760,448 weights', pyramid.ms, 3000, megabytes());
for (const level of [3, 5, topLevel - 8]) {
  const { median, most } = await tiles(level, 256, ['density', 'mean']);
  line(`level ${level}, from the pyramid`, median, 4, `slowest ${most.toFixed(1)}`);
}
const large = await tiles(3, 1024, ['nonzeros', 'mean', 'max']);
line('level 3, 1024 x 1024 blocks, three channels', large.median, 16);
line('marginals', (await ask('marginals', { layer, layout: 'matrix' })).ms, 10);
line('statistics of the layer', (await ask('measure', { layers: [layer] })).ms, 3000);
line('the same again', (await ask('measure', { layers: [layer] })).ms, 2);
const histogram = await ask('histogram', { layer, scale: 'linear', bins: 256 });
line('linear histogram', histogram.ms, 3000);
line(
  'logarithmic histogram',
  (await ask('histogram', { layer, scale: 'log', bins: 256 })).ms,
  4000,
);
const all = await ask('measure', { layers: overview.layers.map((l) => l.layer) });
line('statistics of all other layers', all.ms, 2000, megabytes());
await jobs.closeView({ view }, never, () => {});
await jobs.closeView({ view: again.value.view }, never, () => {});
