import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { blockWeights } from '../../../src/compress/coded.ts';
import { blocksOf, weightsOfBlock } from '../../../src/compress/code/encode-block.ts';
import type { PlannedTensor } from '../../../src/compress/layer.ts';
import { compressModel, type CompressionPlan } from '../../../src/compress/pipeline.ts';
import { parseRecipe, presets } from '../../../src/recipe/recipe.ts';
import { layerReport } from '../../../src/compress/report.ts';
import { decodedStatistics } from '../../../src/compress/statistics.ts';
import { assignmentOfBlock } from '../../../src/compress/share/assignment.ts';
import { largestOf, levelCodebook, levelValues } from '../../../src/compress/share/grid.ts';
import { runTask } from '../../../src/compress/tasks.ts';
import { fakeModel, gaussian, inlineRunner, sourceOf, type FakeTensor } from './model.ts';
import { decodeBlock } from './decode-once.ts';

async function compress(
  layers: readonly FakeTensor[],
  recipe: object | string,
  seed = 1,
): Promise<CompressionPlan> {
  const model = fakeModel(layers);
  let last = 0;
  const plan = await compressModel(
    model,
    parseRecipe(recipe),
    seed,
    inlineRunner(model),
    undefined,
    ({ fraction }) => {
      assert.ok(fraction >= last && fraction <= 1);
      last = fraction;
    },
  );
  if (plan.tensors.length > 0) assert.equal(last, 1);
  for (const planned of plan.tensors) {
    const { coded, assignment } = planned;
    const { blocks, ...coding } = coded;
    assert.equal(blocks.length, blocksOf(coded.weights));
    blocks.forEach((block, b) => {
      const task = {
        kind: 'verify',
        block: b,
        assignment: assignmentOfBlock(assignment, b),
        coding,
        coded: block,
      } as const;
      const result = runTask(sourceOf(model, coded.tensor), structuredClone(task));
      assert.deepEqual(result, {
        kind: 'verify',
        weights: weightsOfBlock(coded.weights, b),
        difference: -1,
      });
    });
  }
  return plan;
}

function valuesOf({ coded }: PlannedTensor): Float64Array {
  const codes = new Uint16Array(coded.weights);
  for (let b = 0; b < coded.blocks.length; b++) {
    decodeBlock(coded, b, codes.subarray(b * blockWeights, (b + 1) * blockWeights));
  }
  const { codebook, grid, dtype, weights } = coded;
  if (grid === undefined) return Float64Array.from(codes, (c) => codebook[c]);
  const values = new Float64Array(weights);
  levelValues(grid, dtype, codebook, codes, weights, 0, values);
  return values;
}

const zeros = (values: ArrayLike<number>): number =>
  Array.from(values).filter((v) => v === 0).length;

const std = (values: Float32Array): number => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
};

test('every preset without a goal plans a small network, and what it plans verifies', async () => {
  const layers: FakeTensor[] = [
    { shape: [16, 8, 3, 3], values: gaussian(1152, 1), kind: 'conv' },
    { shape: [40, 50], values: gaussian(2000, 2) },
    { shape: [400], values: gaussian(400, 3), role: 'bias' },
    { shape: [20, 100], values: gaussian(2000, 4).map((v) => Math.round(v * 50) / 64) },
  ];
  for (const preset of presets.filter(({ goal }) => !goal)) {
    const plan = await compress(layers, preset);
    const ids = plan.tensors.map((t) => t.coded.tensor);
    assert.deepEqual(ids, preset.name === 'keep' ? [3] : [0, 1, 3], preset.name);
    for (const { coded, stats } of plan.tensors) {
      const { codeCounts } = stats;
      if (coded.grid !== undefined) {
        const largest = largestOf(coded.codebook);
        assert.deepEqual(coded.codebook, levelCodebook(largest));
        assert.ok(codeCounts[1] + codeCounts[2 * largest] > 0, 'levels go as far as weights do');
        continue;
      }
      assert.ok(coded.codebook.length <= 257);
      assert.equal(coded.codebook[0], 0);
      assert.ok(coded.codebook.every((v) => Math.fround(v) === v));
      assert.ok(
        codeCounts.every((n, c) => c === 0 || n > 0),
        'no unused value',
      );
    }
  }
});

