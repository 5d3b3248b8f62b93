/** Small linear algebra on symmetric positive definite matrices, row-major, in float64. */
import { factorize } from '../compress/rate/cholesky.ts';

/**
 * Replaces `b` (columns x n: every right side as a row) by the solutions of A x = b.
 * @param a n x n; its lower triangle is overwritten
 * @returns false when `a` is not positive definite; `b` is then as it was
 */
export function solve(a: Float64Array, n: number, b: Float64Array): boolean {
  if (!factorize(a, n)) return false;
  // A = M^T M with M lower: first M^T y = b from the last row on, then M x = y from the first
  for (let from = 0; from < b.length; from += n) {
    for (let i = n - 1; i >= 0; i--) {
      const y = b[from + i] / a[i * n + i];
      b[from + i] = y;
      if (y !== 0) for (let j = 0; j < i; j++) b[from + j] -= a[i * n + j] * y;
    }
    for (let i = 0; i < n; i++) {
      let sum = b[from + i];
      for (let j = 0; j < i; j++) sum -= a[i * n + j] * b[from + j];
      b[from + i] = sum / a[i * n + i];
    }
  }
  return true;
}

/** The inverse; undefined when `a` is not positive definite. `a` is overwritten. */
export function inverse(a: Float64Array, n: number): Float64Array | undefined {
  const b = new Float64Array(n * n);
  for (let i = 0; i < n; i++) b[i * n + i] = 1;
  return solve(a, n, b) ? b : undefined;
}
