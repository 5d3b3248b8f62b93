/**
 * The matrices of a tensor as rows of outputs, whatever way they are stored, and back.
 */
import type { Geometry } from '../../model/model.ts';

/** Weights of matrix `m`: rows x columns, float64. */
export function gatherMatrix(
  stored: Float32Array | Float64Array,
  { rows, cols, transposed }: Geometry,
  m: number,
  target: Float64Array,
): void {
  const from = m * rows * cols;
  if (!transposed) {
    target.set(stored.subarray(from, from + rows * cols));
    return;
  }
  for (let c = 0, at = from; c < cols; c++) {
    for (let r = 0; r < rows; r++) target[r * cols + c] = stored[at++];
  }
}

/** Puts the levels of matrix `m` where its weights are stored. */
export function scatterLevels(
  levels: Int16Array,
  { rows, cols, transposed }: Geometry,
  m: number,
  stored: Int16Array,
): void {
  const to = m * rows * cols;
  if (!transposed) {
    stored.set(levels, to);
    return;
  }
  for (let c = 0, at = to; c < cols; c++) {
    for (let r = 0; r < rows; r++) stored[at++] = levels[r * cols + c];
  }
}
