/**
 * Optimal one-dimensional k-means: the k runs of sorted points with the least sum of squares, by
 * dynamic programming (after Wang and Song, "Ckmeans.1d.dp", 2011). With S, Q and W the sum, the sum of
 * squares and the weight of a run, its squared error is Q - S^2 / W, so the inner loop is one
 * division. The error of a single point is exactly 0: rounding must not make a lonely outlier cost
 * more than all the others.
 *
 * The best split of a prefix moves right as the prefix grows and as the runs become more. While
 * runs are few a row of the table is filled by divide and conquer, O(n log n); once they are many,
 * splits move so little that taking prefixes from long to short, each between its neighbour's split
 * and its own of the row before, is nearly O(n). 4 k n bytes.
 */
import type { SortedPoints } from './clusters.ts';

/** Centroids (means of the runs), ascending: `k` of them, or fewer when there are fewer points. */
export function optimalCentroids(points: SortedPoints, k: number): Float64Array {
  const n = points.length;
  if (n <= k) return Float64Array.from(points.values);
  if (k < 1) return new Float64Array(0);
  const row = new Row(points);
  // split[runs - 2][i]: where the last of `runs` runs of the first i points begins
  const split: Int32Array[] = [];
  for (let runs = 2; runs <= k; runs++) {
    const begin = new Int32Array(n + 1);
    const before = split.at(-1);
    // splits of neighbouring rows lie about i / runs^2 points apart
    if (before && n / (2 * runs * runs) < Math.log2(n)) row.sweep(begin, before, runs);
    else row.divide(begin, runs, n, runs - 1, n - 1);
    row.turn();
    split.push(begin);
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

/** One row of the table after another: the least cost of every prefix in `runs` runs. */
class Row {
  readonly #weight: Float64Array;
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  #cost: Float64Array;
  #next: Float64Array;

  constructor(points: SortedPoints) {
    const n = points.length;
    this.#weight = points.weightBefore;
    this.#sum = points.sumBefore;
    this.#squares = points.squaresBefore;
    this.#next = new Float64Array(n + 1);
    this.#cost = new Float64Array(n + 1);
    for (let i = 2; i <= n; i++) {
      const sum = this.#sum[i] - this.#sum[0];
      this.#cost[i] = this.#squares[i] - this.#squares[0] - sum ** 2 / this.#weight[i];
    }
  }

  /** Makes the row just filled the one to build on. */
  turn(): void {
    [this.#cost, this.#next] = [this.#next, this.#cost];
  }

  /** Fills prefixes low..high, whose best splits lie within from..to, the middle one first. */
  divide(begin: Int32Array, low: number, high: number, from: number, to: number): void {
    if (low > high) return;
    const middle = (low + high) >>> 1;
    const at = this.#best(middle, from, Math.min(to, middle - 1));
    begin[middle] = at;
    this.divide(begin, low, middle - 1, from, at);
    this.divide(begin, middle + 1, high, at, to);
  }

  /** Fills every prefix of at least `runs` points from the longest down. */
  sweep(begin: Int32Array, before: Int32Array, runs: number): void {
    let to = begin.length - 2;
    for (let i = begin.length - 1; i >= runs; i--) {
      to = this.#best(i, Math.max(runs - 1, before[i]), Math.min(to, i - 1));
      begin[i] = to;
    }
  }

  /** The split in from..last that costs prefix `i` least; the leftmost of equals. */
  #best(i: number, from: number, last: number): number {
    const cost = this.#cost;
    const weight = this.#weight;
    const sum = this.#sum;
    const squares = this.#squares;
    const w = weight[i];
    const s = sum[i];
    const q = squares[i];
    let best = Infinity;
    let at = from;
    for (let j = from; j <= last; j++) {
      const d = s - sum[j];
      const error = j === i - 1 ? 0 : q - squares[j] - (d * d) / (w - weight[j]);
      const total = cost[j] + error;
      if (total < best) {
        best = total;
        at = j;
      }
    }
    this.#next[i] = best;
    return at;
  }
}
