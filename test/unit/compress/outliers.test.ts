/** A few weights that are far larger than the rest must not cost the rest their values. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { compressModel } from '../../../src/compress/pipeline.ts';
import { presets } from '../../../src/recipe/recipe.ts';
import { Histogram, histogramOf } from '../../../src/compress/histogram.ts';
import { SortedPoints } from '../../../src/compress/share/clusters.ts';
import { optimalCentroids } from '../../../src/compress/share/optimal.ts';
import { fakeModel, gaussian, inlineRunner } from './model.ts';
import * as reference from './reference.ts';

const weights = 1 << 16;

/** Weights of deviation 0.02, and two of `size` and -`size`. */
function withOutliers(size: number): Float32Array {
  const values = gaussian(weights, 7, 0.02);
  values[100] = size;
  values[50000] = -size;
  return values;
}

function histogram(values: Float32Array): Histogram {
  const whole = new Histogram();
  whole.add(histogramOf(values, values.length, false));
  return whole;
}

test('the deviation is that of the weights but for outliers, and the plain one without any', () => {
  for (const size of [20, 1e6, 1e20, 3e38]) {
    assert.ok(Math.abs(histogram(withOutliers(size)).deviation - 0.02) < 0.0005, `${size}`);
  }
  for (const shape of [
    (v: number) => v,
    (v: number) => v ** 3, // heavy tails
    (v: number) => (Math.abs(v) > 1.6 ? v : 0), // mostly zeros
  ]) {
    const values = gaussian(weights, 3, 1).map(shape);
    const mean = values.reduce((a, b) => a + b, 0) / weights;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / weights;
    assert.ok(Math.abs(histogram(values).deviation / Math.sqrt(variance) - 1) < 1e-9);
  }
});

test('255 shared values are as near to the many whatever two outliers measure, from 1e-38 to 1e38', () => {
  const errors = [0.05, 20, 1e6, 1e12, 1e38].map((size) => {
    const values = withOutliers(size);
    const points = new SortedPoints(histogram(values).points());
    const centroids = optimalCentroids(points, 255);
    return Math.sqrt(points.wcss(centroids) / weights) / 0.02;
  });
  for (const error of errors) assert.ok(error < 0.007, `${error}`);
  for (const scale of [1e-36, 1, 1e36]) {
    const values = withOutliers(0.05).map((v) => v * scale);
    const points = new SortedPoints(histogram(values).points());
    const error = Math.sqrt(points.wcss(optimalCentroids(points, 255)) / weights) / (0.02 * scale);
    assert.ok(Math.abs(error / errors[0] - 1) < 1e-3, `${scale}: ${error}`);
  }
});

test('the optimum is the optimum among values of all magnitudes', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -9, max: 9 })), {
        minLength: 1,
        maxLength: 14,
      }),
      fc.integer({ min: 1, max: 5 }),
      (list, k) => {
        const values = [...new Set(list.map(([v, e]) => Math.fround(v * 10 ** e)))].sort(
          (a, b) => a - b,
        );
        const counts = new Float64Array(values.length).fill(1);
        const points = new SortedPoints({ values: Float64Array.from(values), counts });
        const ours = points.wcss(optimalCentroids(points, k));
        const least = reference.optimalWcss(values, k);
        assert.ok(ours <= least * (1 + 1e-6) + 1e-20, `${ours} > ${least}`);
      },
    ),
  );
});

test('the default prunes no more of a layer because of two outliers', async () => {
  const recipe = presets.find((preset) => preset.name === 'deep-compression')!;
  const pruned = async (size: number): Promise<number> => {
    const model = fakeModel([{ shape: [256, 256], values: withOutliers(size) }]);
    const plan = await compressModel(model, recipe, 1, inlineRunner(model), undefined, () => {});
    return plan.tensors[0].stats.codeCounts[0] / weights;
  };
  const usual = await pruned(0.05);
  assert.ok(usual > 0.4 && usual < 0.5);
  for (const size of [20, 1e6]) {
    const share = await pruned(size);
    // pruned, or nearer to no shared value than to zero
    assert.ok(Math.abs(share - usual) < 0.02, `${size}: ${share}`);
  }
});