test('the threshold prunes exactly the weights below quality x standard deviation', async () => {
  const values = gaussian(30000, 5);
  const recipe = { name: 'x', prune: { method: 'threshold', quality: 0.7 } };
  const plan = await compress([{ shape: [100, 300], values }], recipe);
  const limit = 0.7 * std(values);
  const restored = valuesOf(plan.tensors[0]);
  restored.forEach((r, i) => {
    if (Math.abs(Math.abs(values[i]) - limit) < 1e-9) return;
    assert.equal(r === 0, Math.abs(values[i]) < limit, `${values[i]} became ${r}`);
  });
});

test('a target sparsity is met to the weight, in one block and in several', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(300, 5000, 16385, 40000),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.nat(1000),
      async (n, target, seed) => {
        const values = gaussian(n, seed);
        const recipe = {
          name: 'x',
          prune: { method: 'sparsity', target },
          share: { bits: 3 },
        };
        const plan = await compress([{ shape: [1, n], values }], recipe);
        const pruned = plan.tensors[0].stats.codeCounts[0];
        // values that occur twice cannot be split; a centroid may round to zero
        assert.ok(Math.abs(pruned - Math.round(target * n)) <= 2, `${pruned} of ${target * n}`);
      },
    ),
    { numRuns: 25 },
  );
  const n = blockWeights + 5000;
  const values = gaussian(n, 9);
  const recipe = { name: 'x', prune: { method: 'sparsity', target: 0.9 }, share: { bits: 2 } };
  const plan = await compress([{ shape: [1, n], values }], recipe);
  const pruned = plan.tensors[0].stats.codeCounts[0];
  assert.ok(Math.abs(pruned - Math.round(0.9 * n)) <= 5, `${pruned}`);
});

test('a tie at the threshold goes whole, to the nearer side', async () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => [0.1, -0.2, 0.3, 0.4][i & 3]);
  for (const [target, expected] of [
    [0.05, 0],
    [0.2, 250],
    [0.3, 250],
    [0.45, 500],
    [0.74, 750],
    [1, 1000],
  ]) {
    const recipe = { name: 'x', prune: { method: 'sparsity', target } };
    const plan = await compress([{ shape: [10, 100], values }], recipe);
    assert.equal(plan.tensors[0].stats.codeCounts[0], expected, String(target));
  }
});

test('a global target is shared out by magnitude in standard deviations', async () => {
  const uniform = Float32Array.from({ length: 20000 }, (_, i) => ((i * 7919) % 20000) / 1e4 - 1);
  const layers: FakeTensor[] = [
    { shape: [100, 200], values: gaussian(20000, 1, 0.001) },
    { shape: [100, 200], values: gaussian(20000, 2, 10) },
    { shape: [100, 200], values: uniform },
  ];
  const recipe = { name: 'x', prune: { method: 'global', target: 0.6 }, share: { bits: 6 } };
  const plan = await compress(layers, recipe);
  const pruned = plan.tensors.map((t) => t.stats.codeCounts[0]);
  const total = pruned.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total - 36000) <= 10, `${total}`);
  // scale does not matter, the shape of the distribution does
  assert.ok(Math.abs(pruned[0] - pruned[1]) < 400, pruned.join());
  assert.ok(pruned[2] < pruned[0] - 1000, pruned.join());
});

