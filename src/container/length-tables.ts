/**
 * Tables of canonical Huffman code lengths in the adaptive stream (docs/dcz-format.md, "Code
 * lengths"). Neighbouring symbols are neighbouring values or gaps, so their lengths differ by little:
 * a symbol is absent, or its length is the last one plus a small step. A table of 255 symbols takes
 * 40 to 60 bytes.
 */
import { maxCodeLength } from '../compress/code/code-lengths.ts';
import type { AdaptiveCoder } from './adaptive.ts';
import { codeTree } from './codebook.ts';

const usedBits = 5; // bit length of how many symbols are stored, 0..17
const usedTree = 0;
const absent = usedTree + (1 << usedBits);
const moved = absent + 3;
const direction = moved + 9;
const further = direction + 9;
/** Contexts of one kind of table; weight codes and gaps learn apart. */
export const lengthContexts = further + 8;

/** Where the first length is expected. */
const startLength = 8;

/**
 * Codes `symbols` code lengths (0 = the symbol never occurs). Decoding ignores `lengths`, calls
 * `fail`, which must throw, when they cannot be, and returns a table that ends with the last symbol
 * that occurs, so that a small file never makes a large one.
 */
export function codeLengths(
  coder: AdaptiveCoder,
  base: number,
  symbols: number,
  lengths: Uint8Array,
  fail: (why: string) => never,
): Uint8Array {
  const used = codeUsed(coder, base, usedSymbols(lengths));
  if (used > symbols) fail(`a code table of ${used} symbols where ${symbols} can be`);
  const table = new Uint8Array(used);
  let last = startLength;
  let wasAbsent = 0;
  let step1 = 0; // how the last two steps went: 0 same, 1 shorter, 2 longer
  let step2 = 0;
  for (let i = 0; i < used; i++) {
    wasAbsent = coder.bit(base + absent + wasAbsent, lengths[i] === 0 ? 1 : 0);
    if (wasAbsent) continue;
    const step = codeStep(coder, base, step1 * 3 + step2, lengths[i] - last);
    last += step;
    if (last < 1 || last > maxCodeLength) fail(`a code of ${last} bits`);
    step2 = step1;
    step1 = step === 0 ? 0 : step < 0 ? 1 : 2;
    table[i] = last;
  }
  return table;
}

/** A step: whether there is one, its direction, and how far in unary. */
function codeStep(coder: AdaptiveCoder, base: number, history: number, step: number): number {
  if (!coder.bit(base + moved + history, step === 0 ? 0 : 1)) return 0;
  const longer = coder.bit(base + direction + history, step > 0 ? 1 : 0);
  const wanted = Math.abs(step);
  let size = 1;
  while (size <= maxCodeLength) {
    if (!coder.bit(base + further + Math.min(size - 1, 7), wanted > size ? 1 : 0)) break;
    size++;
  }
  return longer ? size : -size;
}

function codeUsed(coder: AdaptiveCoder, base: number, used: number): number {
  const bits = codeTree(coder, base + usedTree, usedBits, used === 0 ? 0 : 32 - Math.clz32(used));
  if (bits === 0) return 0;
  const low = bits - 1;
  return 2 ** low + coder.raw(used & (2 ** low - 1), low);
}

/** Symbols up to the last that occurs. */
export function usedSymbols(lengths: Uint8Array): number {
  let used = lengths.length;
  while (used > 0 && lengths[used - 1] === 0) used--;
  return used;
}
