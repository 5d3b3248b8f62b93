/**
 * A histogram that needs no range beforehand: the bins are the upper 18 bits of the float32 (sign,
 * exponent, 9 bits of fraction), so a bin is 0.1 to 0.2 % of its value wide, and one pass over the
 * weights gives statistics, pruning thresholds and the points that weight sharing clusters. Zeros
 * are counted apart. Small tensors are sorted instead, and exact.
 */
export const binCount = 1 << 18;
const binShift = 14;

/** Tensors up to this many weights are sorted: every distinct value is a point. */
export const exactLimit = 1 << 14;

/** The largest share of a layer's non-zero weights that can be outliers. */
const outlierShare = 0.01;

/** The non-zero values of a part of a tensor; bins or values ascending. */
export interface HistogramPart {
  readonly weights: number;
  readonly zeros: number;
  /** NaN, infinities, and doubles beyond the range of float32. */
  readonly nonFinite: number;
  /** Over the finite values; 0 when there are none. */
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Bin numbers, ascending in value; empty when exact. */
  readonly bins: Uint32Array;
  readonly counts: Float64Array;
  /** Sum of the values of each bin; when exact, the distinct values themselves. */
  readonly sums: Float64Array;
}

/** Distinct points (or bin means) ascending, with how many weights each stands for. */
export interface Points {
  readonly values: Float64Array;
  readonly counts: Float64Array;
}

let scratchCounts: Int32Array | undefined;
let scratchSums: Float64Array | undefined;

/** Histogram of `values[0 .. n)`. */
export function histogramOf(
  values: Float32Array | Float64Array,
  n: number,
  exact: boolean,
): HistogramPart {
  const part =
    values instanceof Float32Array
      ? values.subarray(0, n)
      : Float32Array.from(values.subarray(0, n));
  const bits = new Int32Array(part.buffer, part.byteOffset, n);
  const counts = (scratchCounts ??= new Int32Array(binCount));
  const sums = (scratchSums ??= new Float64Array(binCount));
  let zeros = 0;
  let min = Infinity;
  let max = -Infinity;
  let sumOfSquares = 0;
  for (let i = 0; i < n; i++) {
    const value = values[i];
    if (value === 0) {
      zeros++;
      continue;
    }
    const b = bits[i];
    const bin = (b ^ ((b >> 31) | 0x80000000)) >>> binShift;
    counts[bin]++;
    sums[bin] += value;
    sumOfSquares += value * value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const found = collect(counts, sums);
  const nonFinite = countNonFinite(found.bins, found.counts);
  if (zeros > 0) {
    if (!(min < 0)) min = 0;
    if (!(max > 0)) max = 0;
  }
  const sum = found.sums.reduce((a, b) => a + b, 0);
  const head = {
    weights: n,
    zeros,
    nonFinite,
    min: min <= max ? min : 0,
    max: min <= max ? max : 0,
    sum,
    sumOfSquares,
  };
  if (!exact || nonFinite > 0) return { ...head, ...found };
  return { ...head, bins: new Uint32Array(0), ...distinctValues(values, n) };
}

/** Takes the bins in use out of the scratch arrays, and empties those. */
function collect(
  counts: Int32Array,
  sums: Float64Array,
): { bins: Uint32Array; counts: Float64Array; sums: Float64Array } {
  let used = 0;
  for (let bin = 0; bin < binCount; bin++) if (counts[bin] !== 0) used++;
  const out = {
    bins: new Uint32Array(used),
    counts: new Float64Array(used),
    sums: new Float64Array(used),
  };
  for (let bin = 0, at = 0; at < used; bin++) {
    if (counts[bin] === 0) continue;
    out.bins[at] = bin;
    out.counts[at] = counts[bin];
    out.sums[at++] = sums[bin];
    counts[bin] = 0;
    sums[bin] = 0;
  }
  return out;
}

const firstFinite = 0x007fffff >>> binShift; // bins up to here: -Infinity and NaN
const lastFinite = 0xff800000 >>> binShift; // bins from here on: Infinity and NaN

function countNonFinite(bins: Uint32Array, counts: Float64Array): number {
  let total = 0;
  bins.forEach((bin, i) => {
    if (bin <= firstFinite || bin >= lastFinite) total += counts[i];
  });
  return total;
}

function distinctValues(
  values: Float32Array | Float64Array,
  n: number,
): { counts: Float64Array; sums: Float64Array } {
  const sorted = Float64Array.from(values.subarray(0, n))
    .filter((v) => v !== 0)
    .sort();
  const counts: number[] = [];
  const sums: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && sorted[i] === sorted[i - 1]) counts[counts.length - 1]++;
    else {
      sums.push(sorted[i]);
      counts.push(1);
    }
  }
  return { counts: Float64Array.from(counts), sums: Float64Array.from(sums) };
}

