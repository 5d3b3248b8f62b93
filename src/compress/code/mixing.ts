/**
 * Logistic mixing (Mahoney 2005): the probabilities of seven contexts are stretched, weighted, added
 * and squashed; after the decision, the weights move along the gradient of the coding cost and the
 * estimates of the contexts learn it. Weights have 14 fractional bits; everything stays in signed
 * 32 bits. docs/dcz-coding.md, sections 4.3 and 4.4.
 *
 * The inputs are written out, one by one: in a loop, or with more and smaller functions than engines
 * care to inline, a decision takes one and a half times as long.
 */
import { adaptBit, evenOdds } from './adaptive.ts';
import type { BinaryCoder } from './binary-coder.ts';
import { squashTable, stretchLimit, stretchTable } from './logistic.ts';

export const mixerInputs = 7;
const largestWeight = 131071;
const leastProbability = 32;

/** `mixedProbability[x + 2048]`: squash(x), kept away from 0 and 1. */
export const mixedProbability: Uint16Array = Uint16Array.from(squashTable, (p) =>
  Math.min(Math.max(p, leastProbability), 65536 - leastProbability),
);

export interface MixerSettings {
  /** Estimates in all, those of all contexts together. */
  readonly estimates: number;
  /** Sets of weights to choose from. */
  readonly sets: number;
  readonly initialWeight: number;
  /** Right shift of a weight's gradient. */
  readonly learningRate: number;
  /** How far the counts of estimates grow, but those of the last input. */
  readonly limit: number;
  readonly lastLimit: number;
}

export class Mixer {
  /** The estimates, by context; `contexts` points into them. */
  readonly estimates: Int32Array;
  /** Set before each decision: where the estimate of each input is. */
  readonly contexts = new Int32Array(mixerInputs);
  readonly #weights: Int32Array;
  readonly #limit: number;
  readonly #lastLimit: number;
  readonly #rate: number;

  constructor(settings: MixerSettings) {
    this.estimates = new Int32Array(settings.estimates).fill(evenOdds);
    this.#weights = new Int32Array(settings.sets * mixerInputs).fill(settings.initialWeight);
    this.#limit = settings.limit;
    this.#lastLimit = settings.lastLimit;
    this.#rate = settings.learningRate;
  }

  /** Codes one decision in the contexts that are set, with weights of set `set`, and learns it. */
  code(coder: BinaryCoder, bit: number, set: number): number {
    const { estimates: e, contexts } = this;
    const w = this.#weights;
    const o = set * mixerInputs;
    const c0 = contexts[0];
    const c1 = contexts[1];
    const c2 = contexts[2];
    const c3 = contexts[3];
    const c4 = contexts[4];
    const c5 = contexts[5];
    const c6 = contexts[6];
    const s0 = stretchTable[e[c0] >> 19];
    const s1 = stretchTable[e[c1] >> 19];
    const s2 = stretchTable[e[c2] >> 19];
    const s3 = stretchTable[e[c3] >> 19];
    const s4 = stretchTable[e[c4] >> 19];
    const s5 = stretchTable[e[c5] >> 19];
    const s6 = stretchTable[e[c6] >> 19];
    const sum =
      Math.imul(w[o], s0) +
      Math.imul(w[o + 1], s1) +
      Math.imul(w[o + 2], s2) +
      Math.imul(w[o + 3], s3) +
      Math.imul(w[o + 4], s4) +
      Math.imul(w[o + 5], s5) +
      Math.imul(w[o + 6], s6);
    let x = (sum | 0) >> 14;
    if (x > stretchLimit) x = stretchLimit;
    else if (x < -stretchLimit) x = -stretchLimit;
    const p = mixedProbability[x + 2048];

    const coded = coder.code(bit, p);
    const error = (coded << 16) - p;
    const rate = this.#rate;
    const limit = this.#limit;
    w[o] = learn(w[o], error, s0, rate);
    w[o + 1] = learn(w[o + 1], error, s1, rate);
    w[o + 2] = learn(w[o + 2], error, s2, rate);
    w[o + 3] = learn(w[o + 3], error, s3, rate);
    w[o + 4] = learn(w[o + 4], error, s4, rate);
    w[o + 5] = learn(w[o + 5], error, s5, rate);
    w[o + 6] = learn(w[o + 6], error, s6, rate);
    e[c0] = adaptBit(e[c0], coded, limit);
    e[c1] = adaptBit(e[c1], coded, limit);
    e[c2] = adaptBit(e[c2], coded, limit);
    e[c3] = adaptBit(e[c3], coded, limit);
    e[c4] = adaptBit(e[c4], coded, limit);
    e[c5] = adaptBit(e[c5], coded, limit);
    e[c6] = adaptBit(e[c6], coded, this.#lastLimit);
    return coded;
  }
}

/** A weight after an error on an input; `rate` is a right shift. */
export function learn(weight: number, error: number, input: number, rate: number): number {
  const w = weight + ((Math.imul(error, input) + (1 << (rate - 1))) >> rate);
  return w > largestWeight ? largestWeight : w < -largestWeight ? -largestWeight : w;
}
