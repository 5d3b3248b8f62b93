/**
 * Counts distinct values exactly. Whatever fits 32 bits (float32 and narrower floats, integers up
 * to 32 bits) marks a two-level bitmap over its bits: the upper 16 choose a page of 65,536 bits
 * that is allocated when first touched, so a layer of Gaussian weights needs some 50 MB and the
 * worst case is bounded at 512 MB. Wider values go into a hash set, which gives up (null) past
 * 2^20 different ones. Short runs are sorted instead. +0 and -0 are one value, so are all NaNs.
 */
const pageCount = 65536;
const pageWords = 65536 / 32;
const setLimit = 1 << 20;
const quietNaN = 0x7fc00000;

/** How the bits of a value are found: as a float32, as a 32-bit integer, or not in 32 bits. */
export type DistinctKind = 'float' | 'integer' | 'wide';

/** What one thread saw, to be moved to another and merged there. */
export interface DistinctPart {
  readonly numbers: Uint16Array;
  readonly pages: readonly Uint32Array[];
  readonly wide: Float64Array;
}

/** The count for one short array, by sorting. */
export function distinctBySorting(values: Float32Array | Float64Array, kind: DistinctKind): number {
  const sorted = kind === 'wide' ? Float64Array.from(values, (v) => v + 0) : bitsOfValues(values);
  sorted.sort();
  let count = sorted.length > 0 ? 1 : 0;
  for (let i = 1; i < sorted.length; i++)
    if (
      sorted[i] !== sorted[i - 1] &&
      !(sorted[i] !== sorted[i] && sorted[i - 1] !== sorted[i - 1])
    )
      count++;
  return count;
}

export class DistinctCounter {
  private pages = new Array<Uint32Array | undefined>(pageCount);
  private wide: WideSet | undefined;

  constructor(private readonly kind: DistinctKind) {}

  add(values: Float32Array | Float64Array): void {
    if (this.kind === 'wide') {
      (this.wide ??= new WideSet()).add(values);
      return;
    }
    const bits = bitsOfValues(values);
    const { pages } = this;
    for (let i = 0; i < bits.length; i++) {
      const b = bits[i];
      const page = (pages[b >>> 16] ??= new Uint32Array(pageWords));
      page[(b & 0xffff) >>> 5] |= 1 << (b & 31);
    }
  }

  /** What was seen; empties the counter. */
  take(): DistinctPart {
    const numbers: number[] = [];
    const pages: Uint32Array[] = [];
    for (let number = 0; number < pageCount; number++) {
      const page = this.pages[number];
      if (!page) continue;
      numbers.push(number);
      pages.push(page);
    }
    const wide = this.wide?.values() ?? new Float64Array(0);
    this.pages = new Array<Uint32Array | undefined>(pageCount);
    this.wide = undefined;
    return { numbers: Uint16Array.from(numbers), pages, wide };
  }

  merge({ numbers, pages, wide }: DistinctPart): void {
    if (wide.length > 0) (this.wide ??= new WideSet()).add(wide);
    for (let p = 0; p < pages.length; p++) {
      const mine = this.pages[numbers[p]];
      const other = pages[p];
      if (!mine) this.pages[numbers[p]] = other;
      else for (let i = 0; i < pageWords; i++) mine[i] |= other[i];
    }
  }

  /** The count, or null when there were too many wide values to tell. */
  count(): number | null {
    if (this.wide) return this.wide.size > setLimit ? null : this.wide.size;
    let count = 0;
    for (const page of this.pages) {
      if (!page) continue;
      for (let i = 0; i < pageWords; i++) if (page[i] !== 0) count += ones(page[i]);
    }
    return count;
  }
}

/** One 32-bit pattern a value: the float32's (with one zero and one NaN), or the integer's. */
function bitsOfValues(values: Float32Array | Float64Array): Uint32Array {
  const bits = new Uint32Array(values.length);
  if (values instanceof Float64Array) {
    for (let i = 0; i < bits.length; i++) bits[i] = values[i]; // modulo 2^32: exact for integers
    return bits;
  }
  const stored = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) {
    const b = stored[i];
    bits[i] = b === 0x80000000 ? 0 : (b & 0x7fffffff) > 0x7f800000 ? quietNaN : b;
  }
  return bits;
}

/** Open addressing over the bits of doubles; stores nothing more once the limit is passed. */
class WideSet {
  size = 0;
  private readonly keys = new Float64Array(setLimit * 2);
  private readonly bits = new Uint32Array(this.keys.buffer);
  private readonly used = new Uint8Array(setLimit * 2);
  private readonly one = new Float64Array(1);
  private readonly oneBits = new Uint32Array(this.one.buffer);

  add(values: Float32Array | Float64Array): void {
    const { bits, used, one, oneBits } = this;
    const mask = setLimit * 2 - 1;
    for (let i = 0; i < values.length && this.size <= setLimit; i++) {
      const v = values[i];
      one[0] = v === v ? v + 0 : NaN; // -0 + 0 is +0
      const low = oneBits[0];
      const high = oneBits[1];
      let slot = (Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> 8) & mask;
      while (used[slot] && (bits[slot * 2] !== low || bits[slot * 2 + 1] !== high))
        slot = (slot + 1) & mask;
      if (used[slot]) continue;
      used[slot] = 1;
      bits[slot * 2] = low;
      bits[slot * 2 + 1] = high;
      this.size++;
    }
  }

  values(): Float64Array {
    return this.keys.filter((_, slot) => this.used[slot] === 1);
  }
}

function ones(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555);
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
