/** Slow and obviously right: a layout as a whole matrix in memory, and what pictures show of it. */
import { flatIndex, type Layout } from '../../../src/view/layout.ts';
import type { Tile } from '../../../src/view/types.ts';

export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  at(row: number, col: number): number;
}

/** Every weight where the layout puts it. */
export function matrixOf(layout: Layout, values: ArrayLike<number>): Matrix {
  const { rows, cols } = layout;
  return { rows, cols, at: (r, c) => values[flatIndex(layout, r, c)] };
}

/** A line of it. */
export const rowOf = (m: Matrix, r: number): number[] =>
  Array.from({ length: m.cols }, (_, c) => m.at(r, c));
export const colOf = (m: Matrix, c: number): number[] =>
  Array.from({ length: m.rows }, (_, r) => m.at(r, c));

export interface BlockFacts {
  readonly weights: number;
  readonly nonzeros: number;
  readonly mean: number;
  readonly max: number;
}

/** Block (row, col) of a level, weight by weight. */
export function blockFacts(m: Matrix, level: number, row: number, col: number): BlockFacts {
  const size = 2 ** level;
  let weights = 0;
  let nonzeros = 0;
  let sum = 0;
  let max = 0;
  for (let r = row * size; r < Math.min(m.rows, (row + 1) * size); r++)
    for (let c = col * size; c < Math.min(m.cols, (col + 1) * size); c++) {
      const v = m.at(r, c);
      weights++;
      if (v !== 0) nonzeros++;
      if (Number.isFinite(v)) sum += Math.abs(v);
      max = Number.isFinite(v) ? Math.max(max, Math.abs(v)) : Infinity;
    }
  return { weights, nonzeros, mean: sum / weights, max };
}

/** What a tile says about one of its blocks. */
export function tileFacts(tile: Tile, row: number, col: number): Omit<BlockFacts, 'weights'> {
  const at = (row - tile.y * tile.size) * tile.width + col - tile.x * tile.size;
  return {
    nonzeros: tile.nonzeros?.[at] ?? NaN,
    mean: tile.mean?.[at] ?? NaN,
    max: tile.max?.[at] ?? NaN,
  };
}
