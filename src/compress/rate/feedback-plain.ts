/**
 * The rounding of up to eight rows with errors passed on (feedback.ts), in TypeScript: the reference of
 * assembly/feedback.ts, bit for bit, and its fallback.
 */
import { costClasses, costEntry, costWidth, largestLevel } from './level-cost.ts';

/** Rows that are rounded together, at most. */
export const groupRows = 8;

/** Rows of n columns in the order in which these are decided; what lies n x 8 has a row's numbers 8 apart. */
export interface RowGroup {
  /** n (n + 1) / 2: `CurvatureBlock.factor`. */
  readonly factor: Float64Array;
  /** n: what a column multiplies the distance of two levels by. */
  readonly columnSteps: Float64Array;
  /** costClasses x costWidth. */
  readonly bits: Float64Array;
  /** 8: distance of two levels. */
  readonly steps: Float64Array;
  /** 8: what a unit of a row's mean squared output error costs. */
  readonly importance: Float64Array;
  /** n x 8. */
  readonly weights: Float64Array;
  /** n x 8. */
  readonly classes: Uint8Array;
  /** n x 8: the result. */
  readonly levels: Int16Array;
  /**
   * Rounds the first `count` rows.
   * @returns the sum over them of importance x squared output error
   */
  round(count: number, lambda: number, damping: number): number;
}

/** Rows of n columns on arrays of their own. */
export function plainRows(n: number): RowGroup {
  const arrays = {
    factor: new Float64Array((n * (n + 1)) / 2),
    columnSteps: new Float64Array(n),
    bits: new Float64Array(costClasses * costWidth),
    steps: new Float64Array(groupRows),
    importance: new Float64Array(groupRows),
    weights: new Float64Array(n * groupRows),
    classes: new Uint8Array(n * groupRows),
    levels: new Int16Array(n * groupRows),
  };
  const errors = new Float64Array(n * groupRows);
  return {
    ...arrays,
    round: (count, lambda, damping) => roundPlain(arrays, errors, n, count, lambda, damping),
  };
}

function roundPlain(
  group: Omit<RowGroup, 'round'>,
  errors: Float64Array,
  n: number,
  count: number,
  lambda: number,
  damping: number,
): number {
  const { factor, columnSteps, bits, steps, importance, weights, classes, levels } = group;
  let total = 0;
  for (let j = 0; j < n; j++) {
    const line = (j * (j + 1)) / 2;
    carry(factor, line, j, errors);
    const pivot = factor[line + j];
    for (let g = 0; g < count; g++) {
      const at = j * groupRows + g;
      const weight = weights[at];
      const step = steps[g] * columnSteps[j];
      const target = weight + errors[at] / pivot;
      const size = Math.abs(target / step);
      const unit = pivot * step;
      const price = importance[g] * (unit * unit);
      const table = classes[at] * costWidth;
      let best = size >= 0.5 ? Math.min(largestLevel, Math.floor(size + 0.5)) : 0;
      if (best > 0) {
        let away = size - best;
        let cost = price * (away * away) + lambda * bits[table + costEntry(best)];
        const lower = best - 1;
        away = size - lower;
        const other = price * (away * away) + lambda * bits[table + costEntry(lower)];
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
      errors[at] = error;
      total += importance[g] * (left * left - damping * error * error);
    }
  }
  return total;
}

/** errors[j x 8 + g] = sum over i < j of factor[line + i] x errors[i x 8 + g], for all g at once. */
function carry(factor: Float64Array, line: number, j: number, errors: Float64Array): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  let [e, f, g, h] = [0, 0, 0, 0];
  let at = 0;
  for (let i = 0; i < j; i++, at += groupRows) {
    const m = factor[line + i];
    a += m * errors[at];
    b += m * errors[at + 1];
    c += m * errors[at + 2];
    d += m * errors[at + 3];
    e += m * errors[at + 4];
    f += m * errors[at + 5];
    g += m * errors[at + 6];
    h += m * errors[at + 7];
  }
  errors[at] = a;
  errors[at + 1] = b;
  errors[at + 2] = c;
  errors[at + 3] = d;
  errors[at + 4] = e;
  errors[at + 5] = f;
  errors[at + 6] = g;
  errors[at + 7] = h;
}
