/**
 * Optimal one-dimensional k-means: the k runs of sorted points with the least sum of squares, by
 * dynamic programming (after Wang and Song, "Ckmeans.1d.dp", 2011). The best split of a prefix moves
 * right as the prefix grows, so a layer of the table is filled by divide and conquer in
 * O(n log n): O(k n log n) in all, and 4 k n bytes.
 */
import type { SortedPoints } from './clusters.ts';

/** Centroids (means of the runs), ascending: `k` of them, or fewer when there are fewer points. */
export function optimalCentroids(points: SortedPoints, k: number): Float64Array {
  const n = points.length;
  if (n <= k) return Float64Array.from(points.values);
  if (k < 1) return new Float64Array(0);
  // cost[i]: least sum of squares of the first i points in `runs` runs
  let cost = new Float64Array(n + 1);
  let next = new Float64Array(n + 1);
  for (let i = 1; i <= n; i++) cost[i] = points.spread(0, i);
  // split[runs][i]: where the last of `runs` + 2 runs of the first i points begins
  const split: Int32Array[] = [];
  for (let runs = 2; runs <= k; runs++) {
    const begin = new Int32Array(n + 1);
    fill(points, cost, next, begin, runs, n, runs - 1, n - 1);
    split.push(begin);
    [cost, next] = [next, cost];
  }
  const centroids = new Float64Array(k);
  let end = n;
  for (let run = k - 1; run >= 0; run--) {
    const start = run > 0 ? split[run - 1][end] : 0;
    centroids[run] = points.mean(start, end);
    end = start;
  }
  return centroids;
}

/** Fills next[low..high], whose best splits lie within from..to. */
function fill(
  points: SortedPoints,
  cost: Float64Array,
  next: Float64Array,
  begin: Int32Array,
  low: number,
  high: number,
  from: number,
  to: number,
): void {
  if (low > high) return;
  const middle = (low + high) >>> 1;
  let best = Infinity;
  let at = from;
  const last = Math.min(to, middle - 1);
  for (let s = from; s <= last; s++) {
    const total = cost[s] + points.spread(s, middle);
    if (total < best) {
      best = total;
      at = s;
    }
  }
  next[middle] = best;
  begin[middle] = at;
  fill(points, cost, next, begin, low, middle - 1, from, at);
  fill(points, cost, next, begin, middle + 1, high, at, to);
}
