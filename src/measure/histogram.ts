/**
 * Histograms that lose no weight: what is in no bin is counted by name (zeros, NaN, infinities,
 * outside). Linear bins are exact at their edges. Logarithmic bins are eighths of an octave (or
 * groups of them), read off the bits of the double, so that their edges are exact too.
 */
import type { Numbers } from './statistics.ts';

export const mostBins = 4096;

export interface LinearHistogram {
  readonly scale: 'linear';
  /** Bin i holds edges[i] <= v < edges[i + 1]; the last one also its upper edge. */
  readonly edges: Float64Array;
  /** Zeros are not in the bins. Sum of counts + zeros + nan + infinite + outside = weights. */
  readonly counts: Float64Array;
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  /** Finite values outside the range that was asked for. */
  readonly outside: number;
  readonly weights: number;
}

export interface LogHistogram {
  readonly scale: 'log';
  /** Magnitudes: bin i holds edges[i] <= |v| < edges[i + 1]. Edges are exact doubles. */
  readonly edges: Float64Array;
  readonly negative: Float64Array;
  readonly positive: Float64Array;
  /** Sum of negative + positive + zeros + nan + infinite = weights. */
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  readonly weights: number;
}

/** Edges of `bins` equal bins over [min, max]; a sole value gets a range around it. */
export function linearEdges(min: number, max: number, bins: number): Float64Array {
  let low = min;
  let high = max;
  if (!(low < high)) {
    const room = low === 0 || !Number.isFinite(low) ? 0.5 : Math.abs(low) * 0.5;
    low = (Number.isFinite(min) ? min : 0) - room;
    high = low + 2 * room;
  }
  const edges = new Float64Array(bins + 1);
  for (let i = 0; i <= bins; i++) {
    const t = i / bins;
    edges[i] = low * (1 - t) + high * t; // never overflows
  }
  edges[0] = low;
  edges[bins] = high;
  return edges;
}

export class LinearCounter {
  readonly counts: Float64Array;
  zeros = 0;
  nan = 0;
  infinite = 0;
  outside = 0;
  weights = 0;

  constructor(readonly edges: Float64Array) {
    this.counts = new Float64Array(edges.length - 1);
  }

  add(values: Numbers): void {
    const { edges, counts } = this;
    const last = counts.length - 1;
    const low = edges[0];
    const high = edges[last + 1];
    const scale = (last + 1) / (high - low);
    this.weights += values.length;
    for (let i = 0; i < values.length; i++) {
      const v = values[i];
      if (v === 0) {
        this.zeros++;
      } else if (v >= low && v <= high) {
        let bin = Math.min(last, Math.floor((v - low) * scale));
        while (bin > 0 && v < edges[bin]) bin--;
        while (bin < last && v >= edges[bin + 1]) bin++;
        counts[bin]++;
      } else this.#odd(v, 1);
    }
  }

  addTimes(value: number, times: number): void {
    if (times === 0) return;
    const { edges, counts } = this;
    this.weights += times;
    if (value === 0) this.zeros += times;
    else if (value >= edges[0] && value <= edges[counts.length]) {
      let bin = 0;
      while (bin < counts.length - 1 && value >= edges[bin + 1]) bin++;
      counts[bin] += times;
    } else this.#odd(value, times);
  }

  #odd(value: number, times: number): void {
    if (value !== value) this.nan += times;
    else if (value === Infinity || value === -Infinity) this.infinite += times;
    else this.outside += times;
  }

  result(): LinearHistogram {
    const { edges, counts, zeros, nan, infinite, outside, weights } = this;
    return { scale: 'linear', edges, counts, zeros, nan, infinite, outside, weights };
  }
}

const keys = 1 << 14; // 11 bits of exponent, 3 of fraction
const infinityKey = 2047 << 3;

