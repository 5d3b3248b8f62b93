/**
 * Sums of what a layer's matrices multiply, gathered vector by vector: rows wait in a buffer of bounded
 * size until their products are taken together (gram.ts) and added up in float64. Rows with a value that is
 * not finite are left out and counted. Sets and blocks as `Moments` describes them (compress/moments.ts).
 */
import type { Moments } from '../compress/moments.ts';
import type { Session } from '../train/runtime.ts';

/** Products of a flush: large enough to be fast, small enough that a cancel need not wait for long. */
const flushProducts = 5e8;
const mostBufferBytes = 16 << 20;

export interface Shape {
  readonly columns: number;
  readonly sets: number;
  readonly block: number;
}

export class Accumulator {
  readonly shape: Shape;
  /** Rows left out because of a value that is not finite. */
  dropped = 0;
  readonly #blocks: number;
  readonly #second: Float64Array;
  readonly #mean: Float64Array;
  readonly #row: Float32Array;
  readonly #rows: Float32Array;
  readonly #mostRows: number;
  #waiting = 0;
  #count = 0;

  constructor(shape: Shape) {
    const { columns, sets, block } = (this.shape = shape);
    this.#blocks = Math.ceil(columns / block);
    this.#second = new Float64Array(sets * this.#blocks * block * block);
    this.#mean = new Float64Array(sets * columns);
    this.#row = new Float32Array(sets * columns);
    const width = sets * this.#blocks * block;
    const most = Math.min(flushProducts / (width * block), mostBufferBytes / (4 * width), 4096);
    this.#mostRows = Math.max(1, Math.floor(most));
    this.#rows = new Float32Array(block === 1 ? 0 : this.#mostRows * width);
  }

  /** Where the next vector goes, sets x columns; then call `take`. */
  get row(): Float32Array {
    return this.#row;
  }

  /** Takes what is in `row`. True when `flush` must come before the next. */
  take(): boolean {
    const row = this.#row;
    const { columns, sets, block } = this.shape;
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i] - row[i]; // NaN as soon as one is not finite
    if (sum !== 0) {
      this.dropped++;
      return false;
    }
    this.#count++;
    const mean = this.#mean;
    for (let i = 0; i < row.length; i++) mean[i] += row[i];
    if (block === 1) {
      const second = this.#second;
      for (let i = 0; i < row.length; i++) second[i] += row[i] * row[i];
      return false;
    }
    const pitch = this.#blocks * block;
    const at = this.#waiting++ * sets * pitch;
    if (pitch === columns) this.#rows.set(row, at);
    else
      for (let s = 0; s < sets; s++)
        this.#rows.set(row.subarray(s * columns, (s + 1) * columns), at + s * pitch);
    return this.#waiting === this.#mostRows;
  }

  /** Adds the products of the rows that wait. @param gram a session of `gramModel` */
  async flush(gram: Session): Promise<void> {
    if (this.#waiting === 0) return;
    const { sets, block } = this.shape;
    const blocks = sets * this.#blocks;
    const data = this.#rows.subarray(0, this.#waiting * blocks * block);
    this.#waiting = 0;
    const x = { type: 'float32', dims: [data.length / (blocks * block), blocks, block], data };
    const products = (await gram.run({ x }))['products']!.data as Float64Array;
    const second = this.#second;
    for (let i = 0; i < second.length; i++) second[i] += products[i];
  }

  /** Takes a vector that is 1 at one place and 0 elsewhere, with the diagonal alone. */
  takeUnit(column: number): void {
    this.#count++;
    this.#mean[column]++;
    this.#second[column]++;
  }

  /** After the last flush, and once; undefined where no vector was seen. */
  moments(): Omit<Moments, 'setOf'> | undefined {
    const count = this.#count;
    if (count === 0) return undefined;
    const second = this.#second;
    const mean = this.#mean;
    for (let i = 0; i < second.length; i++) second[i] /= count;
    for (let i = 0; i < mean.length; i++) mean[i] /= count;
    return { ...this.shape, second, mean, count: new Float64Array(this.shape.sets).fill(count) };
  }
}
