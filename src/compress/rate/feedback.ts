/**
 * Rounds weights to levels column by column, the error of each passed on to the columns after it, every
 * weight choosing among the nearest level, the one next to it towards zero, and zero by squared error
 * + lambda x bits. Sources: GPTQ (Frantar et al. 2022) for the order, DeepCABAC (Wiedemann et al. 2020)
 * for the candidates.
 *
 * With M of curvature.ts the error of a row is sum_j (M_jj (t_j - w'_j))^2, where the target
 * t_j = w_j + sum_{i < j} M_ji (w_i - w'_i) / M_jj holds what the columns before j left over. Work:
 * rows x columns^2 / 2 multiplications and additions.
 */
import type { CurvatureBlock } from './curvature.ts';
import { costEntry, costWidth } from './level-cost.ts';

/** The largest magnitude of a level. */
export const largestLevel = 32767;

/** Rows of a matrix that are to be rounded. */
export interface FeedbackTask {
  readonly rows: number;
  readonly columns: number;
  /** rows x columns. */
  readonly weights: Float64Array;
  /** rows: distance of two levels. */
  readonly steps: Float64Array;
  /** columns: what a column multiplies it by. */
  readonly columnSteps: Float64Array;
  /** rows: what a unit of the row's mean squared output error costs. */
  readonly importance: Float64Array;
  /** What a bit costs. */
  readonly lambda: number;
  /** Bits of magnitudes by class (level-cost.ts). */
  readonly bits: Float64Array;
  /** rows x columns: class of each weight. */
  readonly classes: Uint8Array;
  /** rows x columns: the result; only columns of the block are written. */
  readonly levels: Int16Array;
}

/**
 * Rounds the columns of one block.
 * @returns the sum over rows of importance x squared output error that these columns cause
 */
export function roundWithFeedback(task: FeedbackTask, block: CurvatureBlock): number {
  const { rows, columns, weights, steps, columnSteps, importance, lambda, bits } = task;
  const { classes, levels } = task;
  const { order, factor, damping } = block;
  const n = order.length;
  const errors = new Float64Array(4 * n);
  const carried = new Float64Array(4);
  let total = 0;
  for (let first = 0; first < rows; first += 4) {
    const group = Math.min(4, rows - first);
    errors.fill(0);
    for (let j = 0; j < n; j++) {
      carry(factor, j * n, j, errors, n, carried);
      const pivot = factor[j * n + j];
      for (let g = 0; g < group; g++) {
        const row = first + g;
        const at = row * columns + order[j];
        const weight = weights[at];
        const step = steps[row] * columnSteps[order[j]];
        const target = weight + carried[g] / pivot;
        const size = Math.abs(target / step);
        const price = importance[row] * (pivot * step) ** 2;
        const table = classes[at] * costWidth;
        let best = Math.min(largestLevel, Math.round(size));
        if (best > 0) {
          let cost = price * (size - best) ** 2 + lambda * bits[table + costEntry(best)];
          const lower = best - 1;
          const other = price * (size - lower) ** 2 + lambda * bits[table + costEntry(lower)];
          if (other < cost) {
            cost = other;
            best = lower;
          }
          if (price * size * size + lambda * bits[table] < cost) best = 0;
        }
        const level = target < 0 ? -best : best;
        levels[at] = level;
        const error = weight - level * step;
        const left = (target - level * step) * pivot;
        errors[g * n + j] = error;
        total += importance[row] * (left * left - damping * error * error);
      }
    }
  }
  return total;
}

/** carried[g] = sum over i < j of factor[at + i] x errors[g x n + i], for four rows at once. */
function carry(
  factor: Float64Array,
  at: number,
  j: number,
  errors: Float64Array,
  n: number,
  carried: Float64Array,
): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (let i = 0; i < j; i++) {
    const m = factor[at + i];
    a += m * errors[i];
    b += m * errors[n + i];
    c += m * errors[2 * n + i];
    d += m * errors[3 * n + i];
  }
  carried[0] = a;
  carried[1] = b;
  carried[2] = c;
  carried[3] = d;
}
