/** Biases that take back what rounding shifts: which tensors, and that they do it exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, AttributeProtoSchema, GraphProtoSchema } from 'onnx-buf';
import type { NodeProto, TensorProto } from 'onnx-buf';
import { biasTargets, correctedBiases } from '../../../src/engine/goal/bias.ts';
import { memorySink } from '../../../src/model/bytes.ts';
import { rewriteModel } from '../../../src/model/onnx/rewrite.ts';
import { intAttribute } from '../../../src/model/proto-attributes.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { floatTensor, int64Tensor, valueInfo } from '../../../src/train/graph.ts';
import type { Feeds } from '../../../src/train/runtime.ts';
import { opened } from '../calibrate/support.ts';
import { model, node, normal } from '../train/models.ts';
import { nodeRuntime } from '../train/runtimes.ts';

const random = mulberry32(9);
const ones = (...dims: number[]): Feeds[string] => ({
  type: 'float32',
  dims,
  data: new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(1),
});
const w = (dims: readonly number[]): TensorProto => normal(dims, 0.4, random);

async function outputs(bytes: Uint8Array<ArrayBuffer>, feeds: Feeds): Promise<number[]> {
  const session = await nodeRuntime.open(bytes);
  const found = await session.run(feeds);
  await session.close();
  return Object.values(found).flatMap(({ data }) => Array.from(data as Float32Array));
}

/**
 * On inputs that are all 1 a row's shift is the sum of what its weights lost, wherever they lost it: with
 * weights that lost as much as they like, corrected biases give the very outputs of the original.
 */
async function takesBack(
  bytes: Uint8Array<ArrayBuffer>,
  feeds: Feeds,
  names: readonly string[],
  biases: readonly string[],
): Promise<void> {
  const onnx = opened(bytes);
  const weights = onnx.tensors.filter(({ role }) => role === 'weight');
  const targets = biasTargets(onnx, weights);
  assert.deepEqual(
    [...targets.keys()].map((id) => onnx.tensors[id]!.name).sort(),
    [...names].sort(),
  );
  assert.deepEqual([...new Set([...targets.values()].map((t) => t.bias.name))].sort(), [...biases]);
  const changed = new Map<number, Float32Array | Float64Array>();
  const shifts = new Map<number, Float64Array>();
  for (const id of targets.keys()) {
    const { parameters, geometry } = onnx.tensors[id]!;
    const { rows, cols, matrices, transposed } = geometry!;
    const values = new Float32Array(parameters);
    onnx.reader.readValues(onnx.tensors[id]!, 0, values);
    const shift = new Float64Array(rows * matrices);
    for (let i = 0; i < parameters; i++) {
      const lost = Math.fround((random() - 0.5) / 8);
      values[i] = values[i]! - lost;
      const inner = i % (rows * cols);
      const row = transposed ? inner % rows : Math.floor(inner / cols);
      shift[Math.floor(i / (rows * cols)) * rows + row]! += lost;
    }
    changed.set(id, values);
    shifts.set(id, shift);
  }
  const written = (values: typeof changed): Uint8Array<ArrayBuffer> => {
    const sink = memorySink();
    rewriteModel(onnx, values, () => sink);
    return sink.take();
  };
  const original = await outputs(bytes, feeds);
  const distance = (other: readonly number[]): number =>
    original.reduce((most, v, i) => Math.max(most, Math.abs(v - other[i]!)), 0);
  assert.ok(distance(await outputs(written(changed), feeds)) > 1e-3, 'the change is felt');
  const corrected = correctedBiases(onnx, targets, (id) => shifts.get(id));
  const back = await outputs(written(new Map([...changed, ...corrected])), feeds);
  assert.ok(distance(back) < 1e-5, String(distance(back)));
}

const body = (name: string, graph: object) =>
  create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.GRAPH,
    g: create(GraphProtoSchema, { name, ...graph }),
  });