/** Least magnitude with a key. */
function edgeOf(key: number): number {
  const exponent = key >>> 3;
  const fraction = (key & 7) / 8;
  if (exponent === 0) return fraction * 2 ** -1022;
  return exponent === 2047 ? Infinity : (1 + fraction) * 2 ** (exponent - 1023);
}

const view = new DataView(new ArrayBuffer(8));

function keyOf(magnitude: number): number {
  view.setFloat64(0, magnitude);
  return (view.getUint32(0) >>> 17) & (keys - 1);
}

/** Key of the largest finite magnitude below an edge. */
function keyBelow(edge: number): number {
  const key = Math.min(keyOf(edge), infinityKey);
  return key > 0 && edgeOf(key) >= edge ? key - 1 : key;
}

export class LogCounter {
  readonly #negative = new Float64Array(keys);
  readonly #positive = new Float64Array(keys);
  #zeros = 0;
  #weights = 0;
  #nan = 0;
  #doubles = new Float64Array(0);

  add(values: Numbers): void {
    this.#weights += values.length;
    if (this.#doubles.length < values.length) this.#doubles = new Float64Array(values.length);
    const doubles = this.#doubles.subarray(0, values.length);
    doubles.set(values);
    const words = new Uint32Array(doubles.buffer, 0, 2 * doubles.length);
    for (let i = 0; i < doubles.length; i++) {
      const v = doubles[i];
      if (v === 0) this.#zeros++;
      else if (v !== v) this.#nan++;
      else {
        const high = words[2 * i + 1];
        const key = (high >>> 17) & (keys - 1);
        if (high >>> 31 === 1) this.#negative[key]++;
        else this.#positive[key]++;
      }
    }
  }

  addTimes(value: number, times: number): void {
    const before = this.#weights;
    const sides = [this.#negative, this.#positive] as const;
    this.#weights = before + times;
    if (value === 0) this.#zeros += times;
    else if (value !== value) this.#nan += times;
    else {
      sides[value < 0 ? 0 : 1][keyOf(value)] += times;
    }
  }

  /** Bytes that stay. */
  get bytes(): number {
    return this.#negative.byteLength + this.#positive.byteLength;
  }

  /** All is counted: gives up what is only needed for that. */
  done(): this {
    this.#doubles = new Float64Array(0);
    return this;
  }

  /**
   * In at most `most` bins: eighths of an octave, or two, four, … of them together.
   * @param cover magnitudes, from (0 excluded) below to, that the bins cover at least: two histograms
   *   that cover the outer edges of both have the same bins
   */
  result(most: number, cover?: readonly [number, number]): LogHistogram {
    const negative = this.#negative;
    const positive = this.#positive;
    let first = cover === undefined ? keys : keyOf(cover[0]);
    let last = cover === undefined ? -1 : Math.max(first, keyBelow(cover[1]));
    for (let key = 0; key < infinityKey; key++) {
      if (negative[key] + positive[key] === 0) continue;
      first = Math.min(first, key);
      last = Math.max(last, key);
    }
    const infinite = negative[infinityKey] + positive[infinityKey];
    const head = { scale: 'log', zeros: this.#zeros, nan: this.#nan, infinite } as const;
    const none = new Float64Array(0);
    if (last < 0)
      return { ...head, edges: none, negative: none, positive: none, weights: this.#weights };
    let shift = 0;
    while ((last >> shift) - (first >> shift) + 1 > Math.max(1, most)) shift++;
    const from = first >> shift;
    const bins = (last >> shift) - from + 1;
    const edges = Float64Array.from({ length: bins + 1 }, (_, i) =>
      edgeOf(Math.min((from + i) << shift, infinityKey)),
    );
    const grouped = (side: Float64Array): Float64Array => {
      const counts = new Float64Array(bins);
      for (let key = first; key <= last; key++) counts[(key >> shift) - from] += side[key];
      return counts;
    };
    return {
      ...head,
      edges,
      negative: grouped(negative),
      positive: grouped(positive),
      weights: this.#weights,
    };
  }
}
