/**
 * How large the level at hand may be: four predictions for each of its decisions, by the mean magnitude
 * of the row, of the column, of neighbours, and of row and column at its kernel place, mixed. Trained layers have strong and weak
 * inputs and kernel places, which scales of output channels do not take away. The sign goes by those of
 * three neighbours: it is as good as random but in filters that are smooth. It is the reference of the WebAssembly kernel (level-kernel.ts).
 * docs/dcz-coding.md, section 5.
 */
import { adaptBit, adaptMean, countBits, evenOdds } from './adaptive.ts';
import type { BinaryCoder } from './binary-coder.ts';
import {
  classes,
  classOf,
  lengthDepth,
  levelPrior,
  mantissaNode,
  nodes,
  treeNode,
  zeroNode,
} from './level-prior.ts';
import { stretchLimit, stretchTable } from './logistic.ts';
import { learn, mixedProbability } from './mixing.ts';
import { contextsOf } from './significance-model.ts';

const rowLimit = 24;
const columnLimit = 60;
const allLimit = 500;
const start = 2;
const bitLimit = 255;
const inputs = 4;
const sets = 1 + 16 + 2;
const initialWeight = 4300;
const learningRate = 18;
const evenChance = 32768;
const leastChance = 1024;
const family = classes * nodes;

export class LevelModel {
  /** By family, class and node; the last family has as many parts as there are kernel places. */
  readonly #estimates: Int32Array;
  readonly #weights = new Int32Array(sets * inputs).fill(initialWeight);
  /** Bit lengths a magnitude can have, and the decisions that tell them apart. */
  readonly #lengths: number;
  readonly #depth: number;
  /** Magnitudes are means times 2^lift: as much of 22 bits as there is. */
  readonly #lift: number;
  readonly #columns: number;
  readonly #kernel: number;
  /** Levels so far; what lies before the block is a quarter of the largest. */
  readonly #seen: Int16Array;
  /** Estimates of a minus, by the signs of the neighbours. */
  readonly #signs = new Int32Array(27).fill(evenOdds);
  #signContext = 0;
  readonly #byColumn: Int32Array;
  readonly #bases = new Int32Array(inputs);
  #at: number;
  #column: number;
  #place: number;
  #all: number;
  #row: number;

  /** For `n` levels from -largest to largest (1 at least) that begin at flat index `first` of a tensor. */
  constructor(largest: number, rowLength: number, kernelLength: number, first: number, n: number) {
    this.#lengths = 32 - Math.clz32(largest);
    this.#depth = lengthDepth(largest);
    this.#lift = 22 - this.#lengths;
    const { columns, kernel } = contextsOf(rowLength, kernelLength);
    this.#columns = columns;
    this.#kernel = kernel;
    this.#column = first % this.#columns;
    this.#place = this.#column % this.#kernel;
    this.#at = Math.max(this.#columns, this.#kernel, 2);
    this.#seen = new Int16Array(this.#at + n).fill(largest >> 2, 0, this.#at);
    this.#byColumn = new Int32Array(this.#columns).fill(-1);
    this.#all = this.#estimateOf((largest << this.#lift) >> 2);
    this.#row = this.#all;
    const prior = levelPrior(this.#depth);
    this.#estimates = new Int32Array((inputs - 1 + this.#kernel) * family);
    for (let to = 0; to < this.#estimates.length; to += family) this.#estimates.set(prior, to);
  }

  /** Codes one level and learns it; decoding ignores `level` and returns the one read. */
  code(coder: BinaryCoder, level: number): number {
    this.#look();
    const size = level < 0 ? -level : level;
    if (this.#decide(coder, zeroNode, size === 0 ? 0 : 1, 0) === 0) {
      this.#learn(0);
      return 0;
    }
    const negative = this.#sign(coder, level < 0 ? 1 : 0);
    const magnitude = this.#magnitude(coder, size);
    const read = negative === 0 ? magnitude : -magnitude;
    this.#learn(read);
    return read;
  }

  #sign(coder: BinaryCoder, bit: number): number {
    const estimate = this.#signs[this.#signContext];
    const chance = estimate >> (countBits + 6);
    const clamped = Math.min(Math.max(chance, leastChance), 65536 - leastChance);
    const negative = coder.code(bit, clamped);
    this.#signs[this.#signContext] = adaptBit(estimate, negative, bitLimit);
    return negative;
  }

  /** Its bit length through the tree, the two bits below the highest by contexts, the rest raw. */
  #magnitude(coder: BinaryCoder, size: number): number {
    const depth = this.#depth;
    const length = 31 - Math.clz32(size);
    let node = 1;
    for (let level = depth - 1; level >= 0; level--) {
      const upper = ((2 * node + 1) << level) - (1 << depth);
      const bit =
        upper >= this.#lengths
          ? 0
          : this.#decide(coder, treeNode + node, (length >> level) & 1, node);
      node = 2 * node + bit;
    }
    const e = node - (1 << depth);
    if (e === 0) return 1;
    const at = mantissaNode + 3 * (e - 1);
    const high = this.#decide(coder, at, (size >> (e - 1)) & 1, 17);
    let read = 2 + high;
    if (e === 1) return read;
    read = 2 * read + this.#decide(coder, at + 1 + high, (size >> (e - 2)) & 1, 18);
    for (let left = e - 3; left >= 0; left--)
      read = 2 * read + coder.code((size >> left) & 1, evenChance);
    return read;
  }

