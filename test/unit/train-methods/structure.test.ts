/** Pruning and sharing of values under training, against plain sorts and loops. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import type { LayerRecipe, PruneRecipe, ShareRecipe } from '../../../src/compress/recipe.ts';
import { SortedPoints } from '../../../src/compress/share/clusters.ts';
import { initialCentroids } from '../../../src/compress/share/kmeans.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
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
import { temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const digits = join('media', 'samples', 'mnist-test-digits.npz');

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
    share: { method: 'kmeans', bits: 4, init: 'linear', noise: 0, ...share },
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

/** Every weight for itself. */
const pointsOf = (weights: Float32Array): SortedPoints =>
  new SortedPoints({
    values: Float64Array.from(weights).sort(),
    counts: new Float64Array(weights.length).fill(1),
  });

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

for (const bits of [3, 5])
  test(`${bits} bits of a trained network, from linear, density and random beginnings`, async (t) => {
    const model = fromBinary(
      ModelProtoSchema,
      new Uint8Array(readFileSync(join('media', 'samples', 'lenet-300-100.onnx'))),
    );
    const weights = model.graph!.initializer.filter(({ dims }) => dims.length === 2);
    assert.equal(weights.length, 3);
    const originals = weights.map(({ rawData }) => new Float32Array(rawData.slice().buffer));
    const largest: Record<string, number[]> = {};
    for (const init of ['linear', 'density', 'random'] as const) {
      largest[init] = [];
      const shared: number[] = [];
      for (const [at, original] of originals.entries()) {
        const prune = { method: 'sparsity', target: 0.9 } as const;
        const l = layer(original.length, at, prune, { bits, init });
        l.parameter.values.set(original);
        await pruneLayers([l], 1);
        const survivors = l.parameter.values.slice();
        const points = pointsOf(survivors.filter((v) => v !== 0));
        const beginning = initialCentroids(points, 2 ** bits - 1, init, 1);
        largest[init].push(Math.max(...beginning.map(Math.abs)));
        await shareValues(l, 1);
        const { structure, values } = l.parameter;
        assert.ok(structure.kind === 'shared');
        const centroids = [...structure.codebook.slice(1)];
        assert.ok(centroids.length > 1 && centroids.length < 2 ** bits);
        const sums = structure.codebook.map(() => 0);
        const counts = structure.codebook.map(() => 0);
        structure.codes.forEach((code, i) => {
          sums[code]! += survivors[i]!;
          counts[code]!++;
        });
        centroids.forEach((c, i) => {
          assert.ok(Number.isFinite(c) && (i === 0 || c > centroids[i - 1]!), 'ascending');
          // converged: the mean of its members, to the width of a histogram's bin
          const mean = sums[i + 1]! / counts[i + 1]!;
          assert.ok(Math.abs(c - mean) <= Math.abs(c) / 512, `${init}: ${c} of ${mean}`);
        });
        shared.push(Math.max(...centroids.map(Math.abs)));
        weights[at]!.rawData = new Uint8Array(values.slice().buffer);
      }
      const path = join(folder, `${init}-${bits}.onnx`);
      writeFileSync(path, toBinary(ModelProtoSchema, model));
      const jobs = allJobs({ workerFile: undefined, ortFolder, native: true });
      const { top1 } = await jobs.evaluate(
        { file: { path }, data: { file: { path: digits } }, normalisation: { scale: 1 / 256 } },
        new AbortController().signal,
        () => {},
      );
      t.diagnostic(
        `${init}: ${(100 * top1!).toFixed(1)} % of 1,000 digits, not retrained; ` +
          `largest value of each layer ${shared.map((v) => v.toFixed(3)).join(', ')}`,
      );
    }
    // section 3.2: few weights are large. A linear beginning represents them, a density one need not;
    // how much of that is left when the values have converged depends on the layer
    largest['linear']!.forEach((most, i) => assert.ok(most > largest['density']![i]!));
  });

test("Deep Compression's worked example: gradients are summed by cluster and move the shared values", async () => {
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
  const sums = variableGradients(parameter, [gradient]);
  const near = (a: ArrayLike<number>, b: readonly number[]): void =>
    b.forEach((v, i) => assert.ok(Math.abs(a[i]! - v) < 1e-6, `${i}: ${a[i]} is not ${v}`));
  near(sums[0]![0]!, [0, -0.03, 0.04, 0.02, 0.04]);
  const optimizer = new Optimizer(
    { kind: 'sgd', momentum: 0 },
    { l1: 0, l2: 0 },
    trainedOf(parameter, false),
  );
  await optimizer.step(sums, 1);
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
