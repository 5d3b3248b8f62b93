/**
 * Sorted points with prefix sums, on which both k-means algorithms work: the mean of any run of points
 * in constant time.
 */
import type { Points } from '../histogram.ts';

export class SortedPoints {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  /** Weights and sums of the points before i, values less `origin`. */
  readonly weightBefore: Float64Array;
  readonly sumBefore: Float64Array;
  /** The mean of all: sums are taken around it, which keeps their digits. */
  readonly origin: number;

  constructor({ values, counts }: Points) {
    const n = values.length;
    this.values = values;
    this.counts = counts;
    let total = 0;
    let weight = 0;
    for (let i = 0; i < n; i++) {
      total += values[i] * counts[i];
      weight += counts[i];
    }
    this.origin = weight > 0 ? total / weight : 0;
    this.weightBefore = new Float64Array(n + 1);
    this.sumBefore = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) {
      const v = values[i] - this.origin;
      this.weightBefore[i + 1] = this.weightBefore[i] + counts[i];
      this.sumBefore[i + 1] = this.sumBefore[i] + v * counts[i];
    }
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