  /** Codes one decision with the weights of set `set`, mixed as mixing.ts does it, and learns it. */
  #decide(coder: BinaryCoder, node: number, bit: number, set: number): number {
    const e = this.#estimates;
    const w = this.#weights;
    const o = set * inputs;
    const c0 = this.#bases[0] + node;
    const c1 = this.#bases[1] + node;
    const c2 = this.#bases[2] + node;
    const c3 = this.#bases[3] + node;
    const s0 = stretchTable[e[c0] >> 19];
    const s1 = stretchTable[e[c1] >> 19];
    const s2 = stretchTable[e[c2] >> 19];
    const s3 = stretchTable[e[c3] >> 19];
    const sum =
      Math.imul(w[o], s0) +
      Math.imul(w[o + 1], s1) +
      Math.imul(w[o + 2], s2) +
      Math.imul(w[o + 3], s3);
    const x = Math.min(Math.max((sum | 0) >> 14, -stretchLimit), stretchLimit);
    const p = mixedProbability[x + 2048];

    const coded = coder.code(bit, p);
    const error = (coded << 16) - p;
    w[o] = learn(w[o], error, s0, learningRate);
    w[o + 1] = learn(w[o + 1], error, s1, learningRate);
    w[o + 2] = learn(w[o + 2], error, s2, learningRate);
    w[o + 3] = learn(w[o + 3], error, s3, learningRate);
    e[c0] = adaptBit(e[c0], coded, bitLimit);
    e[c1] = adaptBit(e[c1], coded, bitLimit);
    e[c2] = adaptBit(e[c2], coded, bitLimit);
    e[c3] = adaptBit(e[c3], coded, bitLimit);
    return coded;
  }

  /** Finds the contexts of the level at hand. */
  #look(): void {
    const seen = this.#seen;
    const at = this.#at;
    const before = seen[at - 1];
    const up = seen[at - this.#columns];
    const beside = seen[at - (this.#kernel === 1 ? 2 : this.#kernel)];
    const all = this.#sixteenths(this.#all);
    const row = this.#sixteenths(this.#row);
    const kept = this.#byColumn[this.#column];
    const column = kept < 0 ? all : this.#sixteenths(kept);
    const mean = Math.trunc((all + row + column) / 3);
    this.#signContext = 9 * signOf(before) + 3 * signOf(beside) + signOf(up);
    const near = 4 * (2 * Math.abs(before) + Math.abs(up) + Math.abs(beside));
    const bases = this.#bases;
    bases[0] = classOf(row) * nodes;
    bases[1] = family + classOf(column) * nodes;
    bases[2] = 2 * family + classOf(Math.trunc((near + 2 * mean) / 3)) * nodes;
    bases[3] = (3 + this.#place) * family + classOf((row + column) >> 1) * nodes;
  }

  #learn(level: number): void {
    const value = Math.abs(level) << this.#lift;
    const column = this.#column;
    const kept = this.#byColumn[column];
    this.#byColumn[column] = adaptMean(
      kept < 0 ? this.#estimateOf(this.#all >> countBits) : kept,
      value,
      columnLimit,
    );
    this.#row = adaptMean(this.#row, value, rowLimit);
    this.#all = adaptMean(this.#all, value, allLimit);
    this.#seen[this.#at++] = level;
    if (++this.#place === this.#kernel) this.#place = 0;
    if (++this.#column === this.#columns) {
      this.#column = 0;
      this.#place = 0;
      this.#row = this.#estimateOf(this.#all >> countBits);
    }
  }

  #sixteenths(estimate: number): number {
    return estimate >> (countBits + this.#lift - 4);
  }

  #estimateOf(mean: number): number {
    return (mean << countBits) | start;
  }
}

/** 0, 1 or 2 for a level of 0, above and below it. */
function signOf(level: number): number {
  return level === 0 ? 0 : level > 0 ? 1 : 2;
}
