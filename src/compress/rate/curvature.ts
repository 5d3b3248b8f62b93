/**
 * What errors in the weights of one matrix cost: the factor of its dampened second moments, in the
 * order in which columns are decided. Damping and order are GPTQ's (Frantar et al. 2022): a hundredth of
 * the mean diagonal, and columns by descending diagonal ("act order").
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Moments } from '../moments.ts';
import { factorize } from './cholesky.ts';

/** Columns whose errors have to do with each other. */
export interface CurvatureBlock {
  /** Columns of the matrix in the order in which they are decided. */
  readonly order: Uint32Array;
  /** M (cholesky.ts) in that order: row j, of j + 1 numbers, begins at j (j + 1) / 2. */
  readonly factor: Float64Array;
  /** What was added to the diagonal. */
  readonly damping: number;
}

export interface CurvatureOptions {
  /** Share of the mean diagonal that is added to the diagonal. */
  readonly damping: number;
  /**
   * 0 to below 1: how much of the mean output error a later correction of the bias is trusted to take
   * away; the moments are then H - trust x mean mean^T.
   */
  readonly trust: number;
}

/** `trust` for layers whose mean output error will be corrected (docs/rate-distortion.md). */
export const correctedTrust = 0.99;

export const usualCurvature: CurvatureOptions = { damping: 0.01, trust: 0 };

/** Least damping beside the mean diagonal, where moments are not definite; grows tenfold. */
const firstDamping = 1e-12;

/**
 * The blocks of set `set`, which together are all columns. Work: the cube of the columns / 3.
 * @throws DeepCompressionError `invalid-input` when moments are not finite, or not those of any inputs
 */
export function curvatureOf(
  moments: Moments,
  set: number,
  { damping, trust }: CurvatureOptions,
): CurvatureBlock[] {
  const { columns, block, second } = moments;
  const count = Math.ceil(columns / block);
  const mean = moments.mean.subarray(set * columns, (set + 1) * columns);
  const diagonal = new Float64Array(columns);
  let unit = 0;
  for (let c = 0; c < columns; c++) {
    const at = (set * count + Math.floor(c / block)) * block * block;
    diagonal[c] = second[at + (c % block) * (block + 1)] - trust * mean[c] * mean[c];
    unit += diagonal[c] / columns;
  }
  // inputs that are always zero cost nothing, and any positive diagonal says so
  if (unit <= 0) unit = 1;
  const blocks: CurvatureBlock[] = [];
  for (let b = 0; b < count; b++) {
    const first = b * block;
    const n = Math.min(block, columns - first);
    const at = (set * count + b) * block * block;
    const order = Uint32Array.from({ length: n }, (_, i) => first + i);
    order.sort((x, y) => diagonal[y] - diagonal[x] || x - y);
    const square = new Float64Array(n * n);
    let added = damping * unit;
    for (;;) {
      for (let i = 0; i < n; i++) {
        const row = at + (order[i] - first) * block;
        for (let j = 0; j <= i; j++) {
          const product = mean[order[i]] * mean[order[j]];
          square[i * n + j] = second[row + order[j] - first] - trust * product;
        }
        square[i * n + i] += added;
      }
      if (factorize(square, n)) break;
      added = Math.max(10 * added, firstDamping * unit);
      if (!(added < columns * unit)) {
        throw new DeepCompressionError(
          'invalid-input',
          'the second moments of a layer are not finite or not symmetric; calibrate again with other samples',
        );
      }
    }
    const factor = new Float64Array((n * (n + 1)) / 2);
    for (let j = 0; j < n; j++) {
      factor.set(square.subarray(j * n, j * n + j + 1), (j * (j + 1)) / 2);
    }
    blocks.push({ order, factor, damping: added });
  }
  return blocks;
}

/** columns: the pivot M_jj of every column, by the column's place in the matrix. */
export function pivotsOf(blocks: readonly CurvatureBlock[], columns: number): Float64Array {
  const pivots = new Float64Array(columns);
  for (const { order, factor } of blocks) {
    for (let j = 0; j < order.length; j++) pivots[order[j]] = factor[(j * (j + 3)) / 2];
  }
  return pivots;
}
