/**
 * Canonical Huffman streams (docs/dcz-coding.md, section 2): codes of 1 to 16 bits given by their
 * lengths alone, sent most significant bit first into a stream that fills from the least significant
 * bit. Decoding looks up 12 bits at once, which often hold two symbols, and walks the rare longer codes
 * by length.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { maxCodeLength } from './code-lengths.ts';

const primaryBits = 12;

/** Codes of fewer symbols get the table that gives two at a time: a symbol takes 9 bits of it. */
const pairSymbols = 512;

/** Per symbol: the code, bit-reversed, times 32, plus its length. A sole symbol has length 0. */
export function canonicalCodes(lengths: Uint8Array): Int32Array<ArrayBuffer> {
  const { next, used } = firstCodes(lengths);
  const codes = new Int32Array(lengths.length);
  if (used < 2) return codes;
  for (let s = 0; s < lengths.length; s++) {
    const length = lengths[s];
    if (length > 0) codes[s] = (reverse(next[length]++, length) << 5) | length;
  }
  return codes;
}

/** The first canonical code of every length, and how many symbols there are. */
function firstCodes(lengths: Uint8Array): { next: Int32Array; count: Int32Array; used: number } {
  const count = new Int32Array(maxCodeLength + 1);
  let used = 0;
  for (const length of lengths) {
    if (length > maxCodeLength) invalid(`a Huffman code of ${length} bits`);
    if (length > 0) used++;
    count[length]++;
  }
  count[0] = 0;
  const next = new Int32Array(maxCodeLength + 2);
  let space = 0; // of 2^16
  for (let length = 1; length <= maxCodeLength; length++) {
    next[length] = (next[length - 1] + count[length - 1]) << 1;
    space += count[length] * 2 ** (maxCodeLength - length);
  }
  if (used > 1 && space !== 2 ** maxCodeLength)
    invalid('Huffman code lengths that are no full code');
  if (used === 1 && count[1] !== 1) invalid('a sole Huffman symbol whose length is not 1');
  return { next, count, used };
}

function reverse(code: number, length: number): number {
  let reversed = 0;
  for (let i = 0; i < length; i++) reversed |= ((code >>> i) & 1) << (length - 1 - i);
  return reversed;
}

let scratch = new Uint8Array(0);

/** The stream of the first `n` of `symbols`; `codes` from `canonicalCodes`. A fresh array. */
export function encodeSymbols(
  codes: Int32Array,
  symbols: Uint16Array,
  n: number,
): Uint8Array<ArrayBuffer> {
  if (scratch.length < 2 * n + 4) scratch = new Uint8Array(2 * n + 4);
  const out = scratch;
  let at = 0;
  let pending = 0;
  let count = 0;
  for (let i = 0; i < n; i++) {
    const code = codes[symbols[i]];
    pending |= (code >>> 5) << count;
    count += code & 31;
    if (count >= 16) {
      out[at] = pending;
      out[at + 1] = pending >>> 8;
      at += 2;
      pending >>>= 16;
      count -= 16;
    }
  }
  for (; count > 0; count -= 8, pending >>>= 8) out[at++] = pending;
  return out.slice(0, at);
}

export interface HuffmanTable {
  /** The only symbol of a code without bits; -1 when there are several, -2 when there is none. */
  readonly sole: number;
  readonly mask: number;
  /** By the next bits: symbol times 32 plus length; 0 where the code is longer than the index. */
  readonly primary: Int32Array;
  /**
   * By the next bits: a symbol, another one times 2^9, the length of both times 2^18, and 1 or 2
   * (how many there are) times 2^23; 0 where not even one code fits. Empty: too many symbols.
   */
  readonly pairs: Int32Array;
  /** Codes longer than the index, by length: their first code, and its place in `symbols`. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly place: Int32Array;
  /** Symbols in canonical order. */
  readonly symbols: Uint16Array;
}

