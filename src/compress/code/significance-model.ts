/**
 * How likely the next weight is a survivor: seven predictions, mixed. Pruned networks show structure
 * in dead rows and columns (units nothing needs) and in neighbouring kernel positions, so the contexts
 * are the density of the row and of the column so far, the place in the kernel, and six neighbours.
 * docs/dcz-coding.md, section 4.5.
 */
import { adaptBit, evenOdds } from './adaptive.ts';
import { stretchTable } from './logistic.ts';
import { learn, squashSum } from './mixing.ts';

const inputs = 7;
const initialWeight = 3200;
const learningRate = 18;
const bitLimit = 500;
const densityLimit = 250;

export class SignificanceModel {
  /** Column and kernel place of the weight at hand. */
  column: number;
  place: number;
  /** True while the weight at hand is the first of its row. */
  readonly columns: number;
  readonly kernel: number;

  readonly #seen: Uint8Array;
  #at: number;
  readonly #density: Int32Array;
  #rowDensity = evenOdds;

  readonly #estimates: Int32Array;
  readonly #weights = new Int32Array(inputs).fill(initialWeight);
  readonly #byColumn: number;
  readonly #byRow: number;
  readonly #byNear: number;
  readonly #byBoth: number;
  readonly #byMixed: number;
  #x1 = 0;
  #x2 = 0;
  #x3 = 0;
  #x4 = 0;
  #x5 = 0;
  #s0 = 0;
  #s1 = 0;
  #s2 = 0;
  #s3 = 0;
  #s4 = 0;
  #s5 = 0;
  #s6 = 0;
  #p = 0;

  /** For `n` weights that begin at flat index `start` of a tensor. */
  constructor(rowLength: number, kernelLength: number, start: number, n: number) {
    this.columns = Math.min(rowLength, 1 << 20);
    this.kernel = kernelLength <= 64 && rowLength <= 1 << 20 ? kernelLength : 1;
    this.column = start % this.columns;
    this.place = this.column % this.kernel;
    this.#at = Math.max(2 * this.columns, 2 * this.kernel, 4);
    this.#seen = new Uint8Array(this.#at + n);
    this.#density = new Int32Array(this.columns).fill(evenOdds);
    const k = this.kernel;
    this.#byColumn = k;
    this.#byRow = 33 * k;
    this.#byNear = 65 * k;
    this.#byBoth = 129 * k;
    this.#byMixed = 129 * k + 256;
    this.#estimates = new Int32Array(129 * k + 256 + 1024).fill(evenOdds);
  }

  /** Probability (16 bits) that the weight at hand is a survivor. */
  predict(): number {
    const { column, place } = this;
    const seen = this.#seen;
    const at = this.#at;
    const e = this.#estimates;
    const w = this.#weights;
    const k = this.kernel;
    const density = this.#density[column];
    const across = this.#rowDensity;
    const near =
      seen[at - 1] |
      (seen[at - (k === 1 ? 3 : k)] << 1) |
      (seen[at - this.columns] << 2) |
      (seen[at - 2 * this.columns] << 3) |
      (seen[at - 2] << 4) |
      (seen[at - (k === 1 ? 4 : 2 * k)] << 5);
    const s6 = stretchTable[density >> 19];
    const columnClass = (s6 + 2048) >> 7;
    const rowClass = (stretchTable[across >> 19] + 2048) >> 7;
    const x1 = this.#byColumn + place * 32 + columnClass;
    const x2 = this.#byRow + place * 32 + rowClass;
    const x3 = this.#byNear + place * 64 + near;
    const x4 = this.#byBoth + (density >> 27) * 16 + (across >> 27);
    const x5 = this.#byMixed + (columnClass >> 1) * 64 + near;
    const s0 = stretchTable[e[place] >> 19];
    const s1 = stretchTable[e[x1] >> 19];
    const s2 = stretchTable[e[x2] >> 19];
    const s3 = stretchTable[e[x3] >> 19];
    const s4 = stretchTable[e[x4] >> 19];
    const s5 = stretchTable[e[x5] >> 19];
    this.#x1 = x1;
    this.#x2 = x2;
    this.#x3 = x3;
    this.#x4 = x4;
    this.#x5 = x5;
    this.#s0 = s0;
    this.#s1 = s1;
    this.#s2 = s2;
    this.#s3 = s3;
    this.#s4 = s4;
    this.#s5 = s5;
    this.#s6 = s6;
    const sum =
      Math.imul(w[0], s0) +
      Math.imul(w[1], s1) +
      Math.imul(w[2], s2) +
      Math.imul(w[3], s3) +
      Math.imul(w[4], s4) +
      Math.imul(w[5], s5) +
      Math.imul(w[6], s6);
    const p = squashSum(sum | 0);
    this.#p = p;
    return p;
  }

  /** Learns whether the weight at hand is a survivor (1) or pruned (0). */
  update(bit: number): void {
    const { column, place } = this;
    const e = this.#estimates;
    const w = this.#weights;
    const error = (bit << 16) - this.#p;
    w[0] = learn(w[0], error, this.#s0, learningRate);
    w[1] = learn(w[1], error, this.#s1, learningRate);
    w[2] = learn(w[2], error, this.#s2, learningRate);
    w[3] = learn(w[3], error, this.#s3, learningRate);
    w[4] = learn(w[4], error, this.#s4, learningRate);
    w[5] = learn(w[5], error, this.#s5, learningRate);
    w[6] = learn(w[6], error, this.#s6, learningRate);
    e[place] = adaptBit(e[place], bit, bitLimit);
    e[this.#x1] = adaptBit(e[this.#x1], bit, bitLimit);
    e[this.#x2] = adaptBit(e[this.#x2], bit, bitLimit);
    e[this.#x3] = adaptBit(e[this.#x3], bit, bitLimit);
    e[this.#x4] = adaptBit(e[this.#x4], bit, bitLimit);
    e[this.#x5] = adaptBit(e[this.#x5], bit, bitLimit);
    this.#density[column] = adaptBit(this.#density[column], bit, densityLimit);
    this.#rowDensity = adaptBit(this.#rowDensity, bit, densityLimit);
    this.#seen[this.#at] = bit;
  }

  /** Goes on to the next weight; true when it begins a row. */
  advance(): boolean {
    this.#at++;
    if (++this.place === this.kernel) this.place = 0;
    if (++this.column < this.columns) return false;
    this.column = 0;
    this.place = 0;
    this.#rowDensity = evenOdds;
    return true;
  }
}
