/**
 * Adaptive estimates in one 31-bit integer: 22 bits of mean and 9 bits of how often it was updated.
 * The n-th update moves the mean by about 1 / (n + 1.6) of the way, until n reaches a limit.
 * docs/dcz-coding.md, section 4.3.
 */
export const countBits = 9;
const countMask = 511;

/** Mean one half, never updated. */
export const evenOdds = (1 << 21) << countBits;

/** The mean of certainty. */
export const certain = (1 << 22) - 1;

/** `rates[n]`: 65536 / (n + 1.6), rounded. */
export const rates = Int32Array.from({ length: 512 }, (_, n) => {
  const d = 10 * n + 16;
  return Math.floor((1310720 + d) / (2 * d));
});

/** `estimate` after `bit` (0 or 1). Without a branch: which way to go is what cannot be foreseen. */
export function adaptBit(estimate: number, bit: number, limit: number): number {
  const n = estimate & countMask;
  const mean = estimate >> countBits;
  const away = mean ^ (-bit & certain); // how far the bit is from the mean
  const step = Math.imul(away >> 7, rates[n]) >> 9;
  const sign = bit - 1;
  return ((mean + ((step ^ sign) - sign)) << countBits) | (n < limit ? n + 1 : n);
}

/** `estimate` after the observation `value`, 0 .. 2^22 - 1. */
export function adaptMean(estimate: number, value: number, limit: number): number {
  const n = estimate & countMask;
  let mean = estimate >> countBits;
  if (value > mean) mean += (((value - mean) >> 7) * rates[n]) >> 9;
  else mean -= (((mean - value) >> 7) * rates[n]) >> 9;
  return (mean << countBits) | (n < limit ? n + 1 : n);
}
