import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { blockWeights } from '../../../src/compress/coded.ts';
import { decodeLevels, encodeLevels } from '../../../src/compress/code/levels.ts';
import { BlockDecoder } from '../../../src/compress/code/decode-block.ts';
import type { PlannedTensor } from '../../../src/compress/layer.ts';
import { compressModel, type CompressionPlan } from '../../../src/compress/pipeline.ts';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { assignmentOfBlock } from '../../../src/compress/share/assignment.ts';
import { channelExtents, channelRange } from '../../../src/compress/share/channels.ts';
import {
  codeOf,
  layoutOf,
  levelCodebook,
  levelOf,
  type AssignedGrid,
  type Grid,
} from '../../../src/compress/share/grid.ts';
import {
  nearestScale,
  scaleFrom,
  scaleLimit,
  scaleOf,
} from '../../../src/compress/share/scales.ts';
import { runTask } from '../../../src/compress/tasks.ts';
import { fakeModel, inlineRunner, sourceOf, type FakeTensor } from './model.ts';
import { gaussian as normal, randomGridOf, scaleAt } from '../container/random-models.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { restoreBlock } from './decode-once.ts';

async function compress(
  layers: readonly FakeTensor[],
  share: object,
  assigned?: ReadonlyMap<number, AssignedGrid>,
): Promise<CompressionPlan> {
  const model = fakeModel(layers);
  const recipe = parseRecipe({ name: 'grid', share, coder: 'arithmetic', minimumWeights: 1 });
  const plan = await compressModel(
    model,
    recipe,
    1,
    inlineRunner(model),
    undefined,
    () => undefined,
    assigned,
  );
  for (const { coded, assignment } of plan.tensors) {
    const { blocks, ...coding } = coded;
    blocks.forEach((block, b) => {
      const task = {
        ...({ kind: 'verify', block: b, coding, coded: block } as const),
        assignment: assignmentOfBlock(assignment, b),
      };
      const result = runTask(sourceOf(model, coded.tensor), structuredClone(task));
      assert.ok(result.kind === 'verify' && result.difference === -1);
    });
  }
  return plan;
}

/** Restored values through the payload bytes, block by block. */
function restored({ coded }: PlannedTensor): Float32Array {
  assert.equal(coded.dtype, 'float32');
  const bytes = new Uint8Array(4 * coded.weights);
  const decoder = new BlockDecoder(coded);
  coded.blocks.forEach((block, b) => {
    const start = b * blockWeights;
    const n = Math.min(blockWeights, coded.weights - start);
    const codes = new Uint16Array(n);
    decoder.decode(b, block, codes);
    restoreBlock(coded, codes, bytes.subarray(4 * start, 4 * (start + n)), start);
  });
  return new Float32Array(bytes.buffer);
}

test('the table of scales holds the roots of two to the nearest 2^-15', () => {
  for (let log = 0; log < 64; log++)
    assert.ok(Math.abs(scaleOf(log) - 2 ** (log / 64)) <= 2 ** -16 * (1 + 1e-9));
  fc.assert(
    fc.property(fc.integer({ min: -scaleLimit, max: scaleLimit - 64 }), (log) => {
      assert.equal(scaleOf(log + 64), 2 * scaleOf(log));
      assert.equal(nearestScale(scaleOf(log)), log);
      const from = scaleFrom(scaleOf(log), 4);
      assert.ok(scaleOf(from) >= scaleOf(log) && from % 4 === 0);
      assert.ok(from - log < 4);
    }),
    { seed: 1 },
  );
});

test('levels and codes are told from each other, in ascending order but for 0', () => {
  for (const largest of [0, 1, 7, 32767]) {
    const codebook = levelCodebook(largest);
    assert.equal(codebook.length, 2 * largest + 1);
    codebook.forEach((level, code) => {
      assert.equal(levelOf(code, largest), level);
      assert.equal(codeOf(level, largest), code);
      if (code > 1) assert.ok(level > codebook[code - 1]);
    });
  }
});