test('lamp prunes what has the least share of the squares that are at least as large', async () => {
  const layers: FakeTensor[] = [
    { shape: [100, 200], values: gaussian(20000, 1, 0.001) },
    { shape: [30, 40], values: gaussian(1200, 2, 10) },
    { shape: [100, 100], values: gaussian(10000, 3, 1).map((v) => v ** 3) },
  ];
  const target = 0.9;
  const recipe = { name: 'x', prune: { method: 'lamp', target }, share: { bits: 6 } };
  const plan = await compress(layers, recipe);
  // the definition, by sorting
  const scores = layers.map(({ values }) => {
    const squares = Float64Array.from(values, (v) => v * v).sort();
    let rest = 0;
    return squares.reverse().map((q) => q / (rest += q));
  });
  const all = Float64Array.from(scores.flatMap((s) => [...s])).sort();
  const wanted = Math.round(target * all.length);
  const expected = scores.map((s) => s.filter((score) => score < all[wanted]).length);
  const pruned = plan.tensors.map((t) => t.stats.codeCounts[0]);
  const total = pruned.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total - wanted) <= 10, `${total} ${wanted}`);
  pruned.forEach((n, i) =>
    assert.ok(Math.abs(n - expected[i]) <= 0.002 * all.length, `${pruned} ${expected}`),
  );
  assert.ok(pruned[1] / 1200 < pruned[0] / 20000, 'a small layer keeps a larger share');
});

test('with nothing to prune, only zeros have code 0', async () => {
  const values = gaussian(4000, 8);
  values.fill(0, 100, 200);
  values[0] = -0;
  const plan = await compress([{ shape: [40, 100], values }], 'conservative');
  assert.equal(plan.tensors[0].stats.codeCounts[0], 101);
});

test('keep restores every bit: minus zero, sparse layers, every dtype', async () => {
  const grid = gaussian(6000, 4).map((v) => Math.round(v * 100) / 128);
  grid[17] = -0;
  for (const dtype of ['float32', 'float16', 'bfloat16', 'float64'] as const) {
    const plan = await compress([{ shape: [60, 100], values: grid, dtype }], 'keep');
    const restored = valuesOf(plan.tensors[0]);
    restored.forEach((v, i) => assert.ok(Object.is(v, grid[i]), `${v} ${grid[i]}`));
    assert.equal(plan.tensors[0].stats.rmse, 0);
  }
});

test('keep takes 256 distinct values and leaves 257 alone, zeros not counted', async () => {
  const layer = (count: number): FakeTensor => ({
    name: 'w',
    shape: [100, 100],
    values: Float32Array.from({ length: 10000 }, (_, i) => (i % (count + 1)) / 8),
  });
  const kept = await compress([layer(256)], 'keep');
  assert.equal(kept.tensors[0].coded.codebook.length, 257);
  const left = await compress([layer(257)], 'keep');
  assert.equal(left.tensors.length, 0);
  assert.deepEqual([...left.left], [[0, 'it has more than 256 distinct values']]);
  const many = Float32Array.from({ length: blockWeights + 9 }, (_, i) =>
    i < blockWeights ? (i & 1 ? 1 : 2) : i,
  );
  many.subarray(blockWeights).forEach((_, i, tail) => (tail[i] = i + 3));
  const across = await compress([{ shape: [1, many.length], values: many }], 'keep');
  assert.equal(across.tensors[0].coded.codebook.length, 12);
});

test('layers stay as they are, with a note, when they must', async () => {
  const bad = gaussian(1000, 1);
  bad[5] = NaN;
  const infinite = gaussian(1000, 1);
  infinite[5] = -Infinity;
  const values = gaussian(1000, 2);
  const plan = await compress(
    [
      { name: 'nan', shape: [10, 100], values: bad },
      { name: 'inf', shape: [10, 100], values: infinite },
      { name: 'fixed', shape: [10, 100], values, fixed: 'its data is missing' },
      { name: 'tiny', shape: [10], values: values.subarray(0, 10) },
      { name: 'wide', shape: [2, 150], values: values.subarray(0, 300) },
      { name: 'bias', shape: [1000], values, role: 'bias' },
    ],
    'conservative',
  );
  assert.deepEqual(plan.tensors, []);
  assert.deepEqual(
    [...plan.left],
    [
      [2, 'its data is missing'],
      [0, 'it has values that are not finite'],
      [1, 'it has values that are not finite'],
      [4, 'it would not become smaller'],
    ],
  );
});

