/**
 * A matrix of weight codes by columns: what every source of layers (dense codes, .dcz tensors,
 * synthetic workloads) is turned into, and what encode.ts distributes over PEs. Plain compressed
 * sparse columns with absolute rows; it does not depend on the machine, so one matrix serves any
 * number of PEs.
 */
import { DeepCompressionError } from '../model/errors.ts';

export interface SparseCodes {
  /** Outputs R. */
  readonly rows: number;
  /** Inputs L. */
  readonly cols: number;
  /** cols + 1 offsets into `row` and `code`. */
  readonly columnStart: Int32Array;
  /** Row of each non-zero weight, ascending within a column. */
  readonly row: Int32Array;
  /** Code of each non-zero weight, never 0. */
  readonly code: Uint16Array;
  /** Highest code in it, 0 when there is none. */
  readonly highest: number;
}

/** Highest of `codes`, 0 when there is none. */
export function highestCode(codes: Uint8Array | Uint16Array): number {
  let highest = 0;
  for (let i = 0; i < codes.length; i++) if (codes[i] > highest) highest = codes[i];
  return highest;
}

const fail = (line: string): never => {
  throw new DeepCompressionError('invalid-input', line);
};

/** Throws one line unless rows and cols are whole numbers from 1 to 2^31 - 1. */
export function checkShape(rows: number, cols: number): void {
  for (const [name, value] of [
    ['rows', rows],
    ['columns', cols],
  ] as const)
    if (!Number.isInteger(value) || value < 1 || value > 0x7fffffff)
      fail(`number of ${name} must be a whole number above 0, not ${String(value)}`);
}

/**
 * Codes of a dense matrix, row by row (`codes[r * cols + c]`, 0 = no weight), as sparse columns.
 * Two passes: count each column, then scatter; rows come out ascending by themselves.
 */
export function fromDense(
  codes: Uint8Array | Uint16Array,
  rows: number,
  cols: number,
): SparseCodes {
  checkShape(rows, cols);
  if (codes.length !== rows * cols)
    fail(`matrix of ${rows} x ${cols} needs ${rows * cols} codes, got ${codes.length}`);
  const columnStart = new Int32Array(cols + 1);
  for (let r = 0, i = 0; r < rows; r++)
    for (let c = 1; c <= cols; c++, i++) columnStart[c] += codes[i] === 0 ? 0 : 1;
  for (let c = 0; c < cols; c++) columnStart[c + 1] += columnStart[c];
  const next = columnStart.slice(0, cols);
  const row = new Int32Array(columnStart[cols]);
  const code = new Uint16Array(columnStart[cols]);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++, i++) {
      const v = codes[i];
      if (v === 0) continue;
      const at = next[c]++;
      row[at] = r;
      code[at] = v;
    }
  }
  return { rows, cols, columnStart, row, code, highest: highestCode(code) };
}

/**
 * Columns from non-zeros in row-major order (flat index = row * cols + column, ascending), as a
 * stream of decoded weights gives them; with `transposed`, flat index = column * rows + row.
 */
export function fromFlat(
  flat: Int32Array,
  code: Uint16Array,
  rows: number,
  cols: number,
  transposed: boolean,
): SparseCodes {
  checkShape(rows, cols);
  const n = flat.length;
  const columnStart = new Int32Array(cols + 1);
  const row = new Int32Array(n);
  if (transposed) {
    for (let i = 0; i < n; i++) {
      const c = Math.trunc(flat[i] / rows);
      columnStart[c + 1]++;
      row[i] = flat[i] - c * rows;
    }
    for (let c = 0; c < cols; c++) columnStart[c + 1] += columnStart[c];
    return { rows, cols, columnStart, row, code, highest: highestCode(code) };
  }
  for (let i = 0; i < n; i++) columnStart[(flat[i] % cols) + 1]++;
  for (let c = 0; c < cols; c++) columnStart[c + 1] += columnStart[c];
  const next = columnStart.slice(0, cols);
  const sorted = new Uint16Array(n);
  for (let i = 0; i < n; i++) {
    const r = Math.trunc(flat[i] / cols);
    const at = next[flat[i] - r * cols]++;
    row[at] = r;
    sorted[at] = code[i];
  }
  return { rows, cols, columnStart, row, code: sorted, highest: highestCode(code) };
}
