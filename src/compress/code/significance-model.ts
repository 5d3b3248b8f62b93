/**
 * How likely the next weight is a survivor: seven predictions, mixed. Pruned networks show structure
 * in dead rows and columns (units nothing needs) and in neighbouring kernel positions, so the contexts
 * are the density of the row and of the column so far, the place in the kernel, and six neighbours.
 * docs/dcz-coding.md, section 4.5.
 */
import { adaptBit, evenOdds } from './adaptive.ts';
import type { BinaryCoder } from './binary-coder.ts';
import { stretchTable } from './logistic.ts';
import { Mixer } from './mixing.ts';

const bitLimit = 500;
const densityLimit = 250;

/** How many columns and kernel places are told apart in a tensor. */
export function contextsOf(
  rowLength: number,
  kernelLength: number,
): { readonly columns: number; readonly kernel: number } {
  return {
    columns: Math.min(rowLength, 1 << 20),
    kernel: kernelLength <= 64 && rowLength <= 1 << 20 ? kernelLength : 1,
  };
}

export class SignificanceModel {
  /** Column and kernel place of the weight at hand. */
  column: number;
  place: number;
  /** As `contextsOf` counts them. */
  readonly columns: number;
  readonly kernel: number;

  readonly #mixer: Mixer;
  /** Survivor or not, of the weights so far; what lies before the block is pruned. */
  readonly #seen: Uint8Array;
  #at: number;
  #rowDensity = evenOdds;
  // where in the mixer's estimates each family of contexts begins
  readonly #byColumn: number;
  readonly #byRow: number;
  readonly #byNear: number;
  readonly #byBoth: number;
  readonly #byMixed: number;
  readonly #densities: number;

  /** For `n` weights that begin at flat index `start` of a tensor. */
  constructor(rowLength: number, kernelLength: number, start: number, n: number) {
    ({ columns: this.columns, kernel: this.kernel } = contextsOf(rowLength, kernelLength));
    this.column = start % this.columns;
    this.place = this.column % this.kernel;
    this.#at = Math.max(2 * this.columns, 2 * this.kernel, 4);
    this.#seen = new Uint8Array(this.#at + n);
    const k = this.kernel;
    this.#byColumn = k;
    this.#byRow = this.#byColumn + 32 * k;
    this.#byNear = this.#byRow + 32 * k;
    this.#byBoth = this.#byNear + 64 * k;
    this.#byMixed = this.#byBoth + 256;
    this.#densities = this.#byMixed + 1024;
    this.#mixer = new Mixer({
      estimates: this.#densities + this.columns,
      sets: 1,
      initialWeight: 3200,
      learningRate: 18,
      limit: bitLimit,
      lastLimit: densityLimit,
    });
  }

  /** Codes whether the weight at hand is a survivor (1) or pruned (0), and learns it. */
  code(coder: BinaryCoder, survives: number): number {
    const { column, place, columns, kernel } = this;
    const { contexts, estimates } = this.#mixer;
    const seen = this.#seen;
    const at = this.#at;
    const near =
      seen[at - 1] |
      (seen[at - (kernel === 1 ? 3 : kernel)] << 1) |
      (seen[at - columns] << 2) |
      (seen[at - 2 * columns] << 3) |
      (seen[at - 2] << 4) |
      (seen[at - (kernel === 1 ? 4 : 2 * kernel)] << 5);
    const density = estimates[this.#densities + column];
    const across = this.#rowDensity;
    const columnClass = (stretchTable[density >> 19] + 2048) >> 7;
    const rowClass = (stretchTable[across >> 19] + 2048) >> 7;
    contexts[0] = place;
    contexts[1] = this.#byColumn + place * 32 + columnClass;
    contexts[2] = this.#byRow + place * 32 + rowClass;
    contexts[3] = this.#byNear + place * 64 + near;
    contexts[4] = this.#byBoth + (density >> 27) * 16 + (across >> 27);
    contexts[5] = this.#byMixed + (columnClass >> 1) * 64 + near;
    contexts[6] = this.#densities + column;
    const bit = this.#mixer.code(coder, survives, 0);
    this.#rowDensity = adaptBit(across, bit, densityLimit);
    seen[at] = bit;
    return bit;
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
