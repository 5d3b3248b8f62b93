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
import { feedbackKernel } from './feedback-kernel.ts';
import { groupRows, plainRows } from './feedback-plain.ts';

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
 * Rounds the columns of one block: in WebAssembly where the engine has it, else in TypeScript. Both give
 * the same levels.
 * @returns the sum over rows of importance x squared output error that these columns cause
 */
export function roundWithFeedback(task: FeedbackTask, block: CurvatureBlock): number {
  const { rows, columns, weights, classes, levels, lambda } = task;
  const { order, factor, damping } = block;
  const n = order.length;
  const group = feedbackKernel()?.rows(n) ?? plainRows(n);
  group.factor.set(factor);
  group.bits.set(task.bits);
  for (let j = 0; j < n; j++) group.columnSteps[j] = task.columnSteps[order[j]];
  let total = 0;
  for (let first = 0; first < rows; first += groupRows) {
    const count = Math.min(groupRows, rows - first);
    group.steps.set(task.steps.subarray(first, first + count));
    group.importance.set(task.importance.subarray(first, first + count));
    for (let g = 0; g < count; g++) {
      const row = (first + g) * columns;
      for (let j = 0, to = g; j < n; j++, to += groupRows) {
        group.weights[to] = weights[row + order[j]];
        group.classes[to] = classes[row + order[j]];
      }
    }
    total += group.round(count, lambda, damping);
    for (let g = 0; g < count; g++) {
      const row = (first + g) * columns;
      for (let j = 0, at = g; j < n; j++, at += groupRows)
        levels[row + order[j]] = group.levels[at];
    }
  }
  return total;
}
