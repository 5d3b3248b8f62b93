/**
 * Sorted points with prefix sums, on which both k-means algorithms work: mean and squared error of any
 * run of points in constant time. Sums are taken from the median outwards, so that those of the many
 * points near it hold no part of a few that are 10^38 times as large.
 */
import type { Points } from '../histogram.ts';

export class SortedPoints {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  /** Weights of the points before i. */
  readonly weightBefore: Float64Array;
  /**
   * Sums and sums of squares of the points from the median up to before i, negative for those from i
   * up to before the median; values less `origin`.
   */
  readonly sumBefore: Float64Array;
  readonly squaresBefore: Float64Array;
  /** The median of the weights. */
  readonly origin: number;

  constructor({ values, counts }: Points) {
    const n = values.length;
    this.values = values;
    this.counts = counts;
    this.weightBefore = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) this.weightBefore[i + 1] = this.weightBefore[i] + counts[i];
    let median = 0;
    while (median < n && 2 * this.weightBefore[median + 1] < this.weight) median++;
    this.origin = n > 0 ? values[median] : 0;
    this.sumBefore = new Float64Array(n + 1);
    this.squaresBefore = new Float64Array(n + 1);
    for (let i = median; i < n; i++) this.#extend(i, i, i + 1, 1);
    for (let i = median - 1; i >= 0; i--) this.#extend(i, i + 1, i, -1);
  }

  #extend(point: number, from: number, to: number, sign: number): void {
    const v = this.values[point] - this.origin;
    const sum = sign * v * this.counts[point];
    this.sumBefore[to] = this.sumBefore[from] + sum;
    this.squaresBefore[to] = this.squaresBefore[from] + sum * v;
  }

  get length(): number {
    return this.values.length;
  }

  get weight(): number {
    return this.weightBefore[this.length];
  }

  /** Mean of the points from `start` up to before `end`, of which there is at least one. */
  mean(start: number, end: number): number {
    if (end === start + 1) return this.values[start];
    const sum = this.sumBefore[end] - this.sumBefore[start];
    return this.origin + sum / (this.weightBefore[end] - this.weightBefore[start]);
  }

  /** Index of the first point that is at least `value`. */
  firstAtLeast(value: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.values[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Sum of the squared distances of all points from their nearest centroid (ascending). */
  wcss(centroids: Float64Array): number {
    let total = 0;
    let start = 0;
    for (let c = 0; c < centroids.length; c++) {
      const end =
        c + 1 < centroids.length
          ? this.firstAtLeast(centroids[c] / 2 + centroids[c + 1] / 2)
          : this.length;
      for (; start < end; start++) {
        total += this.counts[start] * (this.values[start] - centroids[c]) ** 2;
      }
    }
    return total;
  }
}
