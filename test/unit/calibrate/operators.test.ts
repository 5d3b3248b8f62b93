/**
 * Second moments against their definition: when weights change by d, the squared change of a linear
 * layer's outputs is the sum of d^T H d. ONNX Runtime computes the layer before and after; nothing here
 * knows how an operator reads its input.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { NodeProto } from 'onnx-buf';
import {
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../src/model/proto-attributes.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import type { Feeds, Runtime } from '../../../src/train/runtime.ts';
import { model, node, normal } from '../train/models.ts';
import { bothRuntimes, nodeRuntime } from '../train/runtimes.ts';
import {
  calibrated,
  changed,
  float,
  opened,
  outputChange,
  predicted,
  tensorNamed,
} from './support.ts';

interface Layer {
  readonly nodes: readonly NodeProto[];
  readonly weights: readonly number[];
  readonly input: readonly number[];
}

/** The predicted and the real mean squared change of `w` in a model that computes y from x. */
async function bothErrors(
  { nodes, weights, input }: Layer,
  seed: number,
  runtime: Runtime = nodeRuntime,
): Promise<{ expected: number; real: number }> {
  const random = mulberry32(seed);
  const bytes = model({
    nodes,
    initializers: { w: normal(weights, 0.5, random) },
    inputs: [{ name: 'x', type: 1, shape: input.map(() => undefined) }],
    outputs: ['y'],
    opset: 13,
  });
  const feeds: Feeds[] = [{ x: float(input, random) }, { x: float(input, random) }];
  const { calibration, without } = await calibrated(bytes, feeds, runtime);
  const onnx = opened(bytes);
  const w = tensorNamed(onnx, 'w');
  const moments = calibration.get(w.id);
  assert.ok(moments, without.get(w.id) ?? 'no moments');
  assert.equal(moments.columns, w.geometry!.cols);
  const d = Float32Array.from({ length: w.parameters }, () => random() - 0.5);
  const after = changed(onnx, w, d);
  const real = await outputChange(bytes, after.bytes, feeds);
  return { expected: moments.count[0]! * predicted(moments, w.geometry!, d), real };
}

async function agrees(layer: Layer, seed: number, runtime?: Runtime): Promise<void> {
  const { expected, real } = await bothErrors(layer, seed, runtime);
  assert.ok(Math.abs(expected - real) <= 1e-4 * real, `${expected} is not ${real}`);
}

const size = (min: number, max: number) => fc.integer({ min, max });

