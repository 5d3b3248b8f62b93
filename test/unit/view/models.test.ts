/** What is told of whole models: overview, patterns, zero points, comparison, data flow, exports. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import { modelExplorerData, netronAttachment } from '../../../src/view/exports.ts';
import {
  viewOf,
  asking,
  compressedView,
  modelOf,
  openBytes,
  recipeOf,
  services,
  sparseValues,
} from './support.ts';
import * as make from '../../fixtures/onnx-writer.ts';

/** 16 x 8 kernels of 3 x 3, of which `zero` says which weights are pruned. */
function convWith(
  zero: (filter: number, kernel: number, row: number, i: number) => boolean,
): Float32Array {
  const values = sparseValues(16 * 8 * 9, 0, 31);
  return values.map((v, i) =>
    zero(Math.floor(i / 72), Math.floor(i / 9), Math.floor(i / 3), i) ? 0 : v || 0.5,
  );
}
const mixed = (n: number): boolean => (Math.imul(n + 1, 0x9e3779b1) >>> 16) % 100 < 60;

const patterns: readonly [string, Float32Array][] = [
  ['none', convWith(() => false)],
  ['weight', convWith((_f, _k, _r, i) => mixed(i))],
  ['vector', convWith((_f, _k, r) => mixed(r))],
  ['kernel', convWith((_f, k) => mixed(k))],
  ['filter', convWith((f) => f % 3 === 0)],
];
for (const [expected, values] of patterns)
  test(`zeros that follow '${expected}' are told as that`, async () => {
    const view = viewOf(modelOf([{ op: 'Conv', shape: [16, 8, 3, 3], values }]));
    const found = await view.pattern(0, asking);
    assert.equal(found.pattern, expected, JSON.stringify(found.grains));
    for (const { grain, size, zeroGrains, grains } of found.grains) {
      assert.equal(grains, values.length / size);
      let counted = 0;
      for (let g = 0; g < grains; g++)
        if (values.subarray(g * size, (g + 1) * size).every((v) => v === 0)) counted++;
      assert.equal(zeroGrains, counted, grain);
    }
  });

for (const [granularity, size] of [
  ['weight', 1],
  ['vector', 3],
  ['kernel', 9],
  ['filter', 72],
] as const)
  test(`a layer that was pruned by ${granularity} shows it, all its zeros in whole grains`, async () => {
    const model = modelOf([
      { op: 'Conv', shape: [16, 8, 3, 3], values: sparseValues(16 * 8 * 9, 0, 33) },
    ]);
    const prune = { method: 'sparsity', target: 0.5, granularity };
    const { view } = await compressedView(model, { ...recipeOf('huffman'), prune });
    const { pattern, zeros, grains } = await view.pattern(0, asking);
    assert.equal(pattern, granularity);
    const found = grains.find((g) => g.grain === granularity);
    assert.deepEqual([found?.size, found?.share], [size, 1]);
    assert.equal(zeros, (16 * 8 * 9) / 2);
    assert.equal(found?.zeroGrains, zeros / size);
  });

test('a very sparse layer is not taken for pruned kernels, nor a full zero layer for anything finer', async () => {
  const sparse = sparseValues(64 * 64 * 9, 0.995, 32);
  const zeros = new Float32Array(64 * 64 * 9);
  const shape = [64, 64, 3, 3];
  const view = viewOf(
    modelOf([
      { op: 'Conv', shape, values: sparse },
      { op: 'Conv', shape, values: zeros },
    ]),
  );
  assert.equal((await view.pattern(0, asking)).pattern, 'weight');
  const all = await view.pattern(1, asking);
  assert.ok(all.grains.every((g) => g.zeroGrains === g.grains));
});

