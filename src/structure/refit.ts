/**
 * The kept weights of a layer refitted by least squares where some of its inputs go: with C the second
 * moments of its inputs, K what is kept and R what goes, W'_K = W_K + W_R C_RK C_KK^-1 makes the mean squared
 * error of the layer's outputs smallest. Where a bias can take the mean back, C is the covariance and
 * b' = b + W mean - W'_K mean_K. Source: He et al. 2017 (channel pruning), as AMC uses it; damping as GPTQ's.
 */
import type { Moments } from '../compress/moments.ts';
import { momentBlocks } from './readers.ts';
import { solve } from './solve.ts';

export interface Refitted {
  /** (matrices x rows) x columns; 0 at columns that go. */
  readonly weights: Float64Array;
  /** matrices x rows: what the mean of every output lost, to be added to the bias; zeros without `centred`. */
  readonly shift: Float64Array;
}

/**
 * @param weights (matrices x rows) x columns
 * @param gone columns: not 0 at those that go
 * @param centred a bias will take `shift`
 */
export function refit(
  weights: Float64Array,
  rows: number,
  moments: Moments,
  gone: Uint8Array,
  centred: boolean,
): Refitted {
  const { columns, setOf, mean } = moments;
  const fitted = weights.slice();
  const shift = new Float64Array(rows * setOf.length);
  for (const { set, first, n, second } of momentBlocks(moments, centred)) {
    const kept: number[] = [];
    const removed: number[] = [];
    for (let i = 0; i < n; i++) (gone[first + i] ? removed : kept).push(i);
    const [k, r] = [kept.length, removed.length];
    if (r === 0) continue;
    const inner = new Float64Array(k * k);
    const across = new Float64Array(r * k);
    kept.forEach((i, a) => kept.forEach((j, b) => (inner[a * k + b] = second[i * n + j])));
    removed.forEach((i, a) => kept.forEach((j, b) => (across[a * k + b] = second[i * n + j])));
    if (!solve(inner, k, across)) across.fill(0);
    setOf.forEach((own, m) => {
      if (own !== set) return;
      for (let row = m * rows; row < (m + 1) * rows; row++) {
        const at = row * columns + first;
        for (let a = 0; a < r; a++) {
          const w = weights[at + removed[a]];
          fitted[at + removed[a]] = 0;
          if (w !== 0) for (let b = 0; b < k; b++) fitted[at + kept[b]] += w * across[a * k + b];
        }
      }
    });
  }
  if (centred)
    setOf.forEach((set, m) => {
      for (let row = m * rows; row < (m + 1) * rows; row++)
        for (let c = 0; c < columns; c++)
          shift[row] +=
            (weights[row * columns + c] - fitted[row * columns + c]) * mean[set * columns + c];
    });
  return { weights: fitted, shift };
}
