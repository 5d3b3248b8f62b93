/**
 * The data format of EIE (paper, sections III-B and III-C): rows interleaved over N PEs, each PE's
 * part of a column as a list of entries (code, zeros before it), a filler entry (0, zmax) for every
 * 2^indexBits rows of a longer gap, column pointers, and the bias vector as one more column.
 *
 * Timing and read counts need only how many entries each PE has in each column, so `encode` makes
 * just those (test/unit/eie/entries.ts writes the entries themselves, which the stepped machine walks).
 * Everything per column is column-major: the N numbers of a column lie side by side.
 */
import { DeepCompressionError } from '../model/errors.ts';
import type { SparseCodes } from '../layers/sparse.ts';

export interface Encoding {
  readonly pes: number;
  readonly indexBits: number;
  readonly rows: number;
  readonly cols: number;
  /** Input groups G = ceil(cols / pes). */
  readonly groups: number;
  readonly hasBias: boolean;
  /** Stored columns: groups * pes, and the bias column, which is column groups * pes. */
  readonly columns: number;
  /** Entries n(p, c), fillers included, at [c * pes + p]. */
  readonly count: Uint16Array;
  /** Index of the first entry of column c in PE p's own list, at [c * pes + p]; columns + 1 of them. */
  readonly ptr: Int32Array;
  /** Fillers among them, same order; null when there are none at all. */
  readonly filler: Uint16Array | null;
  /** Stored entries of all PEs, and the fillers among them (all columns, active or not). */
  readonly stored: number;
  readonly padding: number;
}

/** Most pointers one encoding may have: 512 MB of them. */
const pointerLimit = 2 ** 27;

/** For each row: its PE in the low ten bits, its local row above. */
function placeRows(rows: number, pes: number): Int32Array {
  const place = new Int32Array(rows);
  for (let r = 0, p = 0, k = 0; r < rows; r++) {
    place[r] = (k << 10) | p;
    if (++p === pes) {
      p = 0;
      k++;
    }
  }
  return place;
}

/**
 * Counts and pointers of `matrix` on `pes` PEs. `bias` are codes, one a row (null: an empty bias
 * column); they are left out when `hasBias` is false.
 * @throws DeepCompressionError `unsupported` when a PE would own more than 65,535 rows, or the
 *   pointers alone would not fit in memory.
 */
export function encode(
  matrix: SparseCodes,
  bias: Uint16Array | null,
  pes: number,
  indexBits: number,
  hasBias: boolean,
): Encoding {
  const { rows, cols, columnStart, row } = matrix;
  if (Math.ceil(rows / pes) > 65535)
    throw new DeepCompressionError(
      'unsupported',
      `${rows} rows need at least ${Math.ceil(rows / 65535)} PEs (at most 65535 rows a PE), not ${pes}`,
    );
  const groups = Math.ceil(cols / pes);
  const columns = groups * pes + (hasBias ? 1 : 0);
  if ((columns + 1) * pes > pointerLimit)
    throw new DeepCompressionError(
      'unsupported',
      `${columns + 1} column pointers on ${pes} PEs are more than ${pointerLimit}: use fewer PEs`,
    );
  const place = placeRows(rows, pes);
  const count = new Uint16Array(columns * pes);
  const next = new Int32Array(pes);
  let filler: Uint16Array | null = null;
  let padding = 0;
  let stored = 0;
  for (let c = 0; c < cols; c++) {
    const at = c * pes;
    const end = columnStart[c + 1];
    next.fill(0);
    stored += end - columnStart[c];
    for (let i = columnStart[c]; i < end; i++) {
      const here = place[row[i]];
      const p = here & 1023;
      const k = here >> 10;
      const fillers = (k - next[p]) >> indexBits;
      next[p] = k + 1;
      count[at + p] += 1 + fillers;
      if (fillers > 0) {
        filler ??= new Uint16Array(columns * pes);
        filler[at + p] += fillers;
        padding += fillers;
      }
    }
  }
  if (hasBias && bias) {
    const at = groups * pes * pes;
    next.fill(0);
    for (let r = 0; r < rows; r++) {
      if (bias[r] === 0) continue;
      const p = place[r] & 1023;
      const k = place[r] >> 10;
      const fillers = (k - next[p]) >> indexBits;
      next[p] = k + 1;
      count[at + p] += 1 + fillers;
      stored++;
      if (fillers > 0) {
        filler ??= new Uint16Array(columns * pes);
        filler[at + p] += fillers;
        padding += fillers;
      }
    }
  }
  const ptr = new Int32Array((columns + 1) * pes);
  for (let i = 0, n = columns * pes; i < n; i++) ptr[i + pes] = ptr[i] + count[i];
  stored += padding;
  return {
    pes,
    indexBits,
    rows,
    cols,
    groups,
    hasBias,
    columns,
    count,
    ptr,
    filler,
    stored,
    padding,
  };
}
