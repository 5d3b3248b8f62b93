/**
 * int8-qdq beside a reference in plain loops that rounds inputs, weights, biases and outputs one by one; and
 * the ranges that it takes, beside sorting.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { DataFile } from '../../../src/export/data-file.ts';
import { rangesWanted, toInt8Qdq } from '../../../src/export/int8-qdq.ts';
import type { ExportedLayer, ValueRange } from '../../../src/export/weights.ts';
import { rangesOf } from '../../../src/engine/export/ranges.ts';
import { memorySource, readBytes } from '../../../src/model/bytes.ts';
import { ModelEdit } from '../../../src/model/onnx/edit.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { constant, graph, model, node, tensor, value } from '../../fixtures/onnx-writer.ts';
import { nodeRuntime } from '../train/runtimes.ts';
import { open } from '../model/support.ts';

const random = mulberry32(8);
const some = (count: number, size = 1): number[] =>
  Array.from({ length: count }, () => Math.fround((random() - 0.5) * size));

const [rows, inputs, hidden, outputs] = [3, 24, 16, 5];
const first = { w: some(inputs * hidden), b: some(hidden, 4) };
const second = { w: some(outputs * hidden), b: some(outputs, 1e-6) };
const samples = some(rows * inputs, 6);

/** Gemm, Relu, and Gemm by a transposed Constant, the second output's weights next to nothing. */
const net = model(
  graph(
    [
      node('Gemm', ['x', 'w', 'b'], ['h']),
      node('Relu', ['h'], ['r']),
      constant({ ...tensor('v', [outputs, hidden], { values: scaled() }), name: '' }, 'v'),
      node('Gemm', ['r', 'v', 'c'], ['y'], { transB: 1 }),
    ],
    {
      inputs: [value('x', [rows, inputs])],
      outputs: [value('y', [rows, outputs])],
      initializers: [
        tensor('w', [inputs, hidden], { values: first.w }),
        tensor('b', [hidden], { values: first.b }),
        tensor('c', [outputs], { values: second.b.with(1, 3) }),
      ],
    },
  ),
);

function scaled(): number[] {
  return second.w.map((v, i) => (Math.floor(i / hidden) === 1 ? v * 1e-20 : v));
}

const ranges = new Map<string, ValueRange>([
  ['x', { low: -3, high: 2.5 }],
  ['r', { low: 0, high: 7 }],
]);

function exported(
  bytes: Uint8Array,
  opset: number,
  given: ReadonlyMap<string, ValueRange> = ranges,
): { bytes: Uint8Array; layers: ExportedLayer[] } {
  const editor = new ModelEdit(memorySource('m.onnx', bytes));
  editor.setOpset('', opset);
  const data = new DataFile('m.data');
  const layers = toInt8Qdq({ model: open(bytes), editor, ranges: given, data });
  const edited = editor.source();
  const byName = layers.toSorted((a, b) => (a.name < b.name ? 1 : -1));
  return { bytes: readBytes(edited, 0, edited.size), layers: byName };
}

async function run(bytes: Uint8Array, level: 'disabled' | 'all'): Promise<number[]> {
  const options = { graphOptimizationLevel: level, logSeverityLevel: 4 } as const;
  const session = await InferenceSession.create(bytes, options);
  const x = new Tensor('float32', Float32Array.from(samples), [rows, inputs]);
  const { y } = await session.run({ x });
  await session.release();
  return [...(y.data as Float32Array)];
}

/** A number on the grid of its range. */
function rounded(v: number, { low, high }: ValueRange): number {
  const step = Math.fround((high - low) / 255);
  const zero = Math.round(-128 - low / step);
  return (Math.max(-128, Math.min(127, Math.round(v / step) + zero)) - zero) * step;
}

