/**
 * How compressible values are, one weight at a time. Up to 65,536 different values are counted
 * exactly; beyond that the 16-bit pieces of a value are counted apart, which is what a coder with
 * tables of that size could do. The tables themselves cost bits too: few weights of many values are
 * not compressible, whatever their entropy says.
 */
import { entropyBits } from '../compress/code/code-lengths.ts';
import type { Numbers } from './statistics.ts';

/** How few bits a weight could take without loss, coding one weight at a time (order 0). */
export interface EntropyBound {
  /** Bits a weight as it lies in the model, by its element type. */
  readonly stored: number;
  /** Order-0 entropy of the values, bits a weight; `halves`: of 16-bit pieces coded apart; `levels`:
   * of a layer on a grid. */
  readonly bits: number;
  readonly of: 'values' | 'halves' | 'levels';
  /** The same with the table of the values themselves, or the scales, and never above `stored`. */
  readonly bound: number;
  /** 1 - bound / stored */
  readonly compressibility: number;
  /** Entropy of where the zeros are, bits a weight. */
  readonly mask: number;
}

export const distinctLimit = 65536;

/** Counts of different values, by the bits of the double; gives up beyond the limit. */
class ValueCounts {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  size = 0;
  readonly #one = new Float64Array(1);
  readonly #bits = new Uint32Array(this.#one.buffer);
  readonly #stored: Uint32Array;

  /** @param most values there can be */
  constructor(most: number) {
    const slots = 2 ** Math.ceil(Math.log2(2 * Math.max(8, Math.min(most, distinctLimit))));
    this.values = new Float64Array(slots);
    this.counts = new Float64Array(slots);
    this.#stored = new Uint32Array(this.values.buffer);
  }

  /** False: there are too many. */
  add(value: number, times: number): boolean {
    const { counts } = this;
    const last = counts.length - 1;
    this.#one[0] = value !== value ? NaN : value;
    const low = this.#bits[0];
    const high = this.#bits[1];
    let slot = (Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> 10) & last;
    while (
      counts[slot] > 0 &&
      (this.#stored[2 * slot] !== low || this.#stored[2 * slot + 1] !== high)
    )
      slot = (slot + 1) & last;
    if (counts[slot] === 0) {
      if (this.size === distinctLimit) return false;
      this.size++;
      this.values[slot] = this.#one[0];
    }
    counts[slot] += times;
    return true;
  }
}

export class EntropyCounter {
  #exact: ValueCounts | undefined;
  /** None for so few weights that their values can be counted in any case. */
  readonly #pieces: readonly Uint32Array[];
  #seen = 0;

  /** @param weights there will be at most */
  constructor(weights: number, wide: boolean) {
    this.#exact = new ValueCounts(weights);
    const pieces = weights <= distinctLimit ? 0 : wide ? 4 : 2;
    this.#pieces = Array.from({ length: pieces }, () => new Uint32Array(65536));
  }

  add(values: Numbers): void {
    this.#seen += values.length;
    if (this.#exact !== undefined) {
      for (let i = 0; i < values.length; i++) {
        if (this.#exact.add(values[i], 1)) continue;
        this.#exact = undefined;
        break;
      }
    }
    const [a, b, c, d] = this.#pieces;
    if (a === undefined) return;
    const words = new Uint32Array(values.buffer, values.byteOffset, values.byteLength / 4);
    if (c === undefined || d === undefined) {
      for (let i = 0; i < words.length; i++) {
        const w = words[i];
        a[w & 0xffff]++;
        b[w >>> 16]++;
      }
      return;
    }
    for (let i = 0; i < words.length; i += 2) {
      const low = words[i];
      const high = words[i + 1];
      a[low & 0xffff]++;
      b[low >>> 16]++;
      c[high & 0xffff]++;
      d[high >>> 16]++;
    }
  }

  /** Different values (+0 and -0 are two here), null when there are too many. */
  get distinct(): number | null {
    return this.#exact?.size ?? null;
  }

  /** The different values ascending, and how often each occurs; undefined when too many. */
  values(): { readonly values: Float64Array; readonly counts: Float64Array } | undefined {
    if (this.#exact === undefined) return undefined;
    const { values, counts } = this.#exact;
    const used: number[] = [];
    counts.forEach((n, slot) => n > 0 && used.push(slot));
    used.sort((i, j) => values[i] - values[j] || Number(values[i] !== values[i]));
    return {
      values: Float64Array.from(used, (slot) => values[slot]),
      counts: Float64Array.from(used, (slot) => counts[slot]),
    };
  }

  /** @param stored bits a weight takes in the model; @param zeros of the weights seen */
  bound(stored: number, zeros: number): EntropyBound {
    if (this.#exact !== undefined) return entropyBound(this.#exact.counts, stored, zeros);
    const n = this.#seen;
    let bits = 0;
    let tables = 0;
    for (const counts of this.#pieces) {
      bits += entropyBits(Float64Array.from(counts)) / n;
      for (let i = 0; i < counts.length; i++) if (counts[i] > 0) tables += 16;
    }
    return bounded({ stored, bits, of: 'halves', tables, n, zeros });
  }
}

/** The bound for values that occur `counts` times each (zeros in `counts` are ignored). */
export function entropyBound(counts: Float64Array, stored: number, zeros: number): EntropyBound {
  let n = 0;
  let used = 0;
  for (const c of counts) {
    n += c;
    if (c > 0) used++;
  }
  const bits = n > 0 ? entropyBits(counts) / n : 0;
  return bounded({ stored, bits, of: 'values', tables: used * stored, n, zeros });
}

/**
 * The bound for weights that are levels of a grid, `counts` of each, with `scales` float32 scales: the
 * table of such a layer. Its values are as many as levels and channels together make.
 */
export function levelsBound(
  counts: Float64Array,
  scales: number,
  stored: number,
  zeros: number,
): EntropyBound {
  const n = counts.reduce((a, b) => a + b, 0);
  const bits = n > 0 ? entropyBits(counts) / n : 0;
  return bounded({ stored, bits, of: 'levels', tables: 32 * scales, n, zeros });
}

function bounded(f: {
  readonly stored: number;
  readonly bits: number;
  readonly of: EntropyBound['of'];
  readonly tables: number;
  readonly n: number;
  readonly zeros: number;
}): EntropyBound {
  const { stored, of, n } = f;
  const bits = Math.min(f.bits, stored);
  const bound = n > 0 ? Math.min(stored, f.bits + f.tables / n) : 0;
  const mask = n > 0 ? entropyBits(Float64Array.of(f.zeros, n - f.zeros)) / n : 0;
  const compressibility = stored > 0 && n > 0 ? 1 - bound / stored : 0;
  return { stored, bits, of, bound, compressibility, mask };
}
