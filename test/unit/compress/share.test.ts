import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { SortedPoints } from '../../../src/compress/share/clusters.ts';
import { initialCentroids, kmeans, occupied } from '../../../src/compress/share/kmeans.ts';
import { optimalCentroids } from '../../../src/compress/share/optimal.ts';
import {
  exactQuantizer,
  nearestQuantizer,
  QuantizerTable,
  roundTo,
  type Quantizer,
} from '../../../src/compress/share/quantizer.ts';
import { gaussian } from './model.ts';
import * as reference from './reference.ts';

const pointsOf = (list: ArrayLike<number>): SortedPoints => {
  const sorted = Float64Array.from(list).sort();
  const values = Float64Array.from(new Set(sorted));
  const counts = values.map((v) => sorted.filter((x) => x === v).length);
  return new SortedPoints({ values, counts });
};

const quantize = (q: Quantizer, values: Float32Array | Float64Array, n = 1e6): number[] => {
  const codes = new Uint16Array(values.length);
  new QuantizerTable(q, n).quantize(values, values.length, 0, codes);
  return [...codes];
};

/** Figure 3 of Deep Compression. */
const figure3 = Float32Array.of(
  ...[2.09, -0.98, 1.48, 0.09, 0.05, -0.14, -1.08, 2.12],
  ...[-0.91, 1.92, 0, -1.03, 1.87, 0, 1.53, 1.49],
);

test("the paper's Figure 3: its 16 weights share -1.00, 0.00, 1.50 and 2.00", () => {
  const points = pointsOf(figure3);
  for (const init of ['linear', 'density'] as const) {
    const { centroids } = kmeans(points, initialCentroids(points, 4, init, 1));
    assert.deepEqual(
      [...centroids].map((c) => c.toFixed(2).replace('-0.00', '0.00')),
      ['-1.00', '0.00', '1.50', '2.00'],
      init,
    );
  }
  assert.deepEqual(
    [...optimalCentroids(points, 4)].map((c) => c.toFixed(2).replace('-0.00', '0.00')),
    ['-1.00', '0.00', '1.50', '2.00'],
  );
  const indices = [3, 0, 2, 1, 1, 1, 0, 3, 0, 3, 1, 0, 3, 1, 2, 2];
  const centroids = Float64Array.of(-1, 0, 1.5, 2);
  const nearest = Array.from(figure3, (w) => {
    const d = centroids.map((c) => Math.abs(w - c));
    return d.indexOf(Math.min(...d));
  });
  assert.deepEqual(nearest, indices);
  // code 0 is the reserved zero; the other values follow ascending
  const { quantizer, codebook } = nearestQuantizer(centroids, 0, 'float32');
  assert.deepEqual([...codebook], [0, -1, 1.5, 2]);
  assert.deepEqual(
    quantize(quantizer, figure3),
    indices.map((i) => [1, 0, 2, 3][i]),
  );
});

const someValues = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 40 });

test('k-means on sorted points is the Lloyd iteration over all weights', () => {
  fc.assert(
    fc.property(someValues, fc.integer({ min: 1, max: 6 }), (list, k) => {
      const points = pointsOf(list);
      const start = initialCentroids(points, k, 'linear', 0);
      const sorted = [...list].sort((a, b) => a - b);
      // points half way between two centroids may go either way: compare the sums of squares
      const ours = kmeans(points, start).centroids;
      const theirs = reference.lloyd(sorted, [...start]);
      const a = reference.wcss(sorted, [...ours]);
      assert.ok(Math.abs(a - points.wcss(ours)) <= 1e-6 * (1 + a));
      if (ours.every((c, i) => Math.abs(c - theirs[i]) < 1e-9)) return;
      assert.ok(a <= reference.wcss(sorted, [...start]) + 1e-9);
    }),
  );
});

test('no round of k-means makes the sum of squares larger, from any beginning', () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 31 }),
      fc.constantFrom('linear', 'density', 'random'),
      fc.nat(),
      (list, k, init, seed) => {
        const points = pointsOf(list);
        const start = initialCentroids(points, k, init, seed);
        assert.ok(start.length <= k);
        assert.ok(start.every((c) => c >= points.values[0] && c <= points.values.at(-1)!));
        assert.ok(start.every((c, i) => i === 0 || c >= start[i - 1]));
        let last = points.wcss(start);
        kmeans(points, start, 1000, (centroids) => {
          const now = points.wcss(centroids);
          assert.ok(now <= last * (1 + 1e-9) + 1e-9, `${now} > ${last}`);
          last = now;
        });
      },
    ),
  );
});

test('a linear beginning spends no value on the pruned zone', () => {
  const points = pointsOf(gaussian(20000, 4).filter((v) => Math.abs(v) >= 0.05));
  const start = initialCentroids(points, 15, 'linear', 0, 0.05);
  assert.ok(start.every((c, i) => Math.abs(c) >= 0.05 && (i === 0 || c > start[i - 1])));
  assert.equal(start[0], points.values[0]);
  assert.ok(Math.abs(start[14] - points.values.at(-1)!) < 1e-12);
});

