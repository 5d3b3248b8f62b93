/**
 * The triangular factor that error feedback runs on: M lower with H = M^T M, for a symmetric positive
 * definite H. With d = w - w' the error of a layer is d^T H d = |M d|^2 = sum_j (sum_{i <= j} M_ji d_i)^2,
 * so that when columns are decided from the first to the last, term j is settled by column j alone:
 * the factor of the inverse that GPTQ (Frantar et al. 2022) takes, without an inverse.
 * Work n^3 / 3; rows are finished from the last to the first, in panels that stay in the cache.
 */

import { feedbackKernel } from './feedback-kernel.ts';

/** Rows that are finished together, and columns that an update runs over before it goes on. */
const panel = 32;
const tile = 512;
const leastOfKernel = 32;

/**
 * Replaces the lower triangle of the row-major n x n matrix `h` by M; what lies above the diagonal is
 * neither read nor written.
 * @returns false when `h` is not positive definite in float64; `h` is then spoilt.
 */
export function factorize(h: Float64Array, n: number): boolean {
  // a small one is done before it is copied
  const kernel = n < leastOfKernel ? undefined : feedbackKernel();
  return kernel?.factorize(h, n) ?? factorizePlain(h, n);
}

/** `factorize` in TypeScript: the reference of the kernel, bit for bit, and its fallback. */
export function factorizePlain(h: Float64Array, n: number): boolean {
  for (let end = n; end > 0; end -= panel) {
    const begin = Math.max(0, end - panel);
    for (let from = 0; from < end; from += tile) {
      updatePanel(h, n, begin, end, from, Math.min(end, from + tile));
    }
    for (let j = end - 1; j >= begin; j--) {
      const row = j * n;
      for (let k = j + 1; k < end; k++) {
        const factor = h[k * n + j];
        const other = k * n;
        for (let i = 0; i <= j; i++) h[row + i] -= factor * h[other + i];
      }
      const pivot = h[row + j];
      if (!(pivot > 0) || pivot === Infinity) return false;
      const root = Math.sqrt(pivot);
      h[row + j] = root;
      for (let i = 0; i < j; i++) h[row + i] /= root;
    }
  }
  return true;
}

/** Takes what the finished rows from `end` on contribute out of columns from..to of rows begin..end. */
function updatePanel(
  h: Float64Array,
  n: number,
  begin: number,
  end: number,
  from: number,
  to: number,
): void {
  let k = end;
  for (; k + 4 <= n; k += 4) {
    const k0 = k * n;
    const k1 = k0 + n;
    const k2 = k1 + n;
    const k3 = k2 + n;
    for (let j = begin; j < end; j++) {
      const f0 = h[k0 + j];
      const f1 = h[k1 + j];
      const f2 = h[k2 + j];
      const f3 = h[k3 + j];
      const row = j * n;
      const last = Math.min(to, j + 1);
      for (let i = from; i < last; i++) {
        h[row + i] -= f0 * h[k0 + i] + f1 * h[k1 + i] + f2 * h[k2 + i] + f3 * h[k3 + i];
      }
    }
  }
  for (; k < n; k++) {
    const other = k * n;
    for (let j = begin; j < end; j++) {
      const factor = h[other + j];
      const row = j * n;
      const last = Math.min(to, j + 1);
      for (let i = from; i < last; i++) h[row + i] -= factor * h[other + i];
    }
  }
}