test('pruned rows and columns of a matrix are told', async () => {
  const values = sparseValues(40 * 30, 0, 33);
  const rows = values.map((v, i) => (Math.floor(i / 30) % 4 === 0 ? 0 : v));
  const cols = values.map((v, i) => ((i % 30) % 4 === 0 ? 0 : v));
  const view = viewOf(
    modelOf([
      { shape: [40, 30], values: rows },
      { shape: [40, 30], values: cols },
    ]),
  );
  assert.equal((await view.pattern(0, asking)).pattern, 'row');
  assert.equal((await view.pattern(1, asking)).pattern, 'column');
});

function quantized(
  zero: readonly number[],
  shape: readonly number[],
  attributes: Record<string, number>,
) {
  const values = Array.from({ length: 24 }, (_, i) => i % 6);
  return openBytes(
    make.model(
      make.graph(
        [
          make.node('DequantizeLinear', ['w', 's', 'z'], ['d'], attributes),
          make.node('MatMul', ['x', 'd'], ['y']),
        ],
        {
          initializers: [
            make.tensor('w', [4, 6], { values, dtype: 'int32' }),
            make.tensor('s', shape, { values: zero.map(() => 0.5) }),
            make.tensor('z', shape, { values: zero, dtype: 'int32' }),
          ],
          inputs: [make.value('x', [1, 4])],
        },
      ),
    ),
  );
}

test('zero of a quantized tensor is its zero point: one, one a channel, one a block', async () => {
  const value = (i: number): number => i % 6;
  const cases: readonly [
    readonly number[],
    readonly number[],
    Record<string, number>,
    (i: number) => number,
  ][] = [
    [[3], [], {}, () => 3],
    [[0, 1, 2, 3], [4], { axis: 0 }, (i) => Math.floor(i / 6)],
    [[0, 1, 2, 3, 4, 5], [6], { axis: -1 }, (i) => i % 6],
    [
      [0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0],
      [2, 6],
      { axis: 0, block_size: 2 },
      (i) => (Math.floor(i / 12) === 0 ? i % 6 : 5 - (i % 6)),
    ],
  ];
  for (const [zero, shape, attributes, zeroOf] of cases) {
    const model = quantized(zero, shape, attributes);
    const view = viewOf(model);
    const [layer] = view.overview().layers;
    assert.deepEqual(layer.zeroPoint, { layer: 2, perChannel: zero.length > 1 });
    const expected = Array.from({ length: 24 }, (_, i) => value(i) - zeroOf(i));
    const m = await view.measure({ layer: 0 }, asking);
    assert.equal(m.zeros, expected.filter((v) => v === 0).length);
    assert.equal(m.min, Math.min(...expected));
    const place = { level: 0, x: 0, y: 0, size: 16 };
    const tile = await view.tile({ layer: 0 }, layer.layouts[0].kind, place, ['values'], asking);
    const seen = Array.from(tile.values ?? []).sort((a, b) => a - b);
    assert.deepEqual(
      seen,
      expected.sort((a, b) => a - b),
    );
  }
});

test('a zero point that fits nothing is left alone', async () => {
  const view = viewOf(quantized([1, 2, 3], [3], { axis: 0 }));
  assert.equal(view.overview().layers[0].zeroPoint, null);
  assert.equal((await view.measure({ layer: 0 }, asking)).zeros, 4);
});