/** @throws DeepCompressionError `invalid-container` when the lengths are no complete code. */
export function huffmanTable(lengths: Uint8Array): HuffmanTable {
  const { next, count, used } = firstCodes(lengths);
  let longest = 0;
  for (let length = 1; length <= maxCodeLength; length++) if (count[length] > 0) longest = length;
  const bits = Math.min(longest, primaryBits);
  const primary = new Int32Array(1 << bits);
  const place = new Int32Array(maxCodeLength + 2);
  for (let length = 1; length <= maxCodeLength; length++) {
    place[length + 1] = place[length] + count[length];
  }
  const first = Int32Array.from(next);
  const fill = Int32Array.from(place);
  const symbols = new Uint16Array(used);
  let sole = -2;
  for (let s = 0; s < lengths.length; s++) {
    const length = lengths[s];
    if (length === 0) continue;
    sole = used === 1 ? s : -1;
    symbols[fill[length]++] = s;
    const code = next[length]++;
    if (length > bits) continue;
    const step = 1 << length;
    for (let i = reverse(code, length); i < primary.length; i += step)
      primary[i] = (s << 5) | length;
  }
  const pairs = sole === -1 && lengths.length <= pairSymbols ? pairTable(primary, bits) : none;
  return { sole, mask: primary.length - 1, primary, pairs, first, count, place, symbols };
}

const none = new Int32Array(0);

function pairTable(primary: Int32Array, bits: number): Int32Array {
  const pairs = new Int32Array(primary.length);
  for (let i = 0; i < pairs.length; i++) {
    const one = primary[i];
    if (one === 0) continue;
    const length = one & 31;
    // what follows the first code, zeros where the index ends
    const two = primary[i >>> length];
    const both = length + (two & 31);
    pairs[i] =
      two !== 0 && both <= bits
        ? (one >>> 5) | ((two >>> 5) << 9) | (both << 18) | (2 << 23)
        : (one >>> 5) | (length << 18) | (1 << 23);
  }
  return pairs;
}

/**
 * Reads exactly `n` symbols into `target` and requires the stream to end there.
 * @throws DeepCompressionError `invalid-container` for a stream too short, too long, or padded with
 * anything but zeros.
 */
export function decodeSymbols(
  table: HuffmanTable,
  bytes: Uint8Array,
  target: Uint16Array,
  n: number,
): void {
  if (table.sole === -2 ? n > 0 : table.sole >= 0 && bytes.length > 0) {
    invalid('a Huffman stream that its table cannot code');
  }
  if (table.sole !== -1) {
    target.fill(Math.max(table.sole, 0), 0, n);
    return;
  }
  const { primary, pairs, mask } = table;
  const end = bytes.length;
  let at = 0;
  let pending = 0;
  let count = 0; // bits in `pending`
  let i = 0;
  if (pairs.length > 0) {
    for (const last = n - 1; i < last;) {
      if (count < 16) {
        if (at + 1 < end) pending |= (bytes[at] | (bytes[at + 1] << 8)) << count;
        else if (at < end) pending |= bytes[at] << count;
        at += 2;
        count += 16;
      }
      let entry = pairs[pending & mask];
      if (entry === 0) {
        const long = longCode(table, pending);
        entry = (long >>> 5) | ((long & 31) << 18) | (1 << 23);
      }
      // the second one is written over when there was only one
      target[i] = entry & 511;
      target[i + 1] = (entry >>> 9) & 511;
      i += entry >>> 23;
      const length = (entry >>> 18) & 31;
      pending >>>= length;
      count -= length;
    }
  }
  for (; i < n; i++) {
    if (count < 16) {
      if (at + 1 < end) pending |= (bytes[at] | (bytes[at + 1] << 8)) << count;
      else if (at < end) pending |= bytes[at] << count;
      at += 2;
      count += 16;
    }
    let entry = primary[pending & mask];
    if (entry === 0) entry = longCode(table, pending);
    const length = entry & 31;
    pending >>>= length;
    count -= length;
    target[i] = entry >>> 5;
  }
  const left = end * 8 - (at * 8 - count);
  if (left < 0 || left > 7 || (left > 0 && bytes[end - 1] >>> (8 - left) !== 0)) {
    invalid('a Huffman stream that is shorter or longer than its symbols');
  }
}

/** Symbol times 32 plus length of a code longer than the primary index. */
function longCode(table: HuffmanTable, pending: number): number {
  let code = 0;
  for (let length = 1; length <= maxCodeLength; length++) {
    code = (code << 1) | (pending & 1);
    pending >>>= 1;
    const index = code - table.first[length];
    if (index >= 0 && index < table.count[length]) {
      return (table.symbols[table.place[length] + index] << 5) | length;
    }
  }
  return invalid('a bit pattern that is no Huffman code');
}

function invalid(what: string): never {
  throw new DeepCompressionError('invalid-container', `damaged tensor: ${what}`);
}
