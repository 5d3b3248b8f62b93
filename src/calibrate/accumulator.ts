/**
 * Sums of what a layer's matrices multiply, gathered vector by vector: rows wait in a buffer of bounded
 * size until their products are taken together (gram.ts) and added up in float64. Wide blocks of H are
 * computed in tiles of `mostTile` columns, of which those below the diagonal are not computed but mirrored.
 * Rows with a value that is not finite are left out and counted. Sets and blocks as `Moments` describes
 * them (compress/moments.ts).
 */
import type { Moments } from '../compress/moments.ts';
import type { Session } from '../train/runtime.ts';

const mostTile = 512;
const mostRows = 1024;
const mostBufferBytes = 4 << 20;

export interface Shape {
  readonly columns: number;
  readonly sets: number;
  readonly block: number;
}

export class Accumulator {
  readonly shape: Shape;
  /** Where the next vector goes, sets x columns; then call `take`. */
  readonly row: Float32Array;
  /** Rows left out because of a value that is not finite. */
  dropped = 0;
  readonly #blocks: number;
  /** Tiles along a block's side, and columns of one. */
  readonly #tiles: number;
  readonly #tile: number;
  readonly #second: Float64Array;
  readonly #mean: Float64Array;
  /** Piece by piece, row by row: one piece a tile, or one for all blocks where these are not divided. */
  readonly #rows: Float32Array;
  readonly #pieces: number;
  readonly #room: number;
  #waiting = 0;
  #count = 0;

  constructor(shape: Shape) {
    const { columns, sets, block } = (this.shape = shape);
    this.row = new Float32Array(sets * columns);
    this.#blocks = sets * Math.ceil(columns / block);
    this.#tiles = Math.ceil(block / mostTile);
    this.#tile = Math.ceil(block / this.#tiles);
    this.#pieces = this.#tiles === 1 ? 1 : this.#blocks * this.#tiles;
    this.#second = new Float64Array(this.#blocks * block * block);
    this.#mean = new Float64Array(sets * columns);
    const width = this.#blocks * this.#tiles * this.#tile;
    const room = Math.min(mostRows, Math.floor(mostBufferBytes / (4 * width)));
    this.#room = Math.max(1, room);
    this.#rows = new Float32Array(block === 1 ? 0 : this.#room * width);
  }

  /** Takes what is in `row`. True when `flush` must come before the next. */
  take(): boolean {
    const { row } = this;
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i] - row[i]; // NaN as soon as one is not finite
    if (sum !== 0) {
      this.dropped++;
      return false;
    }
    this.#count++;
    const mean = this.#mean;
    for (let i = 0; i < row.length; i++) mean[i] += row[i];
    if (this.shape.block === 1) {
      const second = this.#second;
      for (let i = 0; i < row.length; i++) second[i] += row[i] * row[i];
      return false;
    }
    this.#store(row);
    return ++this.#waiting === this.#room;
  }

  /** Takes a vector that is 1 at one place and 0 elsewhere; where H is a diagonal. */
  takeUnit(column: number): void {
    this.#count++;
    this.#mean[column]++;
    this.#second[column]++;
  }

  #store(row: Float32Array): void {
    const { columns, sets, block } = this.shape;
    const perSet = this.#blocks / sets;
    const tile = this.#tile;
    const step = this.#pieces === 1 ? this.#blocks * block : tile;
    for (let b = 0; b < this.#blocks; b++) {
      const from = Math.floor(b / perSet) * columns + (b % perSet) * block;
      const end = Math.min(from + block, (Math.floor(b / perSet) + 1) * columns);
      for (let t = 0, at = from; at < end; t++, at += tile) {
        const piece = this.#pieces === 1 ? 0 : b * this.#tiles + t;
        const goal =
          (piece * this.#room + this.#waiting) * step + (this.#pieces === 1 ? b * block : 0);
        this.#rows.set(row.subarray(at, Math.min(at + tile, end)), goal);
      }
    }
  }

  /**
   * Adds the products of the rows that wait.
   * @param gram a session of `gramModel`
   * @param turn called between products
   */
  async flush(gram: Session, turn: () => Promise<void>): Promise<void> {
    const waiting = this.#waiting;
    if (waiting === 0) return;
    this.#waiting = 0;
    if (this.#pieces === 1) {
      const { block } = this.shape;
      const x = this.#piece(0, waiting, this.#blocks, block);
      const products = (await gram.run({ left: x, right: x }))['products']!.data;
      const second = this.#second;
      for (let i = 0; i < second.length; i++) second[i] += products[i] as number;
      return turn();
    }
    const tiles = this.#tiles;
    for (let b = 0; b < this.#blocks; b++)
      for (let i = 0; i < tiles; i++) {
        const left = this.#piece(b * tiles + i, waiting, 1, this.#tile);
        for (let j = i; j < tiles; j++) {
          const right = this.#piece(b * tiles + j, waiting, 1, this.#tile);
          const products = (await gram.run({ left, right }))['products']!.data;
          this.#add(b, i, j, products as Float64Array);
          await turn();
        }
      }
  }

  #piece(piece: number, rows: number, blocks: number, block: number) {
    const from = piece * this.#room * blocks * block;
    const data = this.#rows.subarray(from, from + rows * blocks * block);
    return { type: 'float32', dims: [rows, blocks, block], data };
  }

  /** Adds tile (i, j) of block b; tiles at the edges reach beyond it with zeros. */
  #add(b: number, i: number, j: number, products: Float64Array): void {
    const { block } = this.shape;
    const tile = this.#tile;
    const rows = Math.min(tile, block - i * tile);
    const columns = Math.min(tile, block - j * tile);
    for (let r = 0; r < rows; r++) {
      const goal = (b * block + i * tile + r) * block + j * tile;
      for (let c = 0; c < columns; c++) this.#second[goal + c] += products[r * tile + c];
    }
  }

  /** After the last flush, and once; undefined where no vector was seen. */
  moments(): Omit<Moments, 'setOf'> | undefined {
    const count = this.#count;
    if (count === 0) return undefined;
    const { block, sets } = this.shape;
    const second = this.#second;
    const mean = this.#mean;
    for (let i = 0; i < second.length; i++) second[i] /= count;
    for (let i = 0; i < mean.length; i++) mean[i] /= count;
    if (this.#pieces > 1)
      for (let b = 0; b < this.#blocks; b++)
        for (let r = 1; r < block; r++)
          for (let c = 0; c < r; c++)
            second[(b * block + r) * block + c] = second[(b * block + c) * block + r];
    return { ...this.shape, second, mean, count: new Float64Array(sets).fill(count) };
  }
}