test('the overview respects roles and needs no payload', () => {
  const bytes = make.model(
    make.graph(
      [
        make.node('Conv', ['x', 'w', 'b'], ['c'], { kernel_shape: [3, 3] }),
        make.node('BatchNormalization', ['c', 'g', 'h', 'm', 'v'], ['y']),
      ],
      {
        initializers: [
          make.tensor('w', [4, 2, 3, 3]),
          ...['b', 'g', 'h', 'm', 'v'].map((n) => make.tensor(n, [4])),
          make.tensor('nothing', [0, 3], { values: [] }),
        ],
        // before IR 4 initializers are inputs as well
        inputs: [make.value('x', [1, 2, 8, 8]), make.value('w', [4, 2, 3, 3])],
      },
    ),
  );
  const model = openBytes(bytes);
  const view = viewOf({
    ...model,
    reader: {
      readValues: () => assert.fail('a payload was read'),
      readBytes: () => assert.fail('a payload was read'),
    },
  });
  const overview = view.overview();
  assert.deepEqual(
    overview.layers.filter((l) => l.prunable).map((l) => l.name),
    ['w'],
  );
  assert.deepEqual(overview.inputs, [{ name: 'x', dtype: 'float32', shape: [1, 2, 8, 8] }]);
  assert.equal(overview.prunable, 72);
  assert.equal(overview.parameters, 72 + 20);
  assert.deepEqual(overview.dtypes, [{ dtype: 'float32', layers: 7, parameters: 92, bytes: 368 }]);
  assert.deepEqual(
    overview.layers[0].layouts.map((l) => l.kind),
    ['matrix', 'kernels'],
  );
  assert.deepEqual([overview.layers[6].hidden, overview.layers[6].layouts], ['empty', []]);
});

test('ten thousand layers with names of anything are listed at once', () => {
  const names = ['<b>&"\'</b>', 'a\nb', '\u202Eabc', '', '__proto__', '\u0000'];
  const count = 10_000;
  const model = openBytes(
    make.model(
      make.graph([], {
        initializers: Array.from({ length: count }, (_, i) =>
          make.tensor(`${names[i % names.length]}${i < 6 ? '' : i}`, [1], { values: [i] }),
        ),
      }),
    ),
  );
  const from = performance.now();
  const overview = viewOf(model).overview();
  assert.ok(performance.now() - from < limit(2000));
  assert.equal(overview.layers.length, count);
  assert.equal(overview.layers[0].name, names[0]);
});

test('layers of two models are paired by name, then by path, and only where shapes agree', () => {
  const values = (n: number): Float32Array => new Float32Array(n);
  const here = viewOf(
    modelOf([
      { name: 'a', shape: [2, 3], values: values(6) },
      { name: 'b', shape: [2, 3], values: values(6) },
      { name: 'c', shape: [2, 3], values: values(6) },
    ]),
  );
  const there = viewOf(
    modelOf([
      { name: 'b', shape: [3, 2], values: values(6) },
      { name: 'a', shape: [2, 3], values: values(6) },
      { name: 'd', shape: [2, 3], values: values(6) },
    ]),
  );
  assert.deepEqual(here.pairs(there), {
    pairs: [
      { layer: 0, other: 1, why: '' },
      { layer: 1, other: 0, why: 'shape' },
    ],
    onlyHere: [2],
    onlyThere: [2],
  });
});

test('a difference counts what changed and how, NaN and infinities apart', async () => {
  const a = Float32Array.from([1, 2, 0, -1, NaN, Infinity, 3, NaN, 0, Infinity]);
  const b = Float32Array.from([1, 0, 2, 1, NaN, Infinity, 3.5, 1, -0, 2]);
  const shared = services();
  const [left, right] = [a, b].map((values) =>
    viewOf(modelOf([{ shape: [2, 5], values }]), shared),
  );
  const d = await left.difference({ layer: 0, minus: { model: right, layer: 0 } }, asking);
  assert.deepEqual(
    [d.weights, d.changed, d.becameZero, d.becameNonzero, d.signFlips, d.nonFinite],
    [10, 6, 1, 1, 1, 2],
  );
  assert.equal(d.l1, 2 + 2 + 2 + 0.5);
  assert.ok(Math.abs(d.l2 - Math.sqrt(4 + 4 + 4 + 0.25)) < 1e-12);
  assert.equal(d.largest, 2);
  assert.ok(Math.abs(d.rmse - d.l2 / Math.sqrt(10)) < 1e-12);
  const dot = 1 - 1 + 10.5;
  const norms = Math.sqrt((1 + 4 + 1 + 9) * (1 + 4 + 1 + 12.25));
  assert.ok(Math.abs((d.cosine ?? NaN) - dot / norms) < 1e-12);
  const same = await left.difference({ layer: 0, minus: { model: left, layer: 0 } }, asking);
  assert.deepEqual([same.changed, same.l2, same.cosine], [0, 0, 1]);
});