test('8 bits a channel are as near to the weights as rounding with the largest of each channel', async () => {
  const random = mulberry32(3);
  const spread = Float64Array.from({ length: 24 }, () => 10 ** (-3 * random()));
  const values = Float32Array.from(
    { length: 24 * 150 },
    (_, i) => normal(random) * spread[Math.floor(i / 150)],
  );
  const plan = await compress([{ shape: [24, 150], values }], { method: 'grid', bits: 8 });
  const after = restored(plan.tensors[0]);
  for (let c = 0; c < 24; c++) {
    const row = values.subarray(c * 150, c * 150 + 150);
    const step = row.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / 127;
    let plain = 0;
    let ours = 0;
    row.forEach((v, i) => {
      plain += (v - Math.round(v / step) * step) ** 2;
      ours += (v - after[c * 150 + i]) ** 2;
    });
    assert.ok(ours < 1.3 * plain, `channel ${c}: ${ours} against ${plain}`);
  }
});

test('few levels clip the outlier of a channel rather than lose all others', async () => {
  const random = mulberry32(4);
  const values = Float32Array.from({ length: 4000 }, () => normal(random));
  values[17] = 9;
  const plan = await compress([{ shape: [1, 4000], values }], { method: 'grid', bits: 3 });
  const { grid } = plan.tensors[0].coded;
  assert.ok(grid && scaleOf(grid.scales[0]) < 1.5, 'levels -3 to 3 of a normal distribution');
});

test('a channel of zeros, of the largest and of the least numbers stay finite', async () => {
  const values = new Float32Array(40);
  values.fill(3.4028234663852886e38, 10, 20).fill(1.401298464324817e-45, 20, 30).fill(-1, 30, 40);
  const plan = await compress([{ shape: [4, 10], values }], { method: 'grid', bits: 8 });
  const after = restored(plan.tensors[0]);
  assert.deepEqual(after.subarray(0, 10), new Float32Array(10));
  for (let i = 10; i < 20; i++) assert.ok(after[i] > 3e38 && Number.isFinite(after[i]));
  for (let i = 20; i < 30; i++) assert.equal(after[i], values[i]);
});

test('levels that were decided elsewhere are stored as they are, over blocks and channels', async () => {
  const random = mulberry32(5);
  for (const weights of [12, 3000, blockWeights + 360]) {
    const grid = randomGridOf(random, weights);
    const levels = Int16Array.from({ length: weights }, () => Math.round(normal(random) * 3));
    const values = Float32Array.from(levels, (level, i) => 0.9 * level * scaleAt(grid, i));
    const layers = [{ shape: [weights], values }];
    const plan = await compress(layers, {}, new Map([[0, { grid, levels }]]));
    assert.deepEqual(plan.tensors[0].coded.grid, grid);
    const expected = Float32Array.from(levels, (level, i) => level * scaleAt(grid, i));
    assert.deepEqual(restored(plan.tensors[0]), expected);
  }
});

test('levels or scales of another tensor are a defect', async () => {
  const values = Float32Array.of(1, 2, 3, 4);
  const grid: Grid = { rows: 2, cols: 2, transposed: false, scales: new Int32Array(2) };
  const wrong = [
    { grid, levels: new Int16Array(3) },
    { grid: { ...grid, scales: new Int32Array(3) }, levels: new Int16Array(4) },
    { grid, levels: Int16Array.of(-32768, 0, 0, 0) },
  ];
  for (const assigned of wrong)
    await assert.rejects(
      compress([{ shape: [2, 2], values }], {}, new Map([[0, assigned]])),
      RangeError,
    );
});

test('the channels of a block are those its weights belong to', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.nat(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (weights, seed, where) => {
        const grid = randomGridOf(mulberry32(seed), weights);
        const start = Math.min(weights - 1, Math.floor(where * weights));
        const values = Float64Array.from({ length: weights - start }, (_, i) => i + 1);
        const { from, to } = channelRange(grid, start, values.length);
        const { first, largest } = channelExtents(grid, values, start);
        assert.equal(first, from);
        assert.equal(largest.length, to - from);
        const expected = new Float64Array(to - from);
        values.forEach((v, i) => {
          const { rows, cols, transposed } = grid;
          const inside = (start + i) % (rows * cols);
          const row = transposed ? inside % rows : Math.floor(inside / cols);
          expected[Math.floor((start + i) / (rows * cols)) * rows + row - from] = v;
        });
        assert.deepEqual(largest, expected);
      },
    ),
    { seed: 1 },
  );
});

