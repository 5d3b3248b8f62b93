/**
 * Logistic mixing (Mahoney 2005): the probabilities of several contexts are stretched, weighted,
 * added and squashed; the weights then move along the gradient of the coding cost. Weights have 14
 * fractional bits, at most eight inputs, everything stays in signed 32 bits.
 * docs/dcz-coding.md, section 4.4.
 */
import { squashTable, stretchLimit } from './logistic.ts';

const largestWeight = 131071;
const leastProbability = 32;

/** The 16-bit probability of a weighted sum of stretched probabilities. */
export function squashSum(sum: number): number {
  let x = sum >> 14;
  if (x > stretchLimit) x = stretchLimit;
  else if (x < -stretchLimit) x = -stretchLimit;
  const p = squashTable[x + 2048];
  return p < leastProbability
    ? leastProbability
    : p > 65536 - leastProbability
      ? 65536 - leastProbability
      : p;
}

/** `weight` after an error (bit x 65536 - p) on an input; `rate` is a right shift. */
export function learn(weight: number, error: number, input: number, rate: number): number {
  const w = weight + ((Math.imul(error, input) + (1 << (rate - 1))) >> rate);
  return w > largestWeight ? largestWeight : w < -largestWeight ? -largestWeight : w;
}
