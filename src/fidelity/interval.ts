/**
 * Confidence intervals of shares that were counted on few samples.
 * Source: Wilson, JASA 1927 (score interval); design effect: Kish, Survey Sampling, 1965.
 */

/** The 97.5 % quantile of the normal distribution: two-sided intervals of 95 %. */
const z = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Wilson's 95 % interval of a share of which `share` x `count` was seen; [0, 1] for no count. */
export function wilson(share: number, count: number): Interval {
  if (!(count > 0)) return { low: 0, high: 1 };
  const spread = (z * z) / count;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (z / (1 + spread)) * Math.sqrt((share * (1 - share)) / count + spread / (4 * count));
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/**
 * How many independent answers `weights` answers in all are worth, when sample i holds `weights[i]` of
 * them and `changed[i]` of these changed: answers of one sample (cells of a picture, steps of a text)
 * go wrong together. Between the number of samples and that of answers.
 */
export function effectiveCount(changed: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((a, b) => a + b, 0);
  const samples = weights.filter((w) => w > 0).length;
  if (samples < 2) return samples;
  const share = changed.reduce((a, b) => a + b, 0) / total;
  let squares = 0;
  for (let i = 0; i < weights.length; i++) squares += (changed[i]! - share * weights[i]!) ** 2;
  const variance = (squares / total ** 2) * (samples / (samples - 1));
  if (variance === 0) return share > 0 ? total : samples;
  return Math.min(total, Math.max(samples, (share * (1 - share)) / variance));
}
