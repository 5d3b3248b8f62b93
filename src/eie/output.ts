/**
 * What the layer computes, apart from when: an ordinary sparse product in column order, since each
 * output of the machine is the sum, in broadcast order, of its products, starting from +0 (eie-spec
 * 3.6). A column multiplies one activation by at most a codebook's worth of weights, so its products
 * are made once a code and then only added.
 */
import type { Arithmetic } from './arithmetic.ts';
import type { SparseCodes } from '../layers/sparse.ts';

export interface Output {
  /** One value a row, before any ReLU. */
  readonly values: Float32Array;
  /** Additions that hit an accumulator's bound (fixed point). */
  readonly saturations: number;
}

/**
 * Output over the broadcast `columns` (eie-spec section 1: those the detection lets through). Column
 * `matrix.cols` or beyond is the bias column.
 */
export function computeOutput(
  matrix: SparseCodes,
  bias: Uint16Array | null,
  columns: Int32Array,
  arithmetic: Arithmetic,
): Output {
  return arithmetic.format === null
    ? floatOutput(matrix, bias, columns, arithmetic)
    : fixedOutput(matrix, bias, columns, arithmetic);
}

function floatOutput(
  matrix: SparseCodes,
  bias: Uint16Array | null,
  columns: Int32Array,
  { weights, activations }: Arithmetic,
): Output {
  const { rows, cols, columnStart, row, code } = matrix;
  const values = new Float32Array(rows);
  const products = new Float32Array(weights.length);
  const size = weights.length;
  for (let j = 0; j < columns.length; j++) {
    const c = columns[j];
    if (c >= cols) break;
    const a = activations[c];
    for (let k = 1; k < size; k++) products[k] = weights[k] * a; // a store rounds to float32
    const end = columnStart[c + 1];
    for (let i = columnStart[c]; i < end; i++) values[row[i]] += products[code[i]];
  }
  if (bias && columns.length > 0 && columns[columns.length - 1] >= cols)
    for (let r = 0; r < rows; r++) if (bias[r] !== 0) values[r] += weights[bias[r]];
  return { values, saturations: 0 };
}

function fixedOutput(
  matrix: SparseCodes,
  bias: Uint16Array | null,
  columns: Int32Array,
  arithmetic: Arithmetic,
): Output {
  const { rows, cols, columnStart, row, code } = matrix;
  const { weights, activations, low, high } = arithmetic;
  const acc = new Float64Array(rows);
  const products = new Float64Array(weights.length);
  let saturations = 0;
  const add = (r: number, p: number): void => {
    let s = acc[r] + p;
    if (s > high || s < low) {
      saturations++;
      s = s > high ? high : low;
    }
    acc[r] = s;
  };
  for (let j = 0; j < columns.length; j++) {
    const c = columns[j];
    if (c >= cols) break;
    for (let k = 1; k < weights.length; k++)
      products[k] = arithmetic.product(weights[k], activations[c]);
    const end = columnStart[c + 1];
    for (let i = columnStart[c]; i < end; i++) add(row[i], products[code[i]]);
  }
  if (bias && columns.length > 0 && columns[columns.length - 1] >= cols)
    for (let r = 0; r < rows; r++)
      if (bias[r] !== 0) add(r, arithmetic.product(weights[bias[r]], arithmetic.one));
  return { values: Float32Array.from(acc, (a) => arithmetic.toFloat(a)), saturations };
}