test('k-means stops where every centroid is the mean of its points', () => {
  const points = pointsOf(gaussian(2000, 3));
  for (const init of ['linear', 'density', 'random'] as const) {
    const { centroids, rounds } = kmeans(points, initialCentroids(points, 15, init, 5));
    assert.ok(rounds < 1000);
    const again = kmeans(points, centroids);
    assert.equal(again.rounds, 2);
    assert.deepEqual(again.centroids, centroids);
  }
});

test('a random beginning depends on the seed alone', () => {
  const points = pointsOf(gaussian(500, 1));
  const at = (seed: number): number[] => [...initialCentroids(points, 15, 'random', seed)];
  assert.deepEqual(at(7), at(7));
  assert.notDeepEqual(at(7), at(8));
});

test('a linear beginning reaches the few largest weights, a density beginning does not', () => {
  const weights = Float32Array.of(...gaussian(5000, 11), 0.4, -0.4);
  const points = pointsOf(weights);
  const largest = (init: 'linear' | 'density'): number =>
    initialCentroids(points, 31, init, 0).at(-1)!;
  assert.equal(largest('linear'), Math.fround(0.4));
  assert.ok(largest('density') < 0.15);
  const { centroids } = kmeans(points, initialCentroids(points, 31, 'linear', 0));
  assert.ok(centroids.at(-1)! > 0.35);
});

test('optimal k-means has the sum of squares that trying every split finds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -30, max: 30 }), { minLength: 1, maxLength: 16 }),
      fc.integer({ min: 1, max: 5 }),
      (list, k) => {
        const points = pointsOf(list);
        const sorted = [...list].sort((a, b) => a - b);
        const best = reference.optimalWcss(sorted, k);
        assert.ok(Math.abs(points.wcss(optimalCentroids(points, k)) - best) < 1e-6);
      },
    ),
  );
});

test('optimal k-means is never worse than k-means from any beginning', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), (seed, k) => {
      const points = pointsOf(gaussian(400, seed));
      const best = points.wcss(optimalCentroids(points, k));
      for (const init of ['linear', 'density', 'random'] as const) {
        const { centroids } = kmeans(points, initialCentroids(points, k, init, seed));
        assert.ok(best <= points.wcss(centroids) * (1 + 1e-9), init);
      }
    }),
    { numRuns: 30 },
  );
});

test('clusters without points are left out', () => {
  const points = pointsOf([-1, -1, 5, 5.5]);
  const { centroids } = kmeans(points, Float64Array.of(-1, 1, 2, 5.2));
  assert.deepEqual([...occupied(points, centroids)], [-1, 5.25]);
});

test('a quantizer prunes below its threshold and takes the nearest shared value otherwise', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.float({ min: -4, max: 4, noNaN: true }), { maxLength: 40 }),
      fc.constantFrom(0, 0.25, 1, 3.999, 5),
      fc.array(fc.float({ min: -6, max: 6, noNaN: true }), { minLength: 1, maxLength: 200 }),
      (list, threshold, extra) => {
        const centroids = Float64Array.from(list).sort();
        const { quantizer, codebook } = nearestQuantizer(centroids, threshold, 'float32');
        const values = Float32Array.of(...extra, ...list, threshold, -threshold, 0, -0);
        const codes = quantize(quantizer, values);
        assert.deepEqual(quantize(quantizer, values, 1), codes); // table and search agree
        assert.deepEqual(quantize(quantizer, Float64Array.from(values)), codes);
        values.forEach((v, i) => {
          if (v === 0 || Math.abs(v) < threshold || list.length === 0) assert.equal(codes[i], 0);
          else {
            const error = Math.abs(codebook[codes[i]] - v);
            for (const c of centroids) assert.ok(error <= Math.abs(c + 0 - v) * (1 + 1e-12));
          }
        });
        assert.ok(codebook.every((v, c) => c < 2 || v > codebook[c - 1]));
      },
    ),
  );
});

test('centroids are rounded to the dtype, equal ones joined, and zero becomes code 0', () => {
  const { codebook } = nearestQuantizer(Float64Array.of(-1e-12, 1.0001, 1.0002, 3), 0, 'float16');
  assert.deepEqual([...codebook], [0, roundTo(1.0001, 'float16'), 3]);
  assert.equal(roundTo(0.1, 'bfloat16'), 0.10009765625);
  assert.equal(roundTo(0.1, 'float64'), 0.1);
});

test('an exact quantizer gives every value back, minus zero included', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.float({ noNaN: true, noDefaultInfinity: true }), { maxLength: 256 }),
      fc.boolean(),
      (list, zero) => {
        const present = list.filter((v) => v !== 0);
        const distinct = Float64Array.from(zero ? [...present, -0] : present).sort();
        const { quantizer, codebook } = exactQuantizer(distinct);
        const values = Float32Array.of(...distinct, 0, ...present);
        for (const codes of [quantize(quantizer, values), quantize(quantizer, values, 1)]) {
          codes.forEach((c, i) => assert.ok(Object.is(codebook[c], values[i])));
        }
      },
    ),
  );
});
