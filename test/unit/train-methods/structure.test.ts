/** Pruning and sharing of values under training, against plain sorts and loops. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { LayerRecipe, PruneRecipe, ShareRecipe } from '../../../src/compress/recipe.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { Optimizer } from '../../../src/train/optimizer.ts';
import {
  initialStructure,
  restore,
  snapshot,
  sparsityOf,
  spread,
  trainedOf,
  variableGradients,
  type Parameter,
} from '../../../src/train/methods/parameters.ts';
import { pruneLayers, shareValues, type Layer } from '../../../src/train/methods/structure.ts';

function layer(
  count: number,
  seed: number,
  prune: Partial<PruneRecipe> = {},
  share: Partial<ShareRecipe> = {},
): Layer {
  const random = mulberry32(seed);
  const values = Float32Array.from({ length: count }, () => (random() - 0.5) * (1 + seed));
  const parameter: Parameter = {
    name: `w${seed}`,
    shape: [count, 1],
    values,
    isWeight: true,
    structure: { kind: 'dense' },
  };
  const recipe: LayerRecipe = {
    prune: { method: 'none', quality: 0.5, target: 0.5, granularity: 'weight', ...prune },
    share: { method: 'kmeans', bits: 4, init: 'linear', ...share },
    index: { bits: 'auto' },
    coder: 'huffman',
  };
  const tensor: Layer['tensor'] = {
    id: seed,
    name: parameter.name,
    path: '',
    dtype: 'float32',
    shape: [count, 1],
    parameters: count,
    storage: 'raw_data',
    bytes: 4 * count,
    role: 'weight',
    op: 'Gemm',
    sparse: false,
    file: 0,
  };
  return { parameter, tensor, recipe };
}

const zeros = ({ values }: Parameter): number => values.filter((v) => v === 0).length;

test('a sparsity is met by the smallest magnitudes, in steps that never bring a weight back', async () => {
  const l = layer(2000, 1, { method: 'sparsity', target: 0.8 });
  const original = l.parameter.values.slice();
  const order = [...original.keys()].sort(
    (a, b) => Math.abs(original[a]!) - Math.abs(original[b]!),
  );
  for (const part of [0.5, 0.9, 1]) {
    await pruneLayers([l], part);
    const gone = Math.round(2000 * 0.8 * part);
    assert.equal(zeros(l.parameter), gone);
    assert.ok(order.slice(0, gone).every((i) => l.parameter.values[i] === 0));
    assert.ok(order.slice(gone).every((i) => l.parameter.values[i] === original[i]));
  }
  const { structure } = l.parameter;
  assert.ok(structure.kind === 'dense' && structure.mask);
  assert.deepEqual(
    [...structure.mask],
    [...l.parameter.values].map((v) => (v === 0 ? 0 : 1)),
  );
});

test('a global target is met by all layers together, each in its own standard deviation', async () => {
  const [a, b] = [1, 2].map((seed) => layer(1000 * seed, seed, { method: 'global', target: 0.6 }));
  await pruneLayers([a!, b!], 1);
  assert.equal(zeros(a!.parameter) + zeros(b!.parameter), 1800);
  assert.ok(Math.abs(zeros(a!.parameter) / 1000 - 0.6) < 0.05);
});

test('a quality cuts at that many standard deviations', async () => {
  const l = layer(3000, 3, { method: 'threshold', quality: 0.7 });
  const { values } = l.parameter;
  const mean = values.reduce((s, v) => s + v, 0) / 3000;
  const std = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / 3000);
  const expected = values.filter((v) => Math.abs(v) < 0.7 * std).length;
  await pruneLayers([l], 1);
  assert.equal(zeros(l.parameter), expected);
});

test('shared values: zeros stay zeros, others take the nearest of at most 2^bits - 1', async () => {
  const l = layer(2000, 4, { method: 'sparsity', target: 0.5 }, { bits: 3 });
  await pruneLayers([l], 1);
  const pruned = l.parameter.values.slice();
  await shareValues(l, 1);
  const { structure, values } = l.parameter;
  assert.ok(structure.kind === 'shared');
  assert.ok(structure.codebook.length <= 8 && structure.codebook[0] === 0);
  const centroids = [...structure.codebook.slice(1)];
  pruned.forEach((v, i) => {
    if (v === 0) return assert.equal(values[i], 0);
    const least = Math.min(...centroids.map((c) => Math.abs(c - v)));
    assert.ok(Math.abs(Math.abs(values[i]! - v) - least) < 1e-6);
  });
});

test("Deep Compression's worked example: gradients are summed by cluster and move the shared values", () => {
  // Figure 3, with the zero cluster as a value like others (code 2)
  const codes = [
    [4, 1, 3, 2],
    [2, 2, 1, 4],
    [1, 4, 2, 1],
    [4, 2, 3, 3],
  ].flat();
  const codebook = Float32Array.of(0, -1, 0, 1.5, 2);
  const parameter: Parameter = {
    name: 'w',
    shape: [4, 4],
    values: new Float32Array(16),
    isWeight: true,
    structure: { kind: 'shared', codes: Uint8Array.from(codes), codebook },
  };
  const gradient = Float32Array.of(
    ...[-0.03, -0.01, 0.03, 0.02, -0.01, 0.01, -0.02, 0.12],
    ...[-0.01, 0.02, 0.04, 0.01, -0.07, -0.02, 0.01, -0.02],
  );
  const sums = variableGradients(parameter, gradient);
  const near = (a: ArrayLike<number>, b: readonly number[]): void =>
    b.forEach((v, i) => assert.ok(Math.abs(a[i]! - v) < 1e-6, `${i}: ${a[i]} is not ${v}`));
  near(sums[0]!, [0, -0.03, 0.04, 0.02, 0.04]);
  const optimizer = new Optimizer(
    { kind: 'sgd', momentum: 0 },
    { l1: 0, l2: 0 },
    trainedOf(parameter, false),
  );
  optimizer.step(sums, 1);
  spread(parameter);
  near(codebook, [0, -0.97, -0.04, 1.48, 1.96]);
  near(
    parameter.values,
    codes.map((c) => [0, -0.97, -0.04, 1.48, 1.96][c]!),
  );
});

test('a snapshot brings back dense and shared values', async () => {
  const a = layer(100, 5);
  const b = layer(100, 6);
  await shareValues(b, 1);
  const parameters = [a.parameter, b.parameter];
  const before = parameters.map((p) => p.values.slice());
  const kept = snapshot(parameters);
  a.parameter.values.fill(7);
  if (b.parameter.structure.kind === 'shared') b.parameter.structure.codebook.fill(3);
  spread(b.parameter);
  assert.equal(b.parameter.values[0], 3);
  restore(parameters, kept);
  assert.deepEqual(
    parameters.map((p) => p.values),
    before,
  );
});

test('zeros that a weight tensor comes with are kept; biases and untrained tensors are free', () => {
  const some = Float32Array.of(0, 1, 0, 2);
  const masked = initialStructure(some, true);
  assert.ok(masked.kind === 'dense' && masked.mask);
  assert.deepEqual([...masked.mask], [0, 1, 0, 1]);
  assert.deepEqual(initialStructure(some, false), { kind: 'dense' });
  assert.deepEqual(initialStructure(new Float32Array(4), true), { kind: 'dense', mask: undefined });
  const parameter = { name: 'w', shape: [4], values: some, isWeight: true, structure: masked };
  assert.equal(sparsityOf([parameter, { ...parameter, isWeight: false }]), 0.5);
});
