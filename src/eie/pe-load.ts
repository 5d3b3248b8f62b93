/**
 * How evenly a layer lies on the processing elements of EIE: its stored entries, filler zeros
 * included, counted for each PE as the encoder counts them (row i on PE i mod N, a filler
 * for every 2^z rows of a longer gap; EIE, sections III-B and III-C), without making the encoding.
 * One pass over the values in the file's order. Limits: `widest` columns, `tallest` rows.
 */
import { defaultMachine } from './machine.ts';
import type { Meter } from '../measure/meter.ts';
import type { Geometry, Tensor } from '../model/model.ts';

/** The machine of the paper: N PEs, z bits for a gap. */
const { pes, indexBits } = defaultMachine;

/** Columns of one matrix, for which 2 * N bytes are kept each. */
const widest = 2 ** 19;
/** Rows of one matrix: a PE counts its own in 16 bits. */
const tallest = 65535 * pes;

export class PeLoad implements Meter {
  readonly #rows: number;
  readonly #cols: number;
  readonly #transposed: boolean;
  /** The local row after the last entry: of each PE in each column, or of each PE in this column. */
  readonly #next: Uint16Array;
  readonly #entries = new Float64Array(pes);
  /** Of the matrix at hand; the flat order runs along rows, or along columns when transposed. */
  #row = 0;
  #col = 0;
  #total = 0;
  #most = 0;

  /** Undefined for what is no matrix, or beyond the limits. */
  static of(geometry: Geometry | undefined, weights: number): PeLoad | undefined {
    if (geometry === undefined) return undefined;
    const { kind, rows, cols, matrices, transposed, gates } = geometry;
    const stack = kind === 'recurrent' && !transposed ? (gates?.length ?? 1) : 1;
    const fits = weights > 0 && rows * cols * matrices === weights && matrices % stack === 0;
    if (!fits || rows * stack > tallest || (!transposed && cols > widest)) return undefined;
    return new PeLoad(rows * stack, cols, transposed);
  }

  private constructor(rows: number, cols: number, transposed: boolean) {
    this.#rows = rows;
    this.#cols = cols;
    this.#transposed = transposed;
    this.#next = new Uint16Array(transposed ? pes : pes * cols);
  }

  add(values: Float32Array | Float64Array | Uint8Array | Uint16Array): void {
    for (let at = 0; at < values.length;) {
      const left = this.#transposed ? this.#rows - this.#row : this.#cols - this.#col;
      const end = Math.min(values.length, at + left);
      if (this.#transposed) this.#alongColumn(values, at, end);
      else this.#alongRow(values, at, end);
      at = end;
    }
  }

  /**
   * Mean over most entries of a PE, 0..1; of several matrices (groups, directions), which run one
   * after another, the sums of both. Null where nothing is stored.
   */
  result(): number | null {
    return this.#most > 0 ? this.#total / pes / this.#most : null;
  }

  #alongRow(values: ArrayLike<number>, from: number, to: number): void {
    const next = this.#next;
    const pe = this.#row % pes;
    const local = Math.floor(this.#row / pes);
    const base = pe * this.#cols + this.#col - from;
    let entries = 0;
    for (let i = from; i < to; i++) {
      if (values[i] === 0) continue;
      entries += 1 + ((local - next[base + i]) >> indexBits);
      next[base + i] = local + 1;
    }
    this.#entries[pe] += entries;
    this.#col += to - from;
    if (this.#col < this.#cols) return;
    this.#col = 0;
    if (++this.#row === this.#rows) this.#matrixDone();
  }

  #alongColumn(values: ArrayLike<number>, from: number, to: number): void {
    const next = this.#next;
    let row = this.#row;
    for (let i = from; i < to; i++, row++) {
      if (values[i] === 0) continue;
      const pe = row % pes;
      const local = Math.floor(row / pes);
      this.#entries[pe] += 1 + ((local - next[pe]) >> indexBits);
      next[pe] = local + 1;
    }
    this.#row = row;
    if (row < this.#rows) return;
    this.#row = 0;
    next.fill(0);
    if (++this.#col === this.#cols) this.#matrixDone();
  }

  #matrixDone(): void {
    let most = 0;
    for (let pe = 0; pe < pes; pe++) {
      this.#total += this.#entries[pe];
      if (this.#entries[pe] > most) most = this.#entries[pe];
    }
    this.#most += most;
    this.#entries.fill(0);
    this.#next.fill(0);
    this.#row = 0;
    this.#col = 0;
  }
}

/** Undefined for what is no matrix of weights to EIE, or too large to count. */
export function peLoadOf({ role, geometry, parameters, sparse }: Tensor): PeLoad | undefined {
  return role === 'weight' && !sparse ? PeLoad.of(geometry, parameters) : undefined;
}
