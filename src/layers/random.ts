/** Layers that nobody trained: random weights and activations of a stated density. */
import { DeepCompressionError } from '../model/errors.ts';
import { highestCode, type SparseCodes } from './sparse.ts';

/**
 * Uniformly random weights: every position is a weight with probability `density`, independently.
 * Draws the gaps between weights (a geometric distribution) instead of every position.
 */
export function randomMatrix(
  rows: number,
  cols: number,
  density: number,
  codes: number,
  random: () => number,
): SparseCodes {
  if (!(density >= 0 && density <= 1))
    throw new DeepCompressionError(
      'invalid-input',
      `weight density must be from 0 to 1, not ${String(density)}`,
    );
  const size = rows * cols;
  const expected = size * density;
  let room = Math.min(size, Math.ceil(expected + 6 * Math.sqrt(expected) + 16));
  let row = new Int32Array(room);
  let code = new Uint16Array(room);
  const columnStart = new Int32Array(cols + 1);
  const scale = density < 1 ? 1 / Math.log(1 - density) : 0;
  let n = 0;
  let c = 0;
  let r = -1;
  while (density > 0) {
    r += 1 + Math.floor(Math.log(1 - random()) * scale);
    while (r >= rows && c < cols) {
      r -= rows;
      columnStart[++c] = n;
    }
    if (c >= cols) break;
    if (n === room) {
      room = Math.min(size, 2 * room);
      const [oldRow, oldCode] = [row, code];
      row = new Int32Array(room);
      code = new Uint16Array(room);
      row.set(oldRow);
      code.set(oldCode);
    }
    row[n] = r;
    code[n++] = 1 + Math.floor(random() * (codes - 1));
  }
  row = row.subarray(0, n);
  code = code.subarray(0, n);
  return { rows, cols, columnStart, row, code, highest: highestCode(code) };
}

/** `active` of `cols` inputs, chosen at random, in (0, 1]; the others 0. */
export function randomActivations(
  cols: number,
  active: number,
  random: () => number,
): Float32Array {
  if (!Number.isInteger(active) || active < 0 || active > cols)
    throw new DeepCompressionError(
      'invalid-input',
      `active inputs must be a whole number from 0 to ${cols}, not ${String(active)}`,
    );
  const values = new Float32Array(cols);
  for (let c = 0, left = active; left > 0; c++) {
    if (random() * (cols - c) >= left) continue;
    values[c] = 1 - random();
    left--;
  }
  return values;
}
