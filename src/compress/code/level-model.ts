/**
 * How large the level at hand may be: seven predictions for each of its decisions, by the mean magnitude
 * of all levels, of the row, of the column and of neighbours, mixed. Trained layers have strong and weak
 * inputs and kernel places, which scales of output channels do not take away. The sign goes by those of
 * three neighbours: it is as good as random but in filters that are smooth. docs/dcz-coding.md, section 5.
 */
import { adaptBit, adaptMean, countBits, evenOdds } from './adaptive.ts';
import type { BinaryCoder } from './binary-coder.ts';
import {
  classes,
  classOf,
  levelPrior,
  mantissaNode,
  nodes,
  treeNode,
  zeroNode,
} from './level-prior.ts';
import { Mixer } from './mixing.ts';

const rowLimit = 24;
const columnLimit = 30;
const allLimit = 500;
const start = 2;
const signLimit = 255;
const evenChance = 32768;
const leastChance = 1024;
const family = classes * nodes;

export class LevelModel {
  readonly #mixer: Mixer;
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
  readonly #bases = new Int32Array(7);
  #at: number;
  #column: number;
  #place: number;
  #all: number;
  #row: number;

  /** For `n` levels from -largest to largest that begin at flat index `first` of a tensor. */
  constructor(largest: number, rowLength: number, kernelLength: number, first: number, n: number) {
    this.#lengths = 32 - Math.clz32(largest);
    this.#depth = largest < 2 ? 0 : 32 - Math.clz32(this.#lengths - 1);
    this.#lift = 22 - this.#lengths;
    this.#columns = Math.min(rowLength, 1 << 20);
    this.#kernel = kernelLength <= 64 && rowLength <= 1 << 20 ? kernelLength : 1;
    this.#column = first % this.#columns;
    this.#place = this.#column % this.#kernel;
    this.#at = Math.max(this.#columns, this.#kernel, 2);
    this.#seen = new Int16Array(this.#at + n).fill(largest >> 2, 0, this.#at);
    this.#byColumn = new Int32Array(this.#columns).fill(-1);
    this.#all = this.#estimateOf((largest << this.#lift) >> 2);
    this.#row = this.#all;
    this.#mixer = new Mixer({
      estimates: 7 * family,
      sets: 1 + 16 + 2,
      initialWeight: 2900,
      learningRate: 18,
      limit: 255,
      lastLimit: 255,
    });
    const prior = levelPrior(this.#depth);
    const { estimates } = this.#mixer;
    for (let f = 0; f < 6; f++) estimates.set(prior, f * family);
    const whole = classOf(this.#sixteenths(this.#all));
    const fresh = prior.subarray(whole * nodes, (whole + 1) * nodes);
    for (let place = 0; place < 64; place++) estimates.set(fresh, 6 * family + place * nodes);
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
    this.#signs[this.#signContext] = adaptBit(estimate, negative, signLimit);
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

  #decide(coder: BinaryCoder, node: number, bit: number, set: number): number {
    const { contexts } = this.#mixer;
    const bases = this.#bases;
    contexts[0] = bases[0] + node;
    contexts[1] = bases[1] + node;
    contexts[2] = bases[2] + node;
    contexts[3] = bases[3] + node;
    contexts[4] = bases[4] + node;
    contexts[5] = bases[5] + node;
    contexts[6] = bases[6] + node;
    return this.#mixer.code(coder, bit, set);
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
    bases[0] = classOf(all) * nodes;
    bases[1] = family + classOf(mean) * nodes;
    bases[2] = 2 * family + classOf(row) * nodes;
    bases[3] = 3 * family + classOf(column) * nodes;
    bases[4] = 4 * family + classOf(Math.trunc((near + 2 * mean) / 3)) * nodes;
    bases[5] = 5 * family + classOf(Math.trunc((row + column) / 2)) * nodes;
    bases[6] = 6 * family + this.#place * nodes;
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
