/**
 * One-dimensional k-means on sorted points (Deep Compression, section 3.1): Lloyd's iteration, where
 * clusters are runs between the midpoints of neighbouring centroids, so that a round costs
 * O(k log n) with prefix sums whatever the number of weights.
 */
import { mulberry32 } from '../../model/random.ts';
import type { SortedPoints } from './clusters.ts';

export type Initialisation = 'linear' | 'density' | 'random';

/**
 * `k` centroids to begin with, ascending (fewer when there are fewer points).
 * linear: equally spaced from the least to the largest point, leaving out the pruned zone between
 * -`threshold` and `threshold`, where no point is. density: at equally spaced values of
 * the cumulative distribution. random (Forgy): points drawn without replacement, each with the
 * probability of its weight.
 */
export function initialCentroids(
  points: SortedPoints,
  k: number,
  init: Initialisation,
  seed: number,
  threshold = 0,
): Float64Array {
  const n = points.length;
  if (n <= k) return Float64Array.from(points.values);
  const centroids = new Float64Array(k);
  const least = points.values[0];
  const largest = points.values[n - 1];
  if (init === 'linear') {
    const gap = least < -threshold && largest > threshold ? 2 * threshold : 0;
    for (let c = 0; c < k; c++) {
      const t = k > 1 ? c / (k - 1) : 0.5;
      const at = least * (1 - t) + (largest - gap) * t;
      centroids[c] = at < -threshold ? at : at + gap;
    }
    return centroids;
  }
  if (init === 'density') {
    for (let c = 0; c < k; c++) {
      centroids[c] = points.values[pointAtWeight(points, (points.weight * (c + 0.5)) / k)];
    }
    return centroids;
  }
  const random = mulberry32(seed);
  const chosen = new Set<number>();
  for (let draws = 0; chosen.size < k && draws < 64 * k; draws++) {
    chosen.add(pointAtWeight(points, random() * points.weight));
  }
  for (let i = 0; chosen.size < k; i++) chosen.add(i); // a few points that hold nearly all weight
  return Float64Array.from(chosen, (i) => points.values[i]).sort();
}

/** Index of the point that holds the `weight`-th unit of weight. */
function pointAtWeight(points: SortedPoints, weight: number): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points.weightBefore[middle + 1] <= weight) low = middle + 1;
    else high = middle;
  }
  return low;
}

export interface KMeans {
  /** Ascending. Clusters that lost all their points keep their centroid. */
  readonly centroids: Float64Array;
  readonly rounds: number;
}

/**
 * Lloyd's iteration until no point changes its cluster. The sum of squares never grows; `onRound`
 * sees the centroids after each round.
 */
export function kmeans(
  points: SortedPoints,
  start: Float64Array,
  maximumRounds = 1000,
  onRound?: (centroids: Float64Array) => void,
): KMeans {
  const k = start.length;
  const centroids = Float64Array.from(start);
  const ends = new Int32Array(k).fill(-1);
  let rounds = 0;
  for (let changed = true; changed && rounds < maximumRounds; rounds++) {
    changed = false;
    for (let c = 0; c < k; c++) {
      const end =
        c + 1 < k ? points.firstAtLeast(centroids[c] / 2 + centroids[c + 1] / 2) : points.length;
      if (ends[c] !== end) changed = true;
      ends[c] = end;
    }
    for (let c = 0, from = 0; c < k; from = ends[c++]) {
      if (ends[c] > from) centroids[c] = points.mean(from, ends[c]);
    }
    onRound?.(centroids);
  }
  return { centroids, rounds };
}

/** The centroids that have any points, ascending. */
export function occupied(points: SortedPoints, centroids: Float64Array): Float64Array {
  let from = 0;
  return centroids.filter((_, c) => {
    const end =
      c + 1 < centroids.length
        ? points.firstAtLeast(centroids[c] / 2 + centroids[c + 1] / 2)
        : points.length;
    const any = end > from;
    from = end;
    return any;
  });
}