function layer(
  x: number[][],
  weight: (k: number, n: number) => number,
  bias: readonly number[],
  perOutput: boolean,
  range: ValueRange,
): number[][] {
  const step = Math.fround((range.high - range.low) / 255);
  const k = x[0].length;
  const largest = bias.map((b, n) =>
    Math.max(...x[0].map((_, i) => Math.abs(weight(i, n)) / 127), Math.abs(b) / step / 2 ** 30),
  );
  const scale = (n: number): number => (perOutput ? largest[n] : Math.max(...largest));
  return x.map((row) =>
    bias.map((b, n) => {
      const unit = step * scale(n);
      let sum = Math.round(b / unit) * unit;
      for (let i = 0; i < k; i++)
        sum += rounded(row[i], range) * Math.round(weight(i, n) / scale(n)) * scale(n);
      return sum;
    }),
  );
}

for (const [opset, perOutput] of [
  [17, true],
  [11, false],
] as const)
  test(`operator set ${opset}: layers, biases and what lies between them are rounded to whole numbers`, async () => {
    const { bytes, layers } = exported(net, opset);
    assert.match(
      layers[0].done,
      perOutput ? /^int8, 16 scales; inputs in \[-3.00, 2.50\]/ : /one scale/,
    );
    assert.match(layers[1].done, /outputs float32$/);
    const x = Array.from({ length: rows }, (_, r) => samples.slice(r * inputs, (r + 1) * inputs));
    const h = layer(x, (i, n) => first.w[i * hidden + n], first.b, perOutput, ranges.get('x')!);
    const r = h.map((row) => row.map((v) => rounded(Math.max(0, v), ranges.get('r')!)));
    const weights = scaled();
    const c = second.b.with(1, 3);
    const y = layer(r, (i, n) => weights[n * hidden + i], c, perOutput, ranges.get('r')!).flat();
    const size = Math.max(...y.map(Math.abs));
    // a number between two levels may fall on either side
    const tolerance = { disabled: 2e-3, all: 1e-2 };
    for (const level of ['disabled', 'all'] as const)
      (await run(bytes, level)).forEach((v, i) =>
        assert.ok(Math.abs(v - y[i]) < tolerance[level] * size, `${level} ${i}: ${v}, ${y[i]}`),
      );
  });

test('a layer whose range was not seen, or that has no kernel of whole numbers, stays as it is', () => {
  const { bytes, layers } = exported(net, 17, new Map());
  assert.deepEqual(Buffer.from(bytes), Buffer.from(net));
  assert.match(layers[0].why, /no finite value of x was seen/);
  const factor = model(
    graph([node('Gemm', ['x', 'w'], ['y'], { alpha: { float: 2.5 } })], {
      inputs: [value('x', [rows, inputs])],
      outputs: [value('y', [rows, hidden])],
      initializers: [tensor('w', [inputs, hidden], { values: first.w })],
    }),
  );
  assert.match(exported(factor, 17).layers[0].why, /multiplies by a factor/);
  assert.throws(() => exported(net, 9), /QuantizeLinear is there from 10 on/);
});

test('ranges are those of every run, and a percentile cuts as sorting does', async () => {
  const bytes = new Uint8Array(net);
  const names = rangesWanted(open(net));
  assert.deepEqual(names, ['x', 'r']);
  const all = Array.from({ length: 40 }, () => Float32Array.from(some(rows * inputs, 6)));
  const runs = {
    count: all.length,
    feeds: (i: number) => ({ x: { type: 'float32', dims: [rows, inputs], data: all[i] } }),
    continues: () => false,
    states: [],
  };
  const input = { bytes, names, runtime: nodeRuntime, runs, turn: async () => {} };
  const whole = await rangesOf({ ...input, percentile: 100 });
  const sorted = all.flatMap((part) => [...part]).sort((a, b) => a - b);
  assert.deepEqual(whole.get('x'), { low: sorted[0], high: sorted.at(-1) });
  assert.equal(whole.get('r')?.low, 0);
  const cut = (await rangesOf({ ...input, percentile: 90 })).get('x')!;
  const bin = (sorted.at(-1)! - sorted[0]) / 4096;
  const out = Math.floor(sorted.length * 0.05);
  assert.ok(Math.abs(cut.low - sorted[out]) < 2 * bin, `${cut.low} ${sorted[out]}`);
  assert.ok(Math.abs(cut.high - sorted.at(-1 - out)!) < 2 * bin);
});
