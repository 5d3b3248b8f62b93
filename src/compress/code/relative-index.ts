/**
 * The relative index (Deep Compression, section 2 and figure 2): a surviving weight is stored with
 * the number of zeros before it in `bits` bits; a longer run gets filler zeros in between. A block's
 * runs start anew and its trailing zeros are not stored. Width 0 means dense: every weight, zeros
 * included, has a code and no index.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { codeLengths, streamBits } from './code-lengths.ts';

export const minimumIndexBits = 2;
export const maximumIndexBits = 16;

/** Runs shorter than this are counted in a table, longer ones (16 a block at most) are listed. */
export const longRun = 1 << maximumIndexBits;

/** How many zeros lie before the survivors. */
export interface RunHistogram {
  /** `short[r]`: runs of exactly r zeros; as long as the longest such run needs. */
  readonly short: Float64Array;
  /** Each run of `longRun` zeros or more. */
  readonly long: Float64Array;
}

/** Runs by length; all zeros between calls. */
let tally = new Int32Array(0);

/** Counts the runs of `codes[0 .. n)` into `short` (of length `longRun`) and returns the long ones. */
export function countRuns(codes: Uint16Array, n: number, short: Float64Array): Float64Array {
  if (tally.length <= n) tally = new Int32Array(n + 1);
  const counts = tally;
  let run = 0;
  let longest = 0;
  // no branch on whether a weight survives, which is as good as random
  for (let i = 0; i < n; i++) {
    const survives = (-codes[i] >>> 31) | 0;
    counts[run] += survives;
    run = (run + 1) & (survives - 1);
    if (run > longest) longest = run;
  }
  const long: number[] = [];
  for (let r = 0; r <= longest; r++) {
    if (counts[r] === 0) continue;
    if (r < longRun) short[r] += counts[r];
    else for (let c = 0; c < counts[r]; c++) long.push(r);
    counts[r] = 0;
  }
  return Float64Array.from(long);
}

/** Counts of every gap 0 .. 2^bits - 1 at an index width, fillers included. */
export function gapCounts(
  runs: RunHistogram,
  bits: number,
): { readonly counts: Float64Array<ArrayBuffer>; readonly fillers: number } {
  const counts = new Float64Array(2 ** bits);
  const mask = counts.length - 1;
  let fillers = 0;
  for (let r = 0; r < runs.short.length; r++) {
    if (runs.short[r] === 0) continue;
    counts[r & mask] += runs.short[r];
    fillers += (r >>> bits) * runs.short[r];
  }
  for (const r of runs.long) {
    counts[r & mask]++;
    fillers += r >>> bits;
  }
  counts[mask] += fillers;
  return { counts, fillers };
}

/** What one index width costs after Huffman coding. */
export interface IndexCost {
  /** 0 for dense. */
  readonly bits: number;
  readonly fillers: number;
  readonly valueBits: number;
  readonly gapBits: number;
  /** Both streams and an estimate (5 bits a used symbol) of both code tables. */
  readonly totalBits: number;
}

/** Cost of width `bits`; `codeCounts[0]` is the number of pruned weights. */
export function indexCost(runs: RunHistogram, codeCounts: Float64Array, bits: number): IndexCost {
  const values = Float64Array.from(codeCounts);
  let fillers = 0;
  let gapBits = 0;
  let tables = 0;
  if (bits > 0) {
    const gaps = gapCounts(runs, bits);
    fillers = gaps.fillers;
    values[0] = fillers;
    const lengths = codeLengths(gaps.counts);
    gapBits = streamBits(gaps.counts, lengths);
    tables += usedSymbols(lengths);
  }
  const lengths = codeLengths(values);
  const valueBits = streamBits(values, lengths);
  tables += usedSymbols(lengths);
  return { bits, fillers, valueBits, gapBits, totalBits: valueBits + gapBits + 5 * tables };
}

/** The width of least cost among dense and 2 .. 16; the narrowest of equals. */
export function cheapestIndex(runs: RunHistogram, codeCounts: Float64Array): IndexCost {
  let best = indexCost(runs, codeCounts, 0);
  let longest = runs.short.length - 1;
  for (const r of runs.long) longest = Math.max(longest, r);
  for (let bits = minimumIndexBits; bits <= maximumIndexBits; bits++) {
    const cost = indexCost(runs, codeCounts, bits);
    if (cost.totalBits < best.totalBits) best = cost;
    if (2 ** bits > longest) break; // wider ones change nothing
  }
  return best;
}

function usedSymbols(lengths: Uint8Array): number {
  let used = 0;
  for (const length of lengths) if (length > 0) used++;
  return used;
}

/**
 * Splits `codes[0 .. n)` into entries: `values[e]` a code (0 for a filler) and `gaps[e]` the zeros
 * before it. Both targets hold at least `n`. Returns the number of entries.
 */
export function toEntries(
  codes: Uint16Array,
  n: number,
  bits: number,
  values: Uint16Array,
  gaps: Uint16Array,
): number {
  const span = 2 ** bits;
  let entries = 0;
  let start = 0;
  for (let i = 0; i < n; i++) {
    const code = codes[i];
    if (code === 0) continue;
    let run = i - start;
    start = i + 1;
    while (run >= span) {
      values[entries] = 0;
      gaps[entries++] = span - 1;
      run -= span;
    }
    values[entries] = code;
    gaps[entries++] = run;
  }
  return entries;
}

/**
 * The inverse: fills `codes[0 .. n)`.
 * @throws DeepCompressionError `invalid-container` when the entries reach past `n`.
 */
export function fromEntries(
  values: Uint16Array,
  gaps: Uint16Array,
  entries: number,
  codes: Uint16Array,
  n: number,
): void {
  codes.fill(0, 0, n);
  let at = -1;
  for (let e = 0; e < entries; e++) {
    at += gaps[e] + 1;
    if (at >= n) {
      throw new DeepCompressionError(
        'invalid-container',
        'damaged tensor: its index reaches past the end of the block',
      );
    }
    codes[at] = values[e];
  }
}
