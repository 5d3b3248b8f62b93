/**
 * The groups of a grouped convolution as one matrix: group g's weights where its own rows and columns
 * meet, nothing elsewhere, which is what a sparse-matrix machine would store. A depthwise convolution
 * of hundreds of groups would otherwise be hundreds of matrices of one row.
 */
import type { Layer } from './layer.ts';
import type { SparseCodes } from './sparse.ts';

/** All `groups` have the same shape. */
export function blockDiagonal(groups: readonly SparseCodes[]): SparseCodes {
  const [{ rows, cols }] = groups;
  const total = groups.reduce((sum, g) => sum + g.code.length, 0);
  const columnStart = new Int32Array(groups.length * cols + 1);
  const row = new Int32Array(total);
  const code = new Uint16Array(total);
  let at = 0;
  groups.forEach((group, g) => {
    code.set(group.code, at);
    for (let i = 0; i < group.row.length; i++) row[at + i] = group.row[i] + g * rows;
    for (let c = 0; c < cols; c++) columnStart[g * cols + c + 1] = at + group.columnStart[c + 1];
    at += group.code.length;
  });
  return {
    rows: rows * groups.length,
    cols: cols * groups.length,
    columnStart,
    row,
    code,
    highest: groups.reduce((most, g) => Math.max(most, g.highest), 0),
  };
}

/** The first of `blocks` blocks of such a matrix, with its part of the activations. */
export function firstBlock(
  { matrix, activations, rowScales }: Layer,
  blocks: number,
): Pick<Layer, 'matrix' | 'activations' | 'rowScales'> {
  const cols = matrix.cols / blocks;
  const columnStart = matrix.columnStart.subarray(0, cols + 1);
  const end = columnStart[cols];
  return {
    matrix: {
      ...matrix,
      rows: matrix.rows / blocks,
      cols,
      columnStart,
      row: matrix.row.subarray(0, end),
      code: matrix.code.subarray(0, end),
    },
    activations: activations.subarray(0, cols),
    ...(rowScales && { rowScales: rowScales.subarray(0, matrix.rows / blocks) }),
  };
}
