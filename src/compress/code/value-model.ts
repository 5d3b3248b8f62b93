/**
 * Which of the shared values a survivor has: its rank in the ascending codebook as a path down a
 * binary tree, every branch a mix of seven predictions. The contexts are how large the survivors of
 * the row, of the column and just before were (rows and columns differ in scale), the place in the
 * kernel, and the last rank. docs/dcz-coding.md, section 4.6.
 */
import { adaptMean, countBits } from './adaptive.ts';
import type { BinaryCoder } from './binary-coder.ts';
import { Mixer } from './mixing.ts';

const bitLimit = 500;
const meanLimit = 250;

export class ValueModel {
  /** Branches a value takes: ceil(log2(number of shared values)). */
  readonly depth: number;

  readonly #magnitude: Int32Array;
  readonly #byColumn: Int32Array;
  #all: number;
  #row: number;
  #recent: number;
  #lastRank: number;

  readonly #mixer: Mixer;
  readonly #kernel: number;
  // contexts of the value at hand
  #rowClass = 0;
  #columnClass = 0;
  #recentClass = 0;
  #place = 0;

  /** `columns` and `kernel` are the significance model's. */
  constructor(codebook: Float64Array, columns: number, kernel: number) {
    const values = codebook.length - 1;
    this.depth = values < 2 ? 0 : 32 - Math.clz32(values - 1);
    this.#magnitude = relativeMagnitudes(codebook);
    let total = 0;
    for (let c = 1; c <= values; c++) total += this.#magnitude[c];
    this.#all = restart(Math.floor(total / Math.max(values, 1)) << (6 + countBits));
    this.#row = this.#all;
    this.#recent = this.#all >> (6 + countBits);
    this.#lastRank = values >> 1;
    this.#byColumn = new Int32Array(columns).fill(-1);
    this.#kernel = kernel;
    this.#mixer = new Mixer({
      estimates: ((90 + kernel) << this.depth) + 64,
      sets: 8,
      initialWeight: 3400,
      learningRate: 17,
      limit: bitLimit,
      lastLimit: bitLimit,
    });
  }

  /** A new row begins. */
  startRow(): void {
    this.#row = restart(this.#all);
  }

  /** A survivor begins, in this column and kernel place. */
  begin(column: number, place: number): void {
    const all = this.#all >> (6 + countBits);
    const byColumn = this.#byColumn[column];
    this.#rowClass = ratioClass(this.#row >> (6 + countBits), all);
    this.#columnClass = byColumn < 0 ? 3 : ratioClass(byColumn >> (6 + countBits), all);
    this.#recentClass = ratioClass(this.#recent, all);
    this.#place = place;
  }

  /** Codes the branch at `node` (1 is the root) on level `level` (from 0), and learns it. */
  code(coder: BinaryCoder, bit: number, node: number, level: number): number {
    const { contexts } = this.#mixer;
    const depth = this.depth;
    const kernel = this.#kernel;
    contexts[0] = node;
    contexts[1] = (1 << depth) + node * 8 + this.#rowClass;
    contexts[2] = (9 << depth) + node * 8 + this.#columnClass;
    contexts[3] = (17 << depth) + node * 8 + this.#recentClass;
    contexts[4] = (25 << depth) + node * 64 + this.#rowClass * 8 + this.#columnClass;
    contexts[5] = (89 << depth) + node * kernel + this.#place;
    contexts[6] =
      ((89 + kernel) << depth) +
      (level < 3 ? node * 8 + (this.#lastRank >> Math.max(0, depth - 3)) : 64 + node);
    return this.#mixer.code(coder, bit, level);
  }

  /** The survivor's rank (code - 1) is known. */
  end(rank: number, column: number): void {
    const magnitude = this.#magnitude[rank + 1];
    const before = this.#byColumn[column];
    const value = magnitude << 6;
    this.#row = adaptMean(this.#row, value, meanLimit);
    this.#byColumn[column] = adaptMean(before < 0 ? restart(this.#all) : before, value, meanLimit);
    this.#all = adaptMean(this.#all, value, bitLimit);
    this.#recent += ((magnitude - this.#recent) * 77) >> 8;
    this.#lastRank = rank;
  }
}

/** Magnitude of each code, 0 .. 65535, relative to the largest. */
export function relativeMagnitudes(codebook: Float64Array): Int32Array {
  let largest = 0;
  for (const v of codebook) largest = Math.max(largest, Math.abs(v));
  return Int32Array.from(codebook, (v) =>
    largest > 0 ? Math.floor((Math.abs(v) / largest) * 65535) : 0,
  );
}

/** The same mean as if it had been updated twice. */
function restart(estimate: number): number {
  return (estimate & ~511) | 2;
}

/** 0 .. 7: how a magnitude compares with the mean of all, in steps of about 1/5 around it. */
function ratioClass(magnitude: number, mean: number): number {
  const m = magnitude * 64;
  if (m < mean * 64) return m < mean * 45 ? (m < mean * 32 ? 0 : 1) : m < mean * 54 ? 2 : 3;
  return m < mean * 90 ? (m < mean * 74 ? 4 : 5) : m < mean * 128 ? 6 : 7;
}
