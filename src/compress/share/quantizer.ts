/**
 * From a weight to its code: the pruning threshold and the borders between shared values as one
 * ascending list of intervals. Plain data, so that the same quantizer counts, encodes and verifies
 * on any thread; `QuantizerTable` is its fast form.
 */
import type { CodedDType } from '../../model/dtype.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../model/half.ts';
import type { Grains } from '../prune/grains.ts';
import { clearPrunedGrains } from '../prune/grains.ts';

export interface Quantizer {
  /** Ascending. Interval i holds the values from `boundaries[i - 1]` up to below `boundaries[i]`. */
  readonly boundaries: Float64Array;
  /** Code of each interval; one longer than `boundaries`. */
  readonly codes: Uint16Array;
  /** Code of minus zero; 0 unless the codebook keeps it as a value of its own. */
  readonly negativeZero: number;
  /** Whole groups of weights that are pruned whatever their values. */
  readonly grains?: Grains;
}

/** `value` rounded to what `dtype` can hold. */
export function roundTo(value: number, dtype: CodedDType): number {
  if (dtype === 'float32') return Math.fround(value);
  if (dtype === 'float16') return fromFloat16(toFloat16(value));
  if (dtype === 'bfloat16') return fromBfloat16(toBfloat16(value));
  return value;
}

/**
 * The quantizer that prunes |w| < `threshold` (and zeros, always) and gives every other weight the
 * nearest of `centroids` (the upper one half way between two), and the codebook it uses. Centroids
 * are ascending; they are rounded to `dtype` here, equal ones are joined, and one that rounds to
 * zero becomes code 0.
 */
export function nearestQuantizer(
  centroids: Float64Array,
  threshold: number,
  dtype: CodedDType,
): { readonly quantizer: Quantizer; readonly codebook: Float64Array } {
  const shared = [...new Set(Array.from(centroids, (c) => roundTo(c, dtype) + 0))];
  const values = [0, ...shared.filter((c) => c !== 0)];
  const borders: number[] = [];
  for (let i = 1; i < shared.length; i++) borders.push(shared[i - 1] / 2 + shared[i] / 2);
  const codeAt = (i: number): number => Math.max(0, values.indexOf(shared[i], 1));
  // the pruned zone, as the first value in it and the first above it
  const from = threshold > 0 ? nextUp(-threshold) : 0;
  const to = threshold > 0 ? threshold : Number.MIN_VALUE;
  const boundaries: number[] = [];
  const codes: number[] = [shared.length > 0 ? codeAt(0) : 0];
  borders.forEach((border, i) => {
    if (border >= from) return;
    boundaries.push(border);
    codes.push(codeAt(i + 1));
  });
  boundaries.push(from, to);
  codes.push(0, codeAt(borders.filter((b) => b <= to).length));
  borders.forEach((border, i) => {
    if (border <= to) return;
    boundaries.push(border);
    codes.push(codeAt(i + 1));
  });
  return {
    quantizer: {
      boundaries: Float64Array.from(boundaries),
      codes: Uint16Array.from(codes),
      negativeZero: 0,
    },
    codebook: Float64Array.from(values),
  };
}

/** The quantizer of a tensor that has exactly these values (ascending, no +0, -0 allowed). */
export function exactQuantizer(distinct: Float64Array): {
  readonly quantizer: Quantizer;
  readonly codebook: Float64Array;
} {
  const codebook = Float64Array.of(0, ...distinct);
  const boundaries: number[] = [];
  const codes: number[] = [0];
  let negativeZero = 0;
  let zeroPlaced = false;
  distinct.forEach((v, i) => {
    if (v === 0) {
      negativeZero = i + 1;
      return;
    }
    if (v > 0 && !zeroPlaced) {
      boundaries.push(0);
      codes.push(0);
      zeroPlaced = true;
    }
    boundaries.push(v);
    codes.push(i + 1);
  });
  if (!zeroPlaced) {
    boundaries.push(0);
    codes.push(0);
  }
  return {
    quantizer: {
      boundaries: Float64Array.from(boundaries),
      codes: Uint16Array.from(codes),
      negativeZero,
    },
    codebook,
  };
}

/** The least double above `x`. */
export function nextUp(x: number): number {
  if (x === 0) return Number.MIN_VALUE;
  const double = new Float64Array([x]);
  const bits = new BigInt64Array(double.buffer);
  bits[0] += x > 0 ? 1n : -1n;
  return double[0];
}

const tableFrom = 4096;

export class QuantizerTable {
  readonly #quantizer: Quantizer;
  /** The boundaries, and an infinity that ends every search. */
  readonly #boundaries: Float64Array;
  /** By the upper 16 bits of a float32: the interval of the least float with those bits. */
  readonly #start: Uint16Array | undefined;

  /** `n`: about how many weights will be quantized; a few are not worth a table. */
  constructor(quantizer: Quantizer, n: number) {
    this.#quantizer = quantizer;
    this.#boundaries = Float64Array.of(...quantizer.boundaries, Infinity);
    this.#start = n >= tableFrom ? this.#startTable() : undefined;
  }

  /** Fills `codes[0 .. n)` with the codes of the values from flat index `start` of the tensor on. */
  quantize(
    values: Float32Array | Float64Array,
    n: number,
    start: number,
    codes: Uint16Array,
  ): void {
    const table = this.#start;
    if (table !== undefined && values instanceof Float32Array)
      this.#lookUp(values, n, codes, table);
    else this.#search(values, n, codes);
    const { negativeZero, grains } = this.#quantizer;
    if (negativeZero !== 0) {
      for (let i = 0; i < n; i++) if (Object.is(values[i], -0)) codes[i] = negativeZero;
    }
    if (grains !== undefined) clearPrunedGrains(grains, start, codes, n);
  }

  #lookUp(values: Float32Array, n: number, codes: Uint16Array, table: Uint16Array): void {
    const boundaries = this.#boundaries;
    const map = this.#quantizer.codes;
    const bits = new Int32Array(values.buffer, values.byteOffset, n);
    for (let i = 0; i < n; i++) {
      const value = values[i];
      let interval = table[bits[i] >>> 16];
      while (value >= boundaries[interval]) interval++;
      codes[i] = map[interval];
    }
  }

  #search(values: Float32Array | Float64Array, n: number, codes: Uint16Array): void {
    const boundaries = this.#boundaries;
    const map = this.#quantizer.codes;
    for (let i = 0; i < n; i++) {
      const value = values[i];
      let low = 0;
      let high = boundaries.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (value >= boundaries[middle]) low = middle + 1;
        else high = middle;
      }
      codes[i] = map[low];
    }
  }

  #startTable(): Uint16Array {
    const start = new Uint16Array(65536);
    const boundaries = this.#boundaries;
    const float = new Float32Array(1);
    const bits = new Uint32Array(float.buffer);
    let interval = 0;
    const place = (key: number, least: number): void => {
      bits[0] = least;
      const value = float[0];
      while (interval < boundaries.length - 1 && value >= boundaries[interval]) interval++;
      start[key] = interval;
    };
    // ascending values: negative floats from the largest magnitude, then the positive ones
    for (let key = 0xff7f; key >= 0x8000; key--) place(key, key * 65536 + 65535);
    for (let key = 0; key <= 0x7f7f; key++) place(key, key * 65536);
    return start;
  }
}
