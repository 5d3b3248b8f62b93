/**
 * Counts distinct values exactly. Whatever fits 32 bits (float32 and narrower floats, integers up
 * to 32 bits) marks a two-level bitmap over its bits: the upper 16 choose a page of 65,536 bits
 * that is given out when first touched, so a layer of Gaussian weights needs some 50 MB and the
 * worst case is bounded at 512 MB. Wider values go into a hash set, which gives up (null) past
 * 2^20 different ones. Short runs are sorted instead. +0 and -0 are one value, so are all NaNs.
 */
const pageCount = 65536;
const pageShift = 11;
const pageWords = 1 << pageShift; // of 32 bits
/** Pages lie in slabs: few large arrays, because an array object a page costs a cache miss each. */
const slabShift = 8;
const slabPages = 1 << slabShift;
const setLimit = 1 << 20;
const quietNaN = 0x7fc00000;

/** How the bits of a value are found: as a float32, as a 32-bit integer, or not in 32 bits. */
export type DistinctKind = 'float' | 'integer' | 'wide';

/** What one thread saw, to be moved to another and merged there. */
export interface DistinctPart {
  /** By the upper 16 bits: 1 + the position of the page, 0 when there is none. */
  readonly table: Int32Array;
  readonly slabs: readonly Uint32Array[];
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
  private table = new Int32Array(pageCount);
  private slabs: Uint32Array[] = [];
  private pages = 0;
  private wide: WideSet | undefined;

  constructor(private readonly kind: DistinctKind) {}

  add(values: Float32Array | Float64Array): void {
    if (this.kind === 'wide') {
      (this.wide ??= new WideSet()).add(values);
      return;
    }
    const bits = bitsOfValues(values);
    const { table, slabs } = this;
    for (let i = 0; i < bits.length; i++) {
      const b = bits[i];
      const page = (table[b >>> 16] || this.addPage(b >>> 16)) - 1;
      const word = ((page & (slabPages - 1)) << pageShift) | ((b & 0xffff) >>> 5);
      slabs[page >>> slabShift][word] |= 1 << (b & 31);
    }
  }

  /** What was seen; empties the counter. */
  take(): DistinctPart {
    const { table, slabs } = this;
    const wide = this.wide?.values() ?? new Float64Array(0);
    this.table = new Int32Array(pageCount);
    this.slabs = [];
    this.pages = 0;
    this.wide = undefined;
    return { table, slabs, wide };
  }

  merge({ table, slabs, wide }: DistinctPart): void {
    if (wide.length > 0) (this.wide ??= new WideSet()).add(wide);
    for (let number = 0; number < pageCount; number++) {
      if (table[number] === 0) continue;
      const from = pageOf(slabs, table[number] - 1);
      const to = pageOf(this.slabs, (this.table[number] || this.addPage(number)) - 1);
      for (let i = 0; i < pageWords; i++) to[i] |= from[i];
    }
  }

  /** The count, or null when there were too many wide values to tell. */
  count(): number | null {
    if (this.wide) return this.wide.size > setLimit ? null : this.wide.size;
    let count = 0;
    for (const slab of this.slabs)
      for (let i = 0; i < slab.length; i++) if (slab[i] !== 0) count += ones(slab[i]);
    return count;
  }

  private addPage(number: number): number {
    if (this.pages >>> slabShift === this.slabs.length)
      this.slabs.push(new Uint32Array(slabPages << pageShift));
    return (this.table[number] = ++this.pages);
  }
}

function pageOf(slabs: readonly Uint32Array[], page: number): Uint32Array {
  const start = (page & (slabPages - 1)) << pageShift;
  return slabs[page >>> slabShift].subarray(start, start + pageWords);
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