test('channels are those of the geometry, else of the first axis, else one', () => {
  const geometry = { kind: 'fc', rows: 4, cols: 3, matrices: 2, transposed: true } as const;
  const shape = [2, 3, 4];
  assert.deepEqual(layoutOf({ geometry, shape, parameters: 24 }), {
    rows: 4,
    cols: 3,
    transposed: true,
  });
  assert.deepEqual(layoutOf({ shape, parameters: 24 }), { rows: 2, cols: 12, transposed: false });
  assert.deepEqual(layoutOf({ shape: [24], parameters: 24 }), {
    rows: 1,
    cols: 24,
    transposed: false,
  });
  // the stored values of a sparse tensor
  assert.deepEqual(layoutOf({ geometry, shape, parameters: 5 }), {
    rows: 1,
    cols: 5,
    transposed: false,
  });
});

test('any levels come back from their stream, whatever the shape and the largest level', () => {
  const one = fc.record({
    largest: fc.constantFrom(0, 1, 2, 3, 4, 15, 16, 127, 255, 5000, 32767),
    n: fc.integer({ min: 1, max: 600 }),
    rowLength: fc.integer({ min: 1, max: 300 }),
    kernelLength: fc.constantFrom(1, 2, 9, 25, 64, 65),
    start: fc.nat(1000),
    seed: fc.nat(),
    spread: fc.constantFrom(0, 0.01, 0.1, 1),
  });
  fc.assert(
    fc.property(one, ({ largest, n, start, seed, spread, ...shape }) => {
      const random = mulberry32(seed);
      const codes = Uint16Array.from({ length: n }, () => {
        const level = Math.round(normal(random) * spread * largest);
        return codeOf(Math.max(-largest, Math.min(largest, level)), largest);
      });
      const bytes = encodeLevels({ largest, ...shape }, start, codes, n);
      const read = new Uint16Array(n);
      decodeLevels({ largest, ...shape }, start, bytes, read, n);
      assert.deepEqual(read, codes);
    }),
    { seed: 1, numRuns: 200 },
  );
});

test('any bytes decode to levels that the grid has, or are refused', () => {
  const random = mulberry32(7);
  for (let i = 0; i < 200; i++) {
    const largest = 1 + Math.floor(32767 ** random());
    const bytes = Uint8Array.from({ length: 60 }, () => 256 * random());
    const codes = new Uint16Array(300);
    const shape = { largest, rowLength: 1 + Math.floor(40 * random()), kernelLength: 9 };
    try {
      decodeLevels(shape, i, bytes, codes, 300);
    } catch (error) {
      assert.ok(error instanceof DeepCompressionError && error.code === 'invalid-container');
    }
    assert.ok(codes.every((code) => code <= 2 * largest));
  }
});

test('levels whose sizes go by rows and columns take less than their entropy', () => {
  const random = mulberry32(8);
  const column = Float64Array.from({ length: 100 }, () => Math.exp(normal(random)));
  const levels = Array.from({ length: 20_000 }, (_, i) =>
    Math.round(2 * column[i % 100] * normal(random)),
  );
  const largest = levels.reduce((most, k) => Math.max(most, Math.abs(k)), 0);
  const counts = new Map<number, number>();
  for (const k of levels) counts.set(k, (counts.get(k) ?? 0) + 1);
  let entropy = 0;
  for (const count of counts.values()) entropy -= count * Math.log2(count / levels.length);
  const codes = Uint16Array.from(levels, (k) => codeOf(k, largest));
  const shape = { largest, rowLength: 100, kernelLength: 1 };
  const bits = 8 * encodeLevels(shape, 0, codes, codes.length).length;
  assert.ok(bits < 0.93 * entropy, `${bits} bits for an entropy of ${entropy}`);
});

test('the noise of a recipe is what rounding adds, shared out by size', async () => {
  const random = mulberry32(9);
  const layer = (rows: number): FakeTensor => ({
    shape: [rows, 100],
    values: Float32Array.from({ length: rows * 100 }, () => normal(random)),
  });
  const layers = [layer(90), layer(10)];
  const plan = await compress(layers, { method: 'grid', noise: 0.01 });
  plan.tensors.forEach((planned, i) => {
    const { values } = layers[i];
    let error = 0;
    let square = 0;
    restored(planned).forEach((v, j) => {
      error += (v - values[j]) ** 2;
      square += values[j] ** 2;
    });
    const asked = [0.009, 0.001][i];
    assert.ok(Math.abs(error / square / asked - 1) < 0.1, `${error / square} for ${asked}`);
  });
});
