import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Moments } from '../../../../src/compress/moments.ts';
import {
  bitsOf,
  classify,
  costClasses,
  costWidth,
  countLevels,
  totalBits,
} from '../../../../src/compress/rate/level-cost.ts';
import {
  LayerQuantizer,
  type QuantizedLayer,
} from '../../../../src/compress/rate/quantize-layer.ts';
import { compressModel } from '../../../../src/compress/pipeline.ts';
import { parseRecipe } from '../../../../src/recipe/recipe.ts';
import { GridWalk } from '../../../../src/compress/share/grid.ts';
import type { Geometry } from '../../../../src/model/model.ts';
import { fakeModel, inlineRunner } from '../model.ts';
import { inputs, momentsOf, normal, outputError } from './reference.ts';

const geometry = (rows: number, cols: number, more: Partial<Geometry> = {}): Geometry => ({
  kind: 'fc',
  rows,
  cols,
  matrices: 1,
  transposed: false,
  ...more,
});

/** The values that a decoder makes of the layer, before they are rounded to a dtype. */
function restored({ grid, levels }: QuantizedLayer): Float64Array {
  const walk = new GridWalk(grid);
  walk.seek(0);
  return Float64Array.from(levels, (level) => {
    const value = level * walk.scale;
    walk.next();
    return value;
  });
}

const rowsOf = (values: Float64Array, cols: number): Float64Array[] =>
  Array.from({ length: values.length / cols }, (_, r) => values.slice(r * cols, (r + 1) * cols));

test('distortion and shift are what the decoded weights do to the outputs', () => {
  const [rows, cols, samples] = [40, 24, 150];
  const x = inputs(samples, cols, 1).map((v, i) => v * 4 ** ((i % cols) % 6));
  const weights = normal(rows * cols, 2);
  const importance = Float64Array.from({ length: rows }, (_, r) => 1 + (r % 5));
  const layer = new LayerQuantizer(weights, geometry(rows, cols), momentsOf(x, samples, cols));
  const result = layer.quantize(0.05, importance);
  assert.ok(result.grid.columnScales !== undefined, 'inputs of such different weight have scales');
  const changed = rowsOf(restored(result), cols);
  let distortion = 0;
  rowsOf(weights, cols).forEach((row, r) => {
    distortion += importance[r] * outputError(row, changed[r], x, samples);
    let shift = 0;
    for (let s = 0; s < samples; s++) {
      for (let c = 0; c < cols; c++)
        shift += ((row[c] - changed[r][c]) * x[s * cols + c]) / samples;
    }
    assert.ok(Math.abs(result.shift[r] - shift) < 1e-9);
  });
  assert.ok(Math.abs(result.distortion - distortion) < 1e-6 * distortion);
});

test('a higher price of bits gives fewer bits and more distortion, down to zeros alone', () => {
  const [rows, cols] = [32, 30];
  const moments = momentsOf(inputs(200, cols, 3), 200, cols);
  const layer = new LayerQuantizer(normal(rows * cols, 3), geometry(rows, cols), moments);
  let last: QuantizedLayer | undefined;
  for (const lambda of [1e-6, 1e-4, 1e-2, 1, 100]) {
    const result = layer.quantize(lambda, 1);
    if (last !== undefined) {
      assert.ok(result.bits < last.bits && result.distortion > last.distortion);
    }
    last = result;
  }
  assert.deepEqual(new Set(last?.levels), new Set([0]));
});

test('at many bits a weight, slope, error and bits are tied as rate theory has it', () => {
  const [rows, cols] = [64, 64];
  const layer = new LayerQuantizer(normal(rows * cols, 5), geometry(rows, cols), undefined);
  const [a, b] = [1e-5, 4e-5].map((lambda) => layer.quantize(lambda, 1));
  // four times the slope is twice the step: one bit a weight less, four times the error
  assert.ok(Math.abs((a.bits - b.bits) / (rows * cols) - 1) < 0.03);
  assert.ok(Math.abs(b.distortion / a.distortion - 4) < 0.3, `${b.distortion / a.distortion}`);
});

test('counting moments beats not knowing them at the same number of bits', () => {
  const [rows, cols, samples] = [48, 48, 400];
  const weights = normal(rows * cols, 7);
  const moments = momentsOf(inputs(samples, cols, 7), samples, cols);
  const known = new LayerQuantizer(weights, geometry(rows, cols), moments);
  const blind = new LayerQuantizer(weights, geometry(rows, cols), undefined).quantize(1e-2, 1);
  let lambda = 1e-3;
  while (known.quantize(lambda, 1).bits > blind.bits) lambda *= 1.3;
  const x = inputs(samples, cols, 7);
  const changed = rowsOf(restored(blind), cols);
  let distortion = 0;
  rowsOf(weights, cols).forEach((w, r) => (distortion += outputError(w, changed[r], x, samples)));
  assert.ok(known.quantize(lambda, 1).distortion < 0.5 * distortion);
});

test('outputs that matter more get finer steps', () => {
  const [rows, cols] = [8, 16];
  const importance = Float64Array.from({ length: rows }, (_, r) => 4 ** r);
  const { grid } = new LayerQuantizer(normal(128, 1), geometry(rows, cols), undefined).quantize(
    1e-4,
    importance,
  );
  // importance x 4 is half the step: 64 64ths of an octave
  for (let r = 1; r < rows; r++) assert.equal(grid.scales[r - 1] - grid.scales[r], 64);
});