test('a convolution of 1 to 3 dimensions, in groups, strided, dilated and padded', async () => {
  const dimension = fc.record({
    kernel: size(1, 3),
    stride: size(1, 3),
    dilation: size(1, 2),
    begin: size(0, 2),
    end: size(0, 2),
    size: size(5, 7),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(dimension, { minLength: 1, maxLength: 3 }),
      size(1, 3),
      size(1, 2),
      size(1, 2),
      fc.constantFrom('NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
      fc.integer(),
      async (dims, groups, inner, outer, auto, seed) => {
        // ONNX Runtime refuses SAME with dilations
        const dilations = dims.map((d) => (auto.startsWith('SAME') ? 1 : d.dilation));
        const pads = [...dims.map((d) => d.begin), ...dims.map((d) => d.end)];
        const attributes = [
          intsAttribute(
            'kernel_shape',
            dims.map((d) => d.kernel),
          ),
          intsAttribute(
            'strides',
            dims.map((d) => d.stride),
          ),
          intsAttribute('dilations', dilations),
          intAttribute('group', groups),
          auto === 'NOTSET' ? intsAttribute('pads', pads) : stringAttribute('auto_pad', auto),
        ];
        const layer = {
          nodes: [node('Conv', ['x', 'w'], ['y'], attributes)],
          weights: [groups * outer, inner, ...dims.map((d) => d.kernel)],
          input: [2, groups * inner, ...dims.map((d) => d.size)],
        };
        await agrees(layer, seed);
      },
    ),
    { numRuns: 40, seed: 1 },
  );
});

test('a depthwise convolution has a matrix of its own for every channel', async () => {
  const attributes = [intAttribute('group', 7), intsAttribute('pads', [1, 1, 1, 1])];
  const nodes = [node('Conv', ['x', 'w'], ['y'], attributes)];
  await agrees({ nodes, weights: [7, 1, 3, 3], input: [2, 7, 6, 5] }, 3);
});

test('a kernel that is transposed or reshaped on its way to the convolution', async () => {
  const conv = node('Conv', ['x', 'k'], ['y']);
  const perm = (...axes: number[]) =>
    node('Transpose', ['w'], ['k'], [intsAttribute('perm', axes)]);
  const input = [2, 3, 6, 6];
  await agrees({ nodes: [perm(3, 2, 0, 1), conv], weights: [3, 2, 3, 5], input }, 4);
  await agrees({ nodes: [perm(0, 3, 1, 2), conv], weights: [4, 2, 3, 3], input }, 5);
  await agrees({ nodes: [perm(0, 1, 3, 2), conv], weights: [4, 3, 3, 2], input }, 6);
});

test('a transposed convolution whose outputs do not overlap', async () => {
  await fc.assert(
    fc.asyncProperty(
      size(1, 3),
      size(1, 2),
      size(1, 2),
      fc.integer(),
      async (k, groups, per, seed) => {
        const attributes = [
          intsAttribute('kernel_shape', [k, 2]),
          intsAttribute('strides', [k, 2]),
          intAttribute('group', groups),
        ];
        const layer = {
          nodes: [node('ConvTranspose', ['x', 'w'], ['y'], attributes)],
          weights: [2 * groups, per, k, 2],
          input: [2, 2 * groups, 4, 3],
        };
        await agrees(layer, seed);
      },
    ),
    { numRuns: 15, seed: 1 },
  );
});

test('Gemm with either operand constant and either transposed', async () => {
  for (const transA of [0, 1])
    for (const transB of [0, 1])
      for (const left of [false, true]) {
        const attributes = [intAttribute('transA', transA), intAttribute('transB', transB)];
        const inputs = left ? ['w', 'x'] : ['x', 'w'];
        const a = transA ? [6, 5] : [5, 6];
        const b = transB ? [4, 6] : [6, 4];
        const [input, weights] = left ? [b, a] : [a, b];
        const nodes = [node('Gemm', inputs, ['y'], attributes)];
        await agrees({ nodes, weights, input }, 7 + transA);
      }
});

test('MatMul on either side, batched, with one matrix for all or one for each', async () => {
  const right = [node('MatMul', ['x', 'w'], ['y'])];
  const left = [node('MatMul', ['w', 'x'], ['y'])];
  await agrees({ nodes: right, weights: [5, 4], input: [2, 3, 6, 5] }, 8);
  await agrees({ nodes: right, weights: [5, 4], input: [5] }, 9);
  await agrees({ nodes: left, weights: [4, 5], input: [2, 3, 5, 6] }, 10);
  await agrees({ nodes: right, weights: [3, 5, 4], input: [2, 3, 6, 5] }, 11);
  await agrees({ nodes: left, weights: [3, 4, 5], input: [2, 3, 5, 6] }, 12);
});

test('a matrix reached through Transpose, Unsqueeze and Identity', async () => {
  const nodes = [
    node('Identity', ['w'], ['a']),
    node('Transpose', ['a'], ['b'], [intsAttribute('perm', [1, 0])]),
    node('MatMul', ['x', 'b'], ['y']),
  ];
  await agrees({ nodes, weights: [4, 5], input: [3, 5] }, 13);
});

test('a tensor that two layers use adds the moments of both', async () => {
  const nodes = [
    node('MatMul', ['x', 'w'], ['a']),
    node('Transpose', ['x'], ['t'], [intsAttribute('perm', [1, 0])]),
    node('MatMul', ['t', 'w'], ['b']),
    node('Concat', ['a', 'b'], ['y'], [intAttribute('axis', 0)]),
  ];
  await agrees({ nodes, weights: [5, 4], input: [5, 5] }, 14);
});

test('both runtimes give the same moments', async () => {
  const attributes = [intsAttribute('pads', [1, 1, 1, 1])];
  const nodes = [node('Conv', ['x', 'w'], ['y'], attributes)];
  for (const runtime of bothRuntimes)
    await agrees({ nodes, weights: [4, 3, 3, 3], input: [2, 3, 6, 5] }, 15, runtime);
});