test('the error of a compressed layer is the one recorded', async () => {
  const values = sparseValues(100 * 80, 0, 41);
  const model = modelOf([{ shape: [100, 80], values }]);
  const shared = services();
  const original = viewOf(model, shared);
  const { view, plan } = await compressedView(model, recipeOf('huffman'), shared);
  const d = await view.difference({ layer: 0, minus: { model: original, layer: 0 } }, asking);
  assert.ok(Math.abs(d.rmse - plan.tensors[0].stats.rmse) < 1e-9);
});

/** Two branches that meet: conv -> (gemm a | gemm b) -> add -> dequantized matmul. */
function branching() {
  return openBytes(
    make.model(
      make.graph(
        [
          make.node('Conv', ['x', 'w0'], ['c'], { kernel_shape: [1, 1] }),
          make.node('Relu', ['c'], ['r']),
          make.node('Gemm', ['r', 'w1'], ['a']),
          make.node('Gemm', ['r', 'w2'], ['b']),
          make.node('Add', ['a', 'b'], ['s']),
          make.node('DequantizeLinear', ['w3', 'scale'], ['d']),
          make.node('MatMul', ['s', 'd'], ['y']),
        ],
        {
          initializers: [
            make.tensor('w0', [2, 2, 1, 1]),
            make.tensor('w1', [2, 2]),
            make.tensor('w2', [2, 2]),
            make.tensor('w3', [2, 2], { values: [1, 2, 3, 4], dtype: 'int32' }),
            make.tensor('scale', [], { values: [0.5] }),
          ],
          inputs: [make.value('x', [1, 2])],
        },
      ),
    ),
  );
}

test('metrics for Netron name tensors by their first line, once each, and only finite numbers', async () => {
  const model = modelOf([
    { name: 'w\nsecond line', shape: [2, 2], values: [0, 0, 1, 2] },
    { name: 'n', shape: [2, 2], values: [NaN, NaN, NaN, NaN] },
  ]);
  const view = viewOf(model);
  const measures = await Promise.all([0, 1].map((layer) => view.measure({ layer }, asking)));
  const { signature, metrics } = netronAttachment(view.overview(), measures);
  assert.equal(signature, 'netron:attachment');
  const text = JSON.stringify(metrics);
  assert.doesNotMatch(text, /null|NaN|second/);
  assert.deepEqual(
    metrics.filter((m) => m.target === 'w' && ['sparsity', 'max'].includes(m.name)),
    [
      { kind: 'tensor', target: 'w', name: 'max', value: 2, type: 'float32' },
      { kind: 'tensor', target: 'w', name: 'sparsity', value: 0.5, type: 'percentage' },
    ],
  );
  const keys = metrics.map((m) => `${m.kind} ${m.target} ${m.name}`);
  assert.equal(new Set(keys).size, keys.length);
  for (const m of metrics) assert.ok(m.kind && typeof m.target === 'string' && m.name);
});

test('node data for Model Explorer names nodes by their output and colours by a full gradient', async () => {
  const view = viewOf(branching());
  const layers = [0, 1, 2, 3];
  const measures = await Promise.all(layers.map((layer) => view.measure({ layer }, asking)));
  const { results, gradient } = modelExplorerData(
    view.overview(),
    measures,
    view.flow(),
    'sparsity',
  );
  assert.deepEqual(Object.keys(results), ['c', 'a', 'b', 'y']);
  assert.equal(results['a'].value, measures[1].sparsity);
  assert.deepEqual([gradient[0].stop, gradient.at(-1)?.stop], [0, 1]);
  for (const { bgColor } of gradient) assert.match(bgColor, /^#[0-9a-f]{6}$/);
});
