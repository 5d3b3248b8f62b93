/**
 * Uniform levels instead of shared values: the value of a weight is its level, an integer, times the
 * scale of its channel (and of its column, where there are column scales), rounded once to the
 * tensor's dtype. Scales are 16-bit integers times powers of two, so that the product of two scales and
 * a level is exact in a double: every platform restores the same bits. docs/dcz-coding.md, section 6.
 */
import type { CodedDType } from '../../model/dtype.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../model/half.ts';
import type { Tensor } from '../../model/model.ts';
import { scaleOf } from './scales.ts';

/** The largest magnitude of a level: levels and their codes fit 16 bits. */
export const mostLevels = 32767;

/**
 * The matrices a tensor holds one after another, as `Geometry` has them: rows are outputs, each a
 * channel with a scale of its own. A tensor is a whole number of matrices.
 */
export interface GridLayout {
  readonly rows: number;
  readonly cols: number;
  /** True when a matrix is stored inputs x outputs. */
  readonly transposed: boolean;
}

export interface Grid extends GridLayout {
  /** Matrices x rows: the scale of every channel, as `scaleOf` takes it. */
  readonly scales: Int32Array;
  /** Matrices x cols: scales of the columns; absent when all are 1. */
  readonly columnScales?: Int32Array;
}

/** Levels that were decided weight by weight, and what they are multiplied by. */
export interface AssignedGrid {
  readonly grid: Grid;
  /** One for every weight in the order of the tensor, each at most 32767 away from 0. */
  readonly levels: Int16Array;
}

/** The channels of `tensor`: those of its geometry, else of its first axis, else all one. */
export function layoutOf(tensor: Pick<Tensor, 'geometry' | 'shape' | 'parameters'>): GridLayout {
  const { geometry, shape, parameters } = tensor;
  if (geometry !== undefined && geometry.rows * geometry.cols * geometry.matrices === parameters) {
    const { rows, cols, transposed } = geometry;
    return { rows, cols, transposed };
  }
  const rows = shape.length > 1 && parameters % shape[0] === 0 ? shape[0] : 1;
  return { rows, cols: parameters / rows, transposed: false };
}

/** Channels of a tensor of `weights` in this layout. */
export function channelsOf({ cols }: GridLayout, weights: number): number {
  return weights / cols;
}

/** The levels as a codebook: code 0 is level 0, then come -largest .. -1 and 1 .. largest. */
export function levelCodebook(largest: number): Float64Array {
  return Float64Array.from({ length: 2 * largest + 1 }, (_, c) => levelOf(c, largest));
}

export function levelOf(code: number, largest: number): number {
  return code === 0 ? 0 : code > largest ? code - largest : code - largest - 1;
}

export function codeOf(level: number, largest: number): number {
  return level === 0 ? 0 : level > 0 ? level + largest : level + largest + 1;
}

/** The largest magnitude that the codes of a codebook of levels stand for. */
export function largestOf(codebook: Float64Array): number {
  return (codebook.length - 1) / 2;
}

/** Walks through a grid's scales in the order of the weights. */
export class GridWalk {
  /** Scale of the weight at hand: of its channel times that of its column. */
  scale = 0;
  /** Number of its channel. */
  channel = 0;
  readonly #grid: Grid;
  readonly #rowScales: Float64Array;
  readonly #columnScales: Float64Array | undefined;
  readonly #matrix: number;
  #row = 0;
  #col = 0;
  #first = 0;
  #firstColumn = 0;

  constructor(grid: Grid) {
    this.#grid = grid;
    this.#rowScales = Float64Array.from(grid.scales, scaleOf);
    this.#columnScales = grid.columnScales && Float64Array.from(grid.columnScales, scaleOf);
    this.#matrix = grid.rows * grid.cols;
  }

  /** Goes to the weight at flat index `index`. */
  seek(index: number): void {
    const { rows, cols, transposed } = this.#grid;
    const matrix = Math.floor(index / this.#matrix);
    const inside = index - matrix * this.#matrix;
    this.#first = matrix * rows;
    this.#firstColumn = matrix * cols;
    this.#row = transposed ? inside % rows : Math.floor(inside / cols);
    this.#col = transposed ? Math.floor(inside / rows) : inside % cols;
    this.#settle();
  }

  /** Goes on to the next weight. */
  next(): void {
    const { rows, cols, transposed } = this.#grid;
    if (transposed) {
      if (++this.#row === rows) {
        this.#row = 0;
        if (++this.#col === cols) this.#nextMatrix();
      }
    } else if (++this.#col === cols) {
      this.#col = 0;
      if (++this.#row === rows) this.#nextMatrix();
    } else if (this.#columnScales === undefined) return;
    this.#settle();
  }

  #nextMatrix(): void {
    this.#row = 0;
    this.#col = 0;
    this.#first += this.#grid.rows;
    this.#firstColumn += this.#grid.cols;
  }

  #settle(): void {
    this.channel = this.#first + this.#row;
    const columns = this.#columnScales;
    this.scale =
      this.#rowScales[this.channel] *
      (columns === undefined ? 1 : columns[this.#firstColumn + this.#col]);
  }
}

/** Fills `codes[0 .. n)` with the nearest level of each value, which lie at flat index `start`. */
export function nearestLevels(
  grid: Grid,
  largest: number,
  values: Float32Array | Float64Array,
  n: number,
  start: number,
  codes: Uint16Array,
): void {
  const walk = new GridWalk(grid);
  walk.seek(start);
  for (let i = 0; i < n; i++) {
    let level = Math.round(values[i] / walk.scale);
    if (level > largest) level = largest;
    else if (level < -largest) level = -largest;
    codes[i] = codeOf(level, largest);
    walk.next();
  }
}

/** Fills `values[0 .. n)` with what the codes from flat index `start` on restore to in `dtype`. */
export function levelValues(
  grid: Grid,
  dtype: CodedDType,
  codebook: Float64Array,
  codes: Uint16Array | Uint8Array,
  n: number,
  start: number,
  values: Float64Array | Float32Array,
): void {
  const walk = new GridWalk(grid);
  walk.seek(start);
  const half = dtype === 'float16' || dtype === 'bfloat16';
  const wide = dtype === 'float64';
  for (let i = 0; i < n; i++) {
    const product = walk.scale * codebook[codes[i]];
    if (!half) values[i] = wide ? product : Math.fround(product);
    else
      values[i] =
        dtype === 'float16' ? fromFloat16(toFloat16(product)) : fromBfloat16(toBfloat16(product));
    walk.next();
  }
}