test('the bits of a recipe bound the codebook, zero included', async () => {
  const values = gaussian(20000, 6);
  for (let bits = 1; bits <= 8; bits++) {
    for (const method of ['kmeans', 'optimal']) {
      const recipe = { name: 'x', share: { method, bits }, prune: { method: 'threshold' } };
      const plan = await compress([{ shape: [100, 200], values }], recipe);
      const size = plan.tensors[0].coded.codebook.length;
      assert.ok(size <= 2 ** bits && size > 2 ** (bits - 1), `${size} for ${bits}`);
    }
  }
});

test('optimal sharing has at most the error of k-means', async () => {
  const values = gaussian(50000, 6);
  const rmse = async (share: object): Promise<number> =>
    (await compress([{ shape: [100, 500], values }], { name: 'x', share })).tensors[0].stats.rmse;
  const best = await rmse({ method: 'optimal', bits: 5 });
  for (const init of ['linear', 'density', 'random']) {
    assert.ok(best <= (await rmse({ bits: 5, init })) * 1.0001, init);
  }
});

test('kernels, rows of kernels and filters are pruned whole', async () => {
  const values = gaussian(8 * 6 * 9, 3);
  const shape = [8, 6, 3, 3];
  for (const [granularity, size] of [
    ['vector', 3],
    ['kernel', 9],
    ['filter', 54],
  ] as const) {
    const recipe = {
      name: 'x',
      prune: { method: 'sparsity', target: 0.5, granularity },
      share: { bits: 4 },
    };
    const plan = await compress([{ shape, values, kind: 'conv' }], recipe);
    const restored = valuesOf(plan.tensors[0]);
    const norms: { norm: number; pruned: boolean }[] = [];
    for (let at = 0; at < values.length; at += size) {
      const gone = zeros(restored.subarray(at, at + size));
      assert.ok(gone === 0 || gone === size, granularity);
      const norm = values.subarray(at, at + size).reduce((a, b) => a + Math.abs(b), 0);
      norms.push({ norm, pruned: gone > 0 });
    }
    norms.sort((a, b) => a.norm - b.norm);
    const half = norms.length / 2;
    assert.ok(
      norms.every(({ pruned }, i) => pruned === i < half),
      granularity,
    );
  }
});

test('the same recipe and seed give the same plan, another seed another random beginning', async () => {
  const layers = [{ shape: [100, 100], values: gaussian(10000, 7) }];
  const recipe = { name: 'x', share: { bits: 4, init: 'random' } };
  const a = await compress(layers, recipe, 3);
  assert.deepEqual(a, await compress(layers, recipe, 3));
  assert.notDeepEqual(
    a.tensors[0].coded.codebook,
    (await compress(layers, recipe, 4)).tensors[0].coded.codebook,
  );
});

test('the index and the coder of a recipe are kept, auto takes the smaller coder', async () => {
  const values = gaussian(40000, 7);
  const bytes = async (coder: string, bits: number | 'auto' = 'auto'): Promise<number> => {
    const recipe = {
      name: 'x',
      coder,
      index: { bits },
      prune: { method: 'sparsity', target: 0.9 },
      share: { bits: 4 },
    };
    const plan = await compress([{ shape: [200, 200], values }], recipe);
    const { coded } = plan.tensors[0];
    if (coder !== 'auto') assert.equal(coded.coder, coder);
    if (coder === 'huffman' && bits !== 'auto') assert.equal(coded.indexBits, bits);
    return coded.blocks.reduce((sum, b) => sum + b.values.length + b.gaps.length, 0);
  };
  const tables = 64; // the choice counts code tables, this test does not
  const huffman = await bytes('huffman');
  for (const bits of [2, 3, 4, 5, 6, 8]) {
    assert.ok(huffman <= (await bytes('huffman', bits)) + tables);
  }
  assert.ok((await bytes('auto')) <= Math.min(huffman, await bytes('arithmetic')) + tables);
});

