/** Statistics, entropy bounds and histograms against sorting and counting everything. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { mulberry32 } from '../../../src/model/random.ts';
import {
  linearEdges,
  type LinearHistogram,
  type LogHistogram,
} from '../../../src/measure/histogram.ts';
import {
  asking,
  compressedView,
  modelOf,
  gridRecipe,
  recipeOf,
  services,
  sparseValues,
  viewOf,
} from './support.ts';

const close = (a: number | null, b: number, share = 1e-9): void =>
  assert.ok(
    a !== null && Math.abs(a - b) <= share * Math.max(1e-12, Math.abs(b)),
    `${a} is not ${b}`,
  );

/** Entropy from a map of counts. */
function entropyOf(values: ArrayLike<number>): number {
  const counts = new Map<string, number>();
  for (const v of Array.from(values)) {
    const key = Object.is(v, -0) ? '-0' : String(v);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  let bits = 0;
  for (const n of counts.values()) bits -= (n / values.length) * Math.log2(n / values.length);
  return bits;
}

test('statistics are those of the sorted values', async () => {
  const values = sparseValues(300 * 1000, 0.4, 11);
  const view = viewOf(modelOf([{ shape: [300, 1000], values }]));
  const m = await view.measure({ layer: 0 }, asking);
  const sorted = Array.from(values).sort((a, b) => a - b);
  const sum = sorted.reduce((a, b) => a + b, 0);
  const mean = sum / sorted.length;
  assert.equal(m.weights, 300_000);
  assert.equal(m.zeros, sorted.filter((v) => v === 0).length);
  assert.equal(m.negative, sorted.filter((v) => v < 0).length);
  assert.deepEqual([m.min, m.max], [sorted[0], sorted.at(-1)]);
  close(m.mean, mean, 1e-6);
  close(m.std, Math.sqrt(sorted.reduce((a, v) => a + (v - mean) ** 2, 0) / sorted.length));
  close(
    m.l1,
    sorted.reduce((a, v) => a + Math.abs(v), 0),
  );
  close(m.l2, Math.sqrt(sorted.reduce((a, v) => a + v * v, 0)));
  assert.equal(m.distinct, null, 'more than 65,536 different values');
  assert.equal(m.entropy.of, 'halves');
  const density = 1 - m.sparsity;
  close(m.entropy.mask, -density * Math.log2(density) - m.sparsity * Math.log2(m.sparsity));
});

test('the entropy of halves is what counting the halves gives', async () => {
  const values = sparseValues(100_000, 0, 12);
  const view = viewOf(modelOf([{ shape: [1000, 100], values }]));
  const { entropy } = await view.measure({ layer: 0 }, asking);
  const words = new Uint32Array(values.buffer);
  const high = Array.from(words, (w) => w >>> 16);
  const low = Array.from(words, (w) => w & 0xffff);
  close(entropy.bits, entropyOf(high) + entropyOf(low));
  const tables = 16 * (new Set(high).size + new Set(low).size);
  close(entropy.bound, Math.min(32, entropy.bits + tables / values.length));
  close(entropy.compressibility, 1 - entropy.bound / 32);
});

test('few values are counted exactly, whatever the type', async () => {
  const random = mulberry32(3);
  const values = Float32Array.from({ length: 5000 }, () => Math.floor(random() * 20) / 8 - 1);
  for (const dtype of ['float32', 'float16', 'bfloat16', 'float64', 'int32'] as const) {
    const whole = dtype === 'int32' ? values.map((v) => Math.round(v * 8)) : values;
    const view = viewOf(modelOf([{ shape: [50, 100], values: whole, dtype }]));
    const { distinct, entropy } = await view.measure({ layer: 0 }, asking);
    assert.equal(distinct, new Set(whole).size, dtype);
    assert.equal(entropy.of, 'values');
    close(entropy.bits, entropyOf(whole));
    const bits = dtype === 'float64' ? 64 : dtype.endsWith('16') ? 16 : 32;
    close(entropy.bound, entropy.bits + (20 * bits) / 5000);
  }
});

test('a small layer of different values is not called compressible', async () => {
  const view = viewOf(modelOf([{ shape: [10, 10], values: sparseValues(100, 0, 4) }]));
  const { entropy } = await view.measure({ layer: 0 }, asking);
  close(entropy.bits, Math.log2(100));
  assert.deepEqual([entropy.bound, entropy.compressibility], [32, 0]);
});

for (const [what, recipe] of [
  ['layer with shared values', recipeOf('huffman')],
  ['layer on a grid', gridRecipe(6, 'arithmetic')],
] as const)
  test(`a compressed ${what} measures the same as its restored values`, () =>
    measuredAlike(recipe));

async function measuredAlike(recipe: object): Promise<void> {
  const values = sparseValues(200 * 300, 0, 13);
  const model = modelOf([{ shape: [200, 300], values }]);
  const { view } = await compressedView(model, recipe);
  const place = { level: 0, x: 0, y: 0, size: 512 };
  const { values: restored } = await view.tile({ layer: 0 }, 'matrix', place, ['values'], asking);
  assert.ok(restored);
  const plain = viewOf(modelOf([{ shape: [200, 300], values: restored }]));
  const a = await view.measure({ layer: 0 }, asking);
  const b = await plain.measure({ layer: 0 }, asking);
  for (const key of ['weights', 'zeros', 'negative', 'min', 'max', 'distinct', 'sparsity'] as const)
    assert.equal(a[key], b[key], key);
  for (const key of ['mean', 'std', 'l1', 'l2'] as const) close(a[key], b[key] ?? NaN, 1e-6);
  if (a.entropy.of === 'values') close(a.entropy.bits, b.entropy.bits);
  assert.equal(a.entropy.mask, b.entropy.mask);
  for (const scale of ['linear', 'log'] as const) {
    const query = { scale, bins: 40 };
    const x = await view.histogram({ layer: 0 }, query, asking);
    const y = await plain.histogram({ layer: 0 }, query, asking);
    assert.deepEqual(x, y, 'the same histogram either way');
  }
}

function sum(counts: Float64Array): number {
  return counts.reduce((a, b) => a + b, 0);
}

test('a linear histogram holds every weight in the bin whose edges enclose it', async () => {
  const values = sparseValues(50_000, 0.3, 14);
  values.set([NaN, Infinity, -Infinity, 0.1], 7);
  const view = viewOf(modelOf([{ shape: [500, 100], values }]));
  const h = (await view.histogram(
    { layer: 0 },
    { scale: 'linear', bins: 37 },
    asking,
  )) as LinearHistogram;
  const finite = Array.from(values).filter((v) => Number.isFinite(v) && v !== 0);
  assert.deepEqual([h.nan, h.infinite, h.outside], [1, 2, 0]);
  assert.equal(sum(h.counts) + h.zeros + h.nan + h.infinite, h.weights);
  assert.equal(h.weights, values.length);
  for (let i = 0; i < 37; i++) {
    const inside = finite.filter(
      (v) => v >= h.edges[i] && (v < h.edges[i + 1] || (i === 36 && v === h.edges[37])),
    );
    assert.equal(h.counts[i], inside.length);
  }
});

test('a given range counts what is outside it', async () => {
  const values = sparseValues(10_000, 0.3, 15);
  const view = viewOf(modelOf([{ shape: [100, 100], values }]));
  const query = { scale: 'linear', bins: 10, range: [-0.05, 0.1] } as const;
  const h = (await view.histogram({ layer: 0 }, query, asking)) as LinearHistogram;
  assert.equal(h.outside, values.filter((v) => v < -0.05 || v > 0.1).length);
  assert.equal(sum(h.counts) + h.zeros + h.outside, values.length);
});

test('a logarithmic histogram has exact edges and loses nothing', async () => {
  const values = sparseValues(20_000, 0.2, 16).map((v) => v ** 3);
  for (const bins of [4096, 30, 1]) {
    const view = viewOf(modelOf([{ shape: [200, 100], values }]));
    const h = (await view.histogram({ layer: 0 }, { scale: 'log', bins }, asking)) as LogHistogram;
    assert.ok(h.positive.length <= bins);
    assert.equal(sum(h.positive) + sum(h.negative) + h.zeros, values.length);
    for (let i = 0; i < h.positive.length; i++) {
      const inside = (v: number): boolean => v >= h.edges[i] && v < h.edges[i + 1];
      assert.equal(h.positive[i], values.filter(inside).length);
      assert.equal(h.negative[i], values.filter((v) => inside(-v)).length);
    }
  }
});

test('logarithmic histograms that cover the same magnitudes have the same bins', async () => {
  const view = viewOf(
    modelOf([
      { shape: [100, 100], values: sparseValues(10_000, 0.2, 16) },
      { shape: [100, 100], values: sparseValues(10_000, 0.9, 17).map((v) => 40 * v) },
      { shape: [2, 2], values: [0, 0, 0, 0] },
    ]),
  );
  const ask = async (layer: number, range?: readonly [number, number]) =>
    (await view.histogram(
      { layer },
      { scale: 'log', bins: 30, ...(range && { range }) },
      asking,
    )) as LogHistogram;
  const own = await Promise.all([ask(0), ask(1)]);
  const low = Math.min(...own.map((h) => h.edges[0]));
  const high = Math.max(...own.map((h) => h.edges.at(-1) ?? 0));
  const [a, b, zeros] = await Promise.all([0, 1, 2].map((layer) => ask(layer, [low, high])));
  assert.deepEqual(a.edges, b.edges);
  assert.deepEqual(a.edges, zeros.edges);
  assert.ok(a.edges[0] <= low && (a.edges.at(-1) ?? 0) >= high && a.positive.length <= 30);
  const sum = (counts: Float64Array): number => counts.reduce((n, c) => n + c, 0);
  for (const [i, h] of [a, b].entries()) {
    assert.equal(sum(h.negative) + sum(h.positive) + h.zeros, 10_000);
    assert.equal(sum(h.negative), sum(own[i].negative));
  }
  assert.deepEqual([sum(zeros.positive), zeros.zeros], [0, 4]);
  await assert.rejects(ask(0, [0, 1]), /a range that is none/);
  const wide = await ask(0, [Number.MIN_VALUE, Number.MAX_VALUE]);
  assert.ok(wide.edges.every((e, i) => i === 0 || e > wide.edges[i - 1]));
});

test('edges are ascending for a sole value, for zero and for the largest doubles', () => {
  for (const [min, max] of [
    [3, 3],
    [0, 0],
    [-5, -5],
    [-1.7e308, 1.7e308],
    [Infinity, Infinity],
  ] as const) {
    const edges = linearEdges(min, max, 16);
    for (let i = 0; i < 16; i++) assert.ok(edges[i] < edges[i + 1], `${min} to ${max}`);
  }
});

const hostile: readonly [string, number[]][] = [
  ['all zeros', [0, 0, 0, 0, 0, 0]],
  ['one value', [7, 7, 7, 7, 7, 7]],
  ['NaN alone', [NaN, NaN, NaN, NaN, NaN, NaN]],
  ['infinities', [Infinity, -Infinity, Infinity, 1, 2, 0]],
  ['the smallest and the largest', [1e-45, -1e-45, 3.4e38, -3.4e38, 0, 1]],
];
for (const [name, values] of hostile)
  test(`a layer of ${name} is measured, counted and shown without NaN in a sum`, async () => {
    const view = viewOf(modelOf([{ shape: [2, 3], values }]));
    const m = await view.measure({ layer: 0 }, asking);
    assert.equal(m.nan, values.filter((v) => Number.isNaN(v)).length);
    for (const [key, value] of Object.entries(m))
      assert.ok(value === null || typeof value !== 'number' || Number.isFinite(value), key);
    for (const v of Object.values(m.entropy))
      assert.ok(typeof v === 'string' || Number.isFinite(v));
    for (const scale of ['linear', 'log'] as const) {
      const h = await view.histogram({ layer: 0 }, { scale, bins: 8 }, asking);
      const counted =
        h.scale === 'linear' ? sum(h.counts) + h.outside : sum(h.negative) + sum(h.positive);
      assert.equal(counted + h.zeros + h.nan + h.infinite, 6);
      assert.ok(h.edges.every((e) => !Number.isNaN(e)));
    }
    const tile = await view.tile(
      { layer: 0 },
      'matrix',
      { level: 2, x: 0, y: 0, size: 16 },
      ['mean', 'max'],
      asking,
    );
    assert.ok(!Number.isNaN(tile.mean?.[0]) && !Number.isNaN(tile.max?.[0]));
    const { pattern } = await view.pattern(0, asking);
    assert.equal(typeof pattern, 'string');
  });

test('one element is a whole layer', async () => {
  const view = viewOf(modelOf([{ shape: [1, 1], values: [0.5] }]));
  const m = await view.measure({ layer: 0 }, asking);
  assert.deepEqual([m.min, m.max, m.mean, m.std, m.distinct], [0.5, 0.5, 0.5, 0, 1]);
});

test('two askers wait for one computation, which stops when both have left', async () => {
  let read = 0;
  const values = sparseValues(600 * 1000, 0, 17);
  const model = modelOf([{ shape: [600, 1000], values }]);
  const shared = services();
  const view = viewOf(
    {
      ...model,
      reader: {
        readBytes: () => {},
        readValues: (_, start, target) => {
          read += target.length;
          target.set(values.subarray(start, start + target.length));
          const until = performance.now() + 10; // longer than a slice
          while (performance.now() < until);
        },
      },
    },
    shared,
  );
  const first = new AbortController();
  const second = new AbortController();
  const fractions: number[] = [];
  const a = view.measure({ layer: 0 }, { signal: first.signal, onFraction: () => {} });
  const b = view.measure(
    { layer: 0 },
    { signal: second.signal, onFraction: (f) => fractions.push(f) },
  );
  first.abort();
  await assert.rejects(a, /cancelled/);
  const m = await b;
  assert.equal(read, 600_000, 'read once, although the one who began it left');
  assert.equal(m.weights, 600_000);
  assert.equal(fractions.at(-1), 1);
  await view.measure({ layer: 0 }, asking);
  assert.equal(read, 600_000, 'and never again');
  read = 0;
  const third = new AbortController();
  const c = view.marginals({ layer: 0 }, 'matrix', { signal: third.signal, onFraction: () => {} });
  setTimeout(() => third.abort(), 15);
  await assert.rejects(c, /cancelled/);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.ok(read < 600_000, 'nobody waits, so it stopped');
});

test('a closed model gives its memory back', async () => {
  const shared = services();
  const view = viewOf(
    modelOf([{ shape: [300, 300], values: sparseValues(90_000, 0, 18) }]),
    shared,
  );
  await view.marginals({ layer: 0 }, 'matrix', asking);
  assert.ok(shared.cache.bytes > 100_000);
  view.close();
  assert.equal(shared.cache.bytes, 0);
});

test('the cache keeps to its budget and gives up what was used longest ago', () => {
  const { cache } = services(100);
  cache.set('a/1', 1, 40);
  cache.set('a/2', 2, 40);
  assert.equal(cache.get('a/1'), 1);
  cache.set('b/3', 3, 40);
  assert.deepEqual([cache.get('a/2'), cache.get('a/1'), cache.get('b/3')], [undefined, 1, 3]);
  cache.set('b/4', 4, 101);
  assert.deepEqual([cache.get('b/4'), cache.bytes], [undefined, 80]);
  cache.forget('a/');
  assert.deepEqual([cache.get('a/1'), cache.bytes], [undefined, 40]);
});