test('a layer has its own bias, what is added behind it, or what a normalisation takes away', () =>
  takesBack(
    model({
      nodes: [
        node('Conv', ['x', 'w1'], ['a'], [intAttribute('group', 2)]),
        node('BatchNormalization', ['a', 'g', 'b', 'm', 'v'], ['y1']),
        node('Conv', ['x', 'w2', 'b2'], ['y2']),
        node('Conv', ['x', 'w3'], ['d']),
        node('Add', ['b3', 'd'], ['y3']),
        node('Conv', ['x', 'w4'], ['f']), // what is added here lies along the last axis
        node('Add', ['f', 'b4'], ['y4']),
        node('Conv', ['x', 'w5', 'b5'], ['y5']), // and this is added elsewhere as well
        node('Add', ['f5', 'b5'], ['y6']),
        node('MatMul', ['z', 'w7'], ['p']),
        node('Add', ['p', 'b7'], ['y7']),
        node('Gemm', ['z', 'w8', 'b8'], ['y8'], [intAttribute('transB', 1)]),
      ],
      initializers: {
        ...{ w1: w([4, 2, 1, 1]), g: w([4]), b: w([4]), m: w([4]) },
        ...{ v: floatTensor([4], Float32Array.of(1, 2, 3, 4)), w2: w([3, 4, 1, 1]), b2: w([3]) },
        ...{ w3: w([5, 4, 1, 1]), b3: w([1, 5, 1, 1]), w4: w([2, 4, 1, 1]), b4: w([2]) },
        ...{
          w5: w([2, 4, 1, 1]),
          b5: w([2]),
          w7: w([4, 6]),
          b7: w([6]),
          w8: w([6, 4]),
          b8: w([6]),
        },
      },
      inputs: [
        { name: 'x', type: 1, shape: [1, 4, 2, 2] },
        { name: 'z', type: 1, shape: [3, 4] },
        { name: 'f5', type: 1, shape: [1, 2] },
      ],
      outputs: ['y1', 'y2', 'y3', 'y4', 'y5', 'y6', 'y7', 'y8'],
    }),
    { x: ones(1, 4, 2, 2), z: ones(3, 4), f5: ones(1, 2) },
    ['w1', 'w2', 'w3', 'w7', 'w8'],
    ['b2', 'b3', 'b7', 'b8', 'm'],
  ));

/** Gates as PyTorch keeps them, put into ONNX's order: the last two of the three parts change places. */
function reordered(name: string, of: string): NodeProto[] {
  const part = (from: number, to: number, k: number): NodeProto =>
    node('Slice', [of, `at${from}`, `at${to}`, 'at0'], [`${name}${k}`]);
  return [
    ...[part(0, 1, 0), part(2, 3, 1), part(1, 2, 2)],
    node('Concat', [`${name}0`, `${name}1`, `${name}2`], [name], [intAttribute('axis', 0)]),
  ];
}

/** A GRU step in the branch of If that is taken, from 3 inputs to 2 hidden; `shared`: in both branches. */
function gru(shared: boolean, before: number): Uint8Array<ArrayBuffer> {
  const step = (y: string) => [
    ...reordered('wo', 'w'),
    ...reordered('ro', 'r'),
    ...reordered('bo', 'bi'),
    ...reordered('co', 'bh'),
    node('Concat', ['bo', 'co'], ['bc'], [intAttribute('axis', 0)]),
    node('Unsqueeze', ['wo', 'at0'], ['W']),
    node('Unsqueeze', ['ro', 'at0'], ['R']),
    node('Unsqueeze', ['bc', 'at0'], ['B']),
    node(
      'GRU',
      ['x', 'W', 'R', 'B', '', 'h'],
      [y],
      [intAttribute('hidden_size', 2), intAttribute('linear_before_reset', before)],
    ),
  ];
  const out = (name: string) => [valueInfo({ name, type: 1, shape: [1, 1, 1, 2] })];
  const other = [node('Unsqueeze', ['h', 'at0'], ['y2'])];
  return model({
    nodes: [
      node(
        'If',
        ['c'],
        ['y'],
        [
          body('then_branch', { node: step('y1'), output: out('y1') }),
          body('else_branch', { node: shared ? step('y2') : other, output: out('y2') }),
        ],
      ),
    ],
    initializers: {
      ...{ w: w([6, 3]), r: w([6, 2]), bi: w([6]), bh: w([6]) },
      ...{ at0: int64Tensor([1], [0]), at1: int64Tensor([1], [2]) },
      ...{ at2: int64Tensor([1], [4]), at3: int64Tensor([1], [6]) },
    },
    inputs: [
      { name: 'x', type: 1, shape: [1, 1, 3] },
      { name: 'h', type: 1, shape: [1, 1, 2] },
      { name: 'c', type: 9, shape: [] },
    ],
    outputs: ['y'],
  });
}

const gruFeeds = {
  ...{ x: ones(1, 1, 3), h: ones(1, 1, 2) },
  c: { type: 'bool', dims: [], data: Uint8Array.of(1) },
};

test('gates that a branch puts together anew find their elements of the biases', async () => {
  await takesBack(gru(false, 1), gruFeeds, ['r', 'w'], ['bh', 'bi']);
  await takesBack(gru(true, 1), gruFeeds, ['r', 'w'], ['bh', 'bi']);
});

test('hidden states that a gate has multiplied have no known mean', () =>
  takesBack(gru(false, 0), gruFeeds, ['w'], ['bi']));
