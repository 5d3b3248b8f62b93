/**
 * Which of the shared values a survivor has: its rank in the ascending codebook as a path down a
 * binary tree, every branch a mix of seven predictions. The contexts are how large the survivors of
 * the row, of the column and just before were (rows and columns differ in scale), the place in the
 * kernel, and the last rank. docs/dcz-coding.md, section 4.6.
 */
import { adaptBit, adaptMean, countBits, evenOdds } from './adaptive.ts';
import { stretchTable } from './logistic.ts';
import { learn, squashSum } from './mixing.ts';

const inputs = 7;
const initialWeight = 3400;
const learningRate = 17;
const bitLimit = 500;
const meanLimit = 250;

export class ValueModel {
  /** Branches a value takes: ceil(log2(number of shared values)). */
  readonly depth: number;

  /** Magnitude of each code, 0 .. 65535, relative to the largest. */
  readonly #magnitude: Int32Array;
  readonly #byColumn: Int32Array;
  #all: number;
  #row: number;
  #recent: number;
  #lastRank: number;

  readonly #estimates: Int32Array;
  readonly #weights: Int32Array;
  readonly #kernel: number;
  // contexts of the value at hand
  #rowClass = 0;
  #columnClass = 0;
  #recentClass = 0;
  #place = 0;
  #o = 0;
  #x0 = 0;
  #x1 = 0;
  #x2 = 0;
  #x3 = 0;
  #x4 = 0;
  #x5 = 0;
  #x6 = 0;
  #s0 = 0;
  #s1 = 0;
  #s2 = 0;
  #s3 = 0;
  #s4 = 0;
  #s5 = 0;
  #s6 = 0;
  #p = 0;

  /** `columns` and `kernel` are the significance model's. */
  constructor(codebook: Float64Array, columns: number, kernel: number) {
    const values = codebook.length - 1;
    this.depth = values < 2 ? 0 : 32 - Math.clz32(values - 1);
    let largest = 0;
    for (const v of codebook) largest = Math.max(largest, Math.abs(v));
    this.#magnitude = Int32Array.from(codebook, (v) =>
      largest > 0 ? Math.floor((Math.abs(v) / largest) * 65535) : 0,
    );
    let total = 0;
    for (let c = 1; c <= values; c++) total += this.#magnitude[c];
    this.#all = restart(Math.floor(total / Math.max(values, 1)) << (6 + countBits));
    this.#row = this.#all;
    this.#recent = this.#all >> (6 + countBits);
    this.#lastRank = values >> 1;
    this.#byColumn = new Int32Array(columns).fill(-1);
    this.#kernel = kernel;
    const nodes = 1 << this.depth;
    this.#estimates = new Int32Array(nodes * (90 + kernel) + 64).fill(evenOdds);
    this.#weights = new Int32Array(8 * inputs).fill(initialWeight);
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

  /** Probability (16 bits) of 1 at the branch `node` (1 is the root) on level `level` (from 0). */
  predict(node: number, level: number): number {
    const e = this.#estimates;
    const w = this.#weights;
    const depth = this.depth;
    const kernel = this.#kernel;
    const o = level * inputs;
    const x1 = (1 << depth) + node * 8 + this.#rowClass;
    const x2 = (9 << depth) + node * 8 + this.#columnClass;
    const x3 = (17 << depth) + node * 8 + this.#recentClass;
    const x4 = (25 << depth) + node * 64 + this.#rowClass * 8 + this.#columnClass;
    const x5 = (89 << depth) + node * kernel + this.#place;
    const x6 =
      ((89 + kernel) << depth) +
      (level < 3 ? node * 8 + (this.#lastRank >> Math.max(0, depth - 3)) : 64 + node);
    const s0 = stretchTable[e[node] >> 19];
    const s1 = stretchTable[e[x1] >> 19];
    const s2 = stretchTable[e[x2] >> 19];
    const s3 = stretchTable[e[x3] >> 19];
    const s4 = stretchTable[e[x4] >> 19];
    const s5 = stretchTable[e[x5] >> 19];
    const s6 = stretchTable[e[x6] >> 19];
    this.#o = o;
    this.#x0 = node;
    this.#x1 = x1;
    this.#x2 = x2;
    this.#x3 = x3;
    this.#x4 = x4;
    this.#x5 = x5;
    this.#x6 = x6;
    this.#s0 = s0;
    this.#s1 = s1;
    this.#s2 = s2;
    this.#s3 = s3;
    this.#s4 = s4;
    this.#s5 = s5;
    this.#s6 = s6;
    const sum =
      Math.imul(w[o], s0) +
      Math.imul(w[o + 1], s1) +
      Math.imul(w[o + 2], s2) +
      Math.imul(w[o + 3], s3) +
      Math.imul(w[o + 4], s4) +
      Math.imul(w[o + 5], s5) +
      Math.imul(w[o + 6], s6);
    const p = squashSum(sum | 0);
    this.#p = p;
    return p;
  }

  /** Learns the branch taken. */
  update(bit: number): void {
    const e = this.#estimates;
    const w = this.#weights;
    const o = this.#o;
    const error = (bit << 16) - this.#p;
    w[o] = learn(w[o], error, this.#s0, learningRate);
    w[o + 1] = learn(w[o + 1], error, this.#s1, learningRate);
    w[o + 2] = learn(w[o + 2], error, this.#s2, learningRate);
    w[o + 3] = learn(w[o + 3], error, this.#s3, learningRate);
    w[o + 4] = learn(w[o + 4], error, this.#s4, learningRate);
    w[o + 5] = learn(w[o + 5], error, this.#s5, learningRate);
    w[o + 6] = learn(w[o + 6], error, this.#s6, learningRate);
    e[this.#x0] = adaptBit(e[this.#x0], bit, bitLimit);
    e[this.#x1] = adaptBit(e[this.#x1], bit, bitLimit);
    e[this.#x2] = adaptBit(e[this.#x2], bit, bitLimit);
    e[this.#x3] = adaptBit(e[this.#x3], bit, bitLimit);
    e[this.#x4] = adaptBit(e[this.#x4], bit, bitLimit);
    e[this.#x5] = adaptBit(e[this.#x5], bit, bitLimit);
    e[this.#x6] = adaptBit(e[this.#x6], bit, bitLimit);
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
