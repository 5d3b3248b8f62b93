/**
 * The entries that an encoding counts (src/eie/encode.ts), written out for the stepped machine, and the
 * way back from entries and from sparse codes to plain rows: slow and obviously right.
 */
import type { Encoding } from '../../../src/eie/encode.ts';
import type { SparseCodes } from '../../../src/layers/sparse.ts';

/** The entries of an encoding. PE p's list is [base[p], base[p + 1]). */
export interface Entries {
  readonly base: Int32Array;
  readonly code: Uint16Array;
  readonly gap: Uint16Array;
}

/** The entries of `encoding`, which must have been made of the same matrix and bias. */
export function writeEntries(
  encoding: Encoding,
  matrix: SparseCodes,
  bias: Uint16Array | null,
): Entries {
  const { pes, indexBits, columns, groups, ptr, hasBias } = encoding;
  const { cols, columnStart, row, code } = matrix;
  const zmax = (1 << indexBits) - 1;
  const base = new Int32Array(pes + 1);
  for (let p = 0; p < pes; p++) base[p + 1] = base[p] + ptr[columns * pes + p];
  const entries = new Uint16Array(base[pes]);
  const gaps = new Uint16Array(base[pes]);
  const next = new Int32Array(pes);
  const cursor = base.slice(0, pes);
  const put = (r: number, v: number): void => {
    const p = r % pes;
    const k = (r - p) / pes;
    const gap = k - next[p];
    let at = cursor[p];
    for (let f = gap >> indexBits; f > 0; f--) gaps[at++] = zmax;
    entries[at] = v;
    gaps[at++] = gap & zmax;
    cursor[p] = at;
    next[p] = k + 1;
  };
  for (let c = 0; c < cols; c++) {
    next.fill(0);
    for (let i = columnStart[c]; i < columnStart[c + 1]; i++) put(row[i], code[i]);
  }
  if (hasBias && bias) {
    next.fill(0);
    for (let r = 0; r < bias.length; r++) if (bias[r] !== 0) put(r, bias[r]);
  }
  if (groups * pes > columns || cursor.some((at, p) => at !== base[p + 1]))
    throw new Error('entries do not match their counts');
  return { base, code: entries, gap: gaps };
}

/**
 * The codes that entries stand for, row-major, and those of the bias column: what the machine would
 * reconstruct. The inverse of `encode` and `writeEntries`.
 */
export function decode(
  encoding: Encoding,
  entries: Entries,
): { codes: Uint16Array; bias: Uint16Array } {
  const { pes, rows, cols, columns, groups, ptr } = encoding;
  const codes = new Uint16Array(rows * cols);
  const bias = new Uint16Array(rows);
  for (let c = 0; c < columns; c++) {
    for (let p = 0; p < pes; p++) {
      let k = 0;
      const end = entries.base[p] + ptr[(c + 1) * pes + p];
      for (let i = entries.base[p] + ptr[c * pes + p]; i < end; i++) {
        k += entries.gap[i];
        const r = k * pes + p;
        if (entries.code[i] !== 0) {
          if (c === groups * pes) bias[r] = entries.code[i];
          else codes[r * cols + c] = entries.code[i];
        }
        k++;
      }
    }
  }
  return { codes, bias };
}

/** The inverse of `fromDense`: codes row by row. */
export function toDense(m: SparseCodes): Uint16Array {
  const codes = new Uint16Array(m.rows * m.cols);
  for (let c = 0; c < m.cols; c++)
    for (let i = m.columnStart[c]; i < m.columnStart[c + 1]; i++)
      codes[m.row[i] * m.cols + c] = m.code[i];
  return codes;
}
