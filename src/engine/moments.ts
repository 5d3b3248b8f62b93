/**
 * Statistics of a run of values, and their exact merge in a fixed order, so that a tensor gives the
 * same mean and deviation however many threads read it. NaN and infinities count as values but
 * take no part in min, max, mean and std. Merge after Chan, Golub and LeVeque (1979).
 */
export interface Moments {
  /** Values seen, and the finite ones among them. */
  readonly values: number;
  readonly finite: number;
  readonly zeros: number;
  /** Infinity and -Infinity when nothing is finite. */
  readonly min: number;
  readonly max: number;
  /** Of the finite values; 0 when there are none. */
  readonly mean: number;
  /** Sum of squared deviations from `mean`. */
  readonly m2: number;
}

export const noMoments: Moments = {
  values: 0,
  finite: 0,
  zeros: 0,
  min: Infinity,
  max: -Infinity,
  mean: 0,
  m2: 0,
};

/** Two passes over one block: the mean first, so that nothing cancels in the squares. */
export function momentsOf(values: Float32Array | Float64Array): Moments {
  const n = values.length;
  let finite = 0;
  let zeros = 0;
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const v = values[i];
    if (v === 0) zeros++;
    if (v - v !== 0) continue; // NaN or infinite
    finite++;
    sum += v;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  if (finite === 0) return { ...noMoments, values: n, zeros };
  const mean = sum / finite;
  let m2 = 0;
  for (let i = 0; i < n; i++) {
    const d = values[i] - mean;
    if (d - d === 0) m2 += d * d;
  }
  return { values: n, finite, zeros, min, max, mean, m2 };
}

export function mergedMoments(a: Moments, b: Moments): Moments {
  const finite = a.finite + b.finite;
  const delta = b.mean - a.mean;
  const share = finite === 0 ? 0 : b.finite / finite;
  return {
    values: a.values + b.values,
    finite,
    zeros: a.zeros + b.zeros,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    mean: a.finite === 0 ? b.mean : b.finite === 0 ? a.mean : a.mean + delta * share,
    m2: a.m2 + b.m2 + (finite === 0 ? 0 : delta * delta * a.finite * share),
  };
}