test('how the matrix is stored, and whether groups share their inputs, changes nothing else', () => {
  const [rows, cols, samples] = [12, 9, 60];
  const moments = momentsOf(inputs(samples, cols, 4), samples, cols);
  const weights = normal(rows * cols, 6);
  const turned = Float64Array.from(weights, (_, at) => {
    return weights[(at % rows) * cols + Math.floor(at / rows)];
  });
  const plain = new LayerQuantizer(weights, geometry(rows, cols), moments).quantize(0.01, 1);
  const transposed = geometry(rows, cols, { transposed: true });
  const other = new LayerQuantizer(turned, transposed, moments).quantize(0.01, 1);
  assert.equal(other.distortion, plain.distortion);
  assert.deepEqual(
    Array.from(other.levels),
    Array.from(turned, (_, at) => plain.levels[(at % rows) * cols + Math.floor(at / rows)]),
  );
  const twice = Float64Array.of(...weights, ...weights);
  const two: Moments = {
    ...moments,
    sets: 2,
    setOf: Uint32Array.of(1, 0),
    second: Float64Array.of(...moments.second, ...moments.second),
    mean: Float64Array.of(...moments.mean, ...moments.mean),
    count: Float64Array.of(samples, samples),
  };
  const groups = geometry(rows, cols, { matrices: 2 });
  const apart = new LayerQuantizer(twice, groups, two).quantize(0.01, 1);
  const shared = new LayerQuantizer(twice, groups, { ...moments, setOf: new Uint32Array(2) });
  assert.deepEqual(apart, shared.quantize(0.01, 1));
});

test('weights, moments and importance of any size give finite results and levels that fit', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: -38, max: 38 }),
      fc.integer({ min: -12, max: 12 }),
      fc.integer({ min: -30, max: 30 }),
      fc.integer({ min: 0, max: 8 }),
      fc.integer({ min: 0, max: 99 }),
      (rows, cols, size, inputSize, slope, dead, seed) => {
        const weights = normal(rows * cols, seed).map((w) => w * 10 ** size);
        if (seed % 3 === 0) weights[0] = 0;
        if (seed % 5 === 0) weights.fill(0, 0, cols);
        const x = inputs(20, cols, seed).map((v, i) => (i % cols < dead ? 0 : v * 10 ** inputSize));
        const moments = momentsOf(x, 20, cols);
        const layer = new LayerQuantizer(weights, geometry(rows, cols), moments, 0.9);
        const result = layer.quantize(10 ** slope, 10 ** (slope % 7));
        assert.ok(Number.isFinite(result.distortion) && Number.isFinite(result.bits));
        assert.ok(result.shift.every(Number.isFinite));
        assert.ok(restored(result).every(Number.isFinite));
        assert.ok(result.levels.every((level) => Math.abs(level) <= 32767));
      },
    ),
  );
});

test('bits are those of an adaptive code: no less than the entropy of levels given their classes', () => {
  const levels = Int16Array.from(normal(6000, 1), (v) => Math.round(1.5 * v));
  const classes = new Uint8Array(levels.length);
  classify(levels, 60, 100, classes);
  assert.ok(classes.every((c) => c < costClasses));
  const counts = countLevels(levels, classes);
  const estimate = totalBits(counts, bitsOf(counts));
  let entropy = 0;
  for (let c = 0; c < costClasses; c++) {
    const byLevel = new Map<number, number>();
    let n = 0;
    levels.forEach((level, i) => {
      if (classes[i] !== c) return;
      byLevel.set(level, (byLevel.get(level) ?? 0) + 1);
      n++;
    });
    for (const count of byLevel.values()) entropy -= count * Math.log2(count / n);
  }
  assert.ok(estimate > 0.99 * entropy && estimate < 1.02 * entropy, `${estimate}, ${entropy}`);
});

test('every magnitude has a price in every class, and larger ones that nobody has cost more', () => {
  for (const counts of [new Float64Array(costClasses * costWidth), countOf(3, 1000)]) {
    const bits = bitsOf(counts);
    assert.ok(bits.every((b) => b > 0 && b < 200));
    for (let k = 10; k < costWidth; k++) assert.ok(bits[k] > bits[k - 1]);
  }
});

function countOf(magnitude: number, n: number): Float64Array {
  const counts = new Float64Array(costClasses * costWidth);
  counts[magnitude] = n;
  return counts;
}

test('the coder takes what is estimated, and up to a twentieth less at 1 bit a weight', async () => {
  const [rows, cols] = [128, 192];
  const weights = normal(rows * cols, 8);
  const moments = momentsOf(inputs(600, cols, 8), 600, cols);
  const layer = new LayerQuantizer(weights, geometry(rows, cols), moments);
  const recipe = parseRecipe({ name: 'levels', share: { method: 'grid' }, coder: 'arithmetic' });
  for (const lambda of [2, 0.2, 0.02, 0.002]) {
    const result = layer.quantize(lambda, 1);
    const model = fakeModel([{ shape: [rows, cols], values: Float32Array.from(weights) }]);
    const assigned = new Map([[0, result]]);
    const runner = inlineRunner(model);
    const plan = await compressModel(model, recipe, 1, runner, undefined, () => {}, assigned);
    const bytes = plan.tensors[0].coded.blocks.reduce((sum, b) => sum + b.values.length, 0);
    const bitsAWeight = result.bits / weights.length;
    assert.ok(bitsAWeight > 0.5 && bitsAWeight < 7, `${bitsAWeight}`);
    const ratio = (8 * bytes) / result.bits;
    assert.ok(ratio > 0.94 && ratio < 1.02, `${ratio} at ${bitsAWeight} bits a weight`);
  }
});