test('cancelling stops the pipeline with the cancellation error', async () => {
  const model = fakeModel([{ shape: [100, 100], values: gaussian(10000, 7) }]);
  const abort = new AbortController();
  await assert.rejects(
    compressModel(model, parseRecipe('eie'), 1, inlineRunner(model), abort.signal, () =>
      abort.abort(),
    ),
    { code: 'cancelled' },
  );
});

test('a report has the paper’s figures, the same from the plan and from the blocks', async () => {
  const values = gaussian(40000, 7);
  for (const coder of ['huffman', 'arithmetic']) {
    const plan = await compress([{ shape: [200, 200], values }], {
      name: 'x',
      coder,
      index: { bits: 4 },
      prune: { method: 'sparsity', target: 0.9 },
      share: { bits: 5 },
    });
    const { coded, stats } = plan.tensors[0];
    const decoded = decodedStatistics(coded, stats.rmse);
    let step = decoded.next();
    while (!step.done) step = decoded.next();
    assert.deepEqual(step.value, stats);
    const bytes = { values: 1, index: 2, codebook: 3, tables: 4, total: 10 };
    const r = layerReport({ name: 'w', op: 'Gemm', shape: [200, 200] }, coded, stats, bytes);
    assert.equal(r.nonzeros, 4000);
    assert.equal(r.sparsity, 0.9);
    assert.equal(r.codebookSize, coded.codebook.length);
    assert.ok(r.codebookSize > 16);
    assert.equal(r.valueBits, 5);
    assert.equal(r.entries, r.nonzeros + r.fillers);
    if (coder === 'huffman') assert.ok(r.fillers > 0);
    assert.ok(r.huffmanBits.value >= r.entropyBits.value);
    assert.equal(r.grid, undefined);
    assert.ok(r.huffmanBits.index < r.entropyBits.index + 1);
    const rate = (r.entries * (5 + r.indexBits) + 32 * r.codebookSize) / (32 * 40000);
    assert.ok(Math.abs(r.paper.prunedQuantized - rate) < 1e-12);
    assert.ok(r.paper.prunedQuantizedHuffman < r.paper.prunedQuantized);
    if (coder === 'huffman') {
      assert.equal(r.indexBits, 4);
      assert.equal(coded.blocks[0].entries, r.entries);
      const stored = coded.blocks[0].values.length + coded.blocks[0].gaps.length;
      const bits = (r.huffmanBits.value + r.huffmanBits.index) * r.entries;
      assert.ok(Math.abs(stored - bits / 8) <= 2);
    }
  }
});

test('a report counts the scales of a grid where it counts shared values, and calls no level one', async () => {
  const values = gaussian(40000, 7);
  for (const coder of ['huffman', 'arithmetic']) {
    const share = { method: 'grid', bits: 5 };
    const plan = await compress([{ shape: [200, 200], values }], { name: 'x', coder, share });
    const { coded, stats } = plan.tensors[0];
    const bytes = { values: 1, index: 2, codebook: 3, tables: 4, total: 10 };
    const r = layerReport({ name: 'w', op: 'Gemm', shape: [200, 200] }, coded, stats, bytes);
    assert.deepEqual([r.codebookSize, r.valueBits], [0, 5]);
    assert.deepEqual(r.grid, { levels: 31, channels: 200, columns: 0 });
    const rate = (r.entries * (5 + r.indexBits) + 32 * 200) / (32 * 40000);
    assert.ok(Math.abs(r.paper.prunedQuantized - rate) < 1e-12);
  }
});