/** A whole tensor's histogram, from parts merged in the order of the blocks. */
export class Histogram {
  weights = 0;
  zeros = 0;
  nonFinite = 0;
  min = Infinity;
  max = -Infinity;
  sum = 0;
  sumOfSquares = 0;
  #parts: HistogramPart[] = [];

  add(part: HistogramPart): void {
    this.weights += part.weights;
    this.zeros += part.zeros;
    this.nonFinite += part.nonFinite;
    this.min = Math.min(this.min, part.min);
    this.max = Math.max(this.max, part.max);
    this.sum += part.sum;
    this.sumOfSquares += part.sumOfSquares;
    this.#parts.push(part);
  }

  /**
   * Standard deviation of the weights, zeros included: what pruning measures magnitudes in. Where a
   * hundredth of the non-zero weights or fewer hold most of the sum of squares, those are outliers,
   * and the deviation is that of the others: a few must not make a threshold that erases the rest.
   */
  get deviation(): number {
    if (this.weights === 0) return 0;
    const meanSquare = this.sumOfSquares / this.weights;
    const mean = this.sum / this.weights;
    const plain = Math.sqrt(Math.max(0, meanSquare - mean * mean));
    const largest = Math.max(Math.abs(this.min), Math.abs(this.max));
    // a hundredth that holds half has a mean square of at least 50 times that of all
    if (largest * largest < (0.5 / outlierShare) * meanSquare) return plain;
    return this.#withoutOutliers() ?? plain;
  }

  /** The deviation without the largest weights, where these hold most of the sum of squares. */
  #withoutOutliers(): number | undefined {
    const { values, counts } = this.points();
    const most = Math.floor(outlierShare * (this.weights - this.zeros));
    const size = (i: number): number => (i in values ? Math.abs(values[i]) : Infinity);
    let low = 0;
    let high = values.length - 1;
    for (let out = 0; low < high;) {
      const at = size(low) > size(high) ? low : high;
      out += counts[at];
      if (out > most) break;
      if (at === low) low++;
      else high--;
    }
    let weights = this.zeros;
    let sum = 0;
    let squares = 0;
    const take = (i: number): void => {
      weights += counts[i];
      sum += counts[i] * values[i];
      squares += counts[i] * values[i] * values[i];
    };
    for (let i = low; i <= high; i++) take(i);
    if (squares > this.sumOfSquares / 2) return undefined;
    // of those left out, what is not far from the others is none
    for (;;) {
      const next = size(low - 1) < size(high + 1) ? low - 1 : high + 1;
      if (!(size(next) ** 2 < (0.5 / outlierShare) * (squares / weights))) break;
      take(next);
      if (next < low) low--;
      else high++;
    }
    return Math.sqrt(Math.max(0, squares / weights - (sum / weights) ** 2));
  }

  /** The non-zero values as points. */
  points(): Points {
    const [only] = this.#parts;
    if (this.#parts.length === 1 && only.bins.length === 0) {
      return { values: only.sums, counts: only.counts };
    }
    const counts = new Float64Array(binCount);
    const sums = new Float64Array(binCount);
    for (const part of this.#parts) {
      for (let i = 0; i < part.bins.length; i++) {
        counts[part.bins[i]] += part.counts[i];
        sums[part.bins[i]] += part.sums[i];
      }
    }
    let used = 0;
    for (const c of counts) if (c > 0) used++;
    const points = { values: new Float64Array(used), counts: new Float64Array(used) };
    for (let bin = 0, at = 0; at < used; bin++) {
      if (counts[bin] === 0) continue;
      points.values[at] = sums[bin] / counts[bin];
      points.counts[at++] = counts[bin];
    }
    return points;
  }
}

/** The magnitudes that share the bin of magnitude `m`: from `low` up to below `high`. */
export function binAround(m: number): { readonly low: number; readonly high: number } {
  const float = new Float32Array([m]);
  const bits = new Uint32Array(float.buffer);
  const key = bits[0] >>> binShift;
  bits[0] = key << binShift;
  const low = float[0];
  bits[0] = (key + 1) << binShift;
  return { low, high: float[0] };
}
