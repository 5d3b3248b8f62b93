/** Removal of dead units in a network that runs: the output must not change where it may not. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { intAttribute, intsAttribute } from '../../../src/model/proto-attributes.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import {
  decodeGraph,
  encodeGraph,
  floatTensor,
  floatValues,
  shapeOf,
} from '../../../src/train/graph.ts';
import { layerPairs, removeDeadUnits } from '../../../src/train/methods/dead-units.ts';
import { weightsAfterDropout } from '../../../src/train/methods/dropout.ts';
import type { Parameter } from '../../../src/train/methods/parameters.ts';
import { maskOf } from '../../../src/train/optimizer.ts';
import { model, node, normal } from '../train/models.ts';
import { nodeRuntime } from '../train/runtimes.ts';

const random = mulberry32(11);
/** Conv(3) - Relu - MaxPool - Flatten - Gemm transB(5) - Relu - Dropout - Gemm(2) */
const bytes = model({
  nodes: [
    node('Conv', ['x', 'conv', 'convBias'], ['a']),
    node('Relu', ['a'], ['b']),
    node(
      'MaxPool',
      ['b'],
      ['c'],
      [intsAttribute('kernel_shape', [2, 2]), intsAttribute('strides', [2, 2])],
    ),
    node('Flatten', ['c'], ['d']),
    node('Gemm', ['d', 'fc1', 'fc1Bias'], ['e'], [intAttribute('transB', 1)]),
    node('Relu', ['e'], ['f']),
    node('Dropout', ['f'], ['g']),
    node('Gemm', ['g', 'fc2'], ['y']),
  ],
  initializers: {
    conv: normal([3, 1, 3, 3], 1, random),
    convBias: normal([3], 1, random),
    fc1: normal([5, 12], 1, random),
    fc1Bias: normal([5], 1, random),
    fc2: normal([5, 2], 1, random),
  },
  inputs: [{ name: 'x', type: 1, shape: ['n', 1, 6, 6] }],
  outputs: ['y'],
});
const graph = decodeGraph(bytes);

function parameters(): Map<string, Parameter> {
  return new Map(
    [...graph.initializers].map(([name, tensor]) => {
      const values = floatValues(tensor, name);
      const isWeight = !name.endsWith('Bias');
      return [
        name,
        { name, shape: shapeOf(tensor), values, isWeight, structure: { kind: 'dense' } },
      ];
    }),
  );
}

async function output(all: ReadonlyMap<string, Parameter>): Promise<Float32Array> {
  const changed = decodeGraph(bytes);
  for (const [name, { shape, values }] of all)
    changed.initializers.set(name, floatTensor(shape, values));
  const session = await nodeRuntime.open(encodeGraph(changed));
  const again = mulberry32(2);
  const data = Float32Array.from({ length: 4 * 36 }, () => again() - 0.5);
  const { y } = await session.run({ x: { type: 'float32', dims: [4, 1, 6, 6], data } });
  await session.close();
  return y!.data as Float32Array;
}

const mask = (p: Parameter): void => void (p.structure = { kind: 'dense', mask: maskOf(p.values) });

test('layers that feed each other are found through activations, pooling and flattening', () => {
  assert.deepEqual(layerPairs(graph), [
    { from: 'conv', bias: 'convBias', to: 'fc1', units: 3, fromAxis: 0, toAxis: 1 },
    { from: 'fc1', bias: 'fc1Bias', to: 'fc2', units: 5, fromAxis: 0, toAxis: 0 },
  ]);
});

test('units that reach nothing go, their inputs and biases too, and the output stays the same', async () => {
  const all = parameters();
  const [conv, fc1, fc2] = ['conv', 'fc1', 'fc2'].map((n) => all.get(n)!);
  // unit 3 of fc1 reaches nothing; without it filter 1 reaches nothing either
  fc2!.values.fill(0, 6, 8);
  for (const row of [0, 1, 2, 4]) fc1!.values.fill(0, row * 12 + 4, row * 12 + 8);
  for (const p of [conv!, fc1!, fc2!]) mask(p);
  const before = await output(all);
  assert.equal(removeDeadUnits(all, layerPairs(graph)), 2);
  assert.ok(fc1!.values.subarray(36, 48).every((v) => v === 0));
  assert.equal(all.get('fc1Bias')!.values[3], 0);
  assert.ok(conv!.values.subarray(9, 18).every((v) => v === 0));
  assert.ok(conv!.values.subarray(0, 9).every((v) => v !== 0));
  assert.equal(all.get('convBias')!.values[1], 0);
  const { structure } = all.get('convBias')!;
  assert.ok(structure.kind === 'dense');
  assert.deepEqual([...structure.mask!], [1, 0, 1]);
  assert.deepEqual(await output(all), before);
  assert.equal(removeDeadUnits(all, layerPairs(graph)), 0);
});

test('units that nothing reaches go with all they reach', () => {
  const all = parameters();
  const [fc1, fc2] = ['fc1', 'fc2'].map((n) => all.get(n)!);
  fc1!.values.fill(0, 0, 12);
  mask(fc1!);
  mask(fc2!);
  assert.equal(removeDeadUnits(all, layerPairs(graph)), 1);
  assert.deepEqual([...fc2!.values.subarray(0, 2)], [0, 0]);
  assert.equal(all.get('fc1Bias')!.values[0], 0);
});

test('layers that were not pruned keep all units', () => {
  const all = parameters();
  all.get('fc2')!.values.fill(0);
  assert.equal(removeDeadUnits(all, layerPairs(graph)), 0);
});

test('a Dropout belongs to the layer behind it', () => {
  const isWeight = (name: string): boolean => name === 'fc1' || name === 'fc2';
  assert.deepEqual([...weightsAfterDropout(graph, isWeight)], [['g', 'fc2']]);
});
