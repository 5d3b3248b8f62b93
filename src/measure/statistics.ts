/**
 * Statistics of a run of values, and their exact merge in a fixed order, so that a tensor gives the
 * same mean and deviation however many threads read it. NaN and infinities count as values but take no
 * part in min, max, mean, deviation and norms. Merge after Chan, Golub and LeVeque (1979).
 */

/** An array of a tensor's values; doubles where float32 does not hold them. */
export type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

export interface ValueStatistics {
  /** Values seen, and the finite ones among them. */
  readonly values: number;
  readonly finite: number;
  readonly zeros: number;
  readonly nan: number;
  readonly infinite: number;
  /** Below zero, -Infinity included. */
  readonly negative: number;
  /** Infinity and -Infinity when nothing is finite. */
  readonly min: number;
  readonly max: number;
  /** Of the finite values; 0 when there are none. */
  readonly mean: number;
  /** Sum of squared deviations from `mean`. */
  readonly m2: number;
  /** Sums of magnitudes and of squares. */
  readonly l1: number;
  readonly squares: number;
}

export const noStatistics: ValueStatistics = {
  values: 0,
  finite: 0,
  zeros: 0,
  nan: 0,
  infinite: 0,
  negative: 0,
  min: Infinity,
  max: -Infinity,
  mean: 0,
  m2: 0,
  l1: 0,
  squares: 0,
};

/** Two passes over one block: the mean first, so that nothing cancels in the squares. */
export function statisticsOf(values: Numbers): ValueStatistics {
  const n = values.length;
  let [zeros, nan, infinite, negative] = [0, 0, 0, 0];
  let min = Infinity;
  let max = -Infinity;
  let [sum, l1, squares] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const v = values[i];
    if (v - v !== 0) {
      if (v !== v) nan++;
      else {
        infinite++;
        if (v < 0) negative++;
      }
      continue;
    }
    if (v === 0) zeros++;
    else if (v < 0) negative++;
    if (v < min) min = v;
    if (v > max) max = v;
    sum += v;
    l1 += Math.abs(v);
    squares += v * v;
  }
  const finite = n - nan - infinite;
  const mean = finite > 0 ? sum / finite : 0;
  let m2 = 0;
  for (let i = 0; i < n && finite > 0; i++) {
    const d = values[i] - mean;
    if (d - d === 0) m2 += d * d;
  }
  return { values: n, finite, zeros, nan, infinite, negative, min, max, mean, m2, l1, squares };
}

/** Of one value that occurs `times` times. */
export function statisticsOfRepeated(value: number, times: number): ValueStatistics {
  if (times === 0) return noStatistics;
  const negative = value < 0 ? times : 0;
  if (value !== value) return { ...noStatistics, values: times, nan: times };
  if (value - value !== 0) return { ...noStatistics, values: times, infinite: times, negative };
  return {
    ...noStatistics,
    ...{ values: times, finite: times, zeros: value === 0 ? times : 0, negative },
    ...{ min: value, max: value, mean: value },
    ...{ l1: Math.abs(value) * times, squares: value * value * times },
  };
}

export function merged(a: ValueStatistics, b: ValueStatistics): ValueStatistics {
  const finite = a.finite + b.finite;
  const delta = b.mean - a.mean;
  return {
    values: a.values + b.values,
    finite,
    zeros: a.zeros + b.zeros,
    nan: a.nan + b.nan,
    infinite: a.infinite + b.infinite,
    negative: a.negative + b.negative,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    mean: finite === 0 ? 0 : a.mean + (delta * b.finite) / finite,
    m2: finite === 0 ? 0 : a.m2 + (b.m2 + (delta * delta * a.finite * b.finite) / finite),
    l1: a.l1 + b.l1,
    squares: a.squares + b.squares,
  };
}

/** Range, mean and standard deviation; null when no value is finite. */
export function spreadOf({ finite, min, max, mean, m2 }: ValueStatistics): {
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
} {
  return finite > 0
    ? { min, max, mean, std: Math.sqrt(m2 / finite) }
    : { min: null, max: null, mean: null, std: null };
}
