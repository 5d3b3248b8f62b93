/**
 * A rectangle of a matrix in square blocks of 2^level weights: how many of each are not zero, the sum
 * of their magnitudes, and the largest. Blocks of one level are made of four of the level below, so
 * that what a picture shows at any zoom is what is counted there. Limit: 2^32 weights a layer.
 */
import type { Numbers } from '../measure/statistics.ts';

export interface Grid {
  readonly level: number;
  /** In blocks. */
  readonly rows: number;
  readonly cols: number;
  readonly nonzeros: Uint32Array;
  /** Of finite magnitudes. */
  readonly sum: Float64Array;
  /** Infinity where there is a NaN or an infinity. */
  readonly max: Float32Array;
}

/** An empty grid over rows x cols weights. */
export function emptyGrid(level: number, rows: number, cols: number): Grid {
  const high = Math.ceil(rows / 2 ** level);
  const wide = Math.ceil(cols / 2 ** level);
  return {
    ...{ level, rows: high, cols: wide },
    nonzeros: new Uint32Array(high * wide),
    sum: new Float64Array(high * wide),
    max: new Float32Array(high * wide),
  };
}

/** Bytes a block takes in a grid. */
export const gridBytes = 16;

/**
 * Counts `length` values from `offset` on, which lie from (row, col) of the grid's rectangle on
 * along a row, or along a column.
 */
export function addRun(
  grid: Grid,
  values: Numbers,
  offset: number,
  length: number,
  row: number,
  col: number,
  vertical: boolean,
): void {
  const { level, cols, nonzeros, sum, max } = grid;
  const size = 2 ** level;
  const step = vertical ? cols : 1;
  const end = offset + length;
  let along = vertical ? row : col;
  let block = Math.floor(row / size) * cols + Math.floor(col / size);
  for (let i = offset; i < end; block += step) {
    const stop = Math.min(end, i + size - (along % size));
    along += stop - i;
    const from = i;
    let count = 0;
    let total = 0;
    let most = 0;
    for (; i < stop; i++) {
      const a = Math.abs(values[i]);
      count += a === 0 ? 0 : 1;
      total += a;
      if (a > most) most = a;
    }
    if (total - total !== 0) {
      // a NaN or an infinity: once more, with care
      total = 0;
      for (let k = from; k < stop; k++) {
        const a = Math.abs(values[k]);
        if (a - a === 0) total += a;
        else most = Infinity;
      }
    }
    nonzeros[block] += count;
    sum[block] += total;
    if (most > max[block]) max[block] = most;
  }
}

/** The next level: every block is (up to) four of this one. */
export function halved(grid: Grid): Grid {
  const rows = Math.ceil(grid.rows / 2);
  const cols = Math.ceil(grid.cols / 2);
  const up = emptyGrid(0, rows, cols);
  for (let r = 0; r < grid.rows; r++) {
    for (let c = 0; c < grid.cols; c++) {
      const from = r * grid.cols + c;
      const to = (r >> 1) * cols + (c >> 1);
      up.nonzeros[to] += grid.nonzeros[from];
      up.sum[to] += grid.sum[from];
      if (grid.max[from] > up.max[to]) up.max[to] = grid.max[from];
    }
  }
  return { ...up, level: grid.level + 1 };
}

/** A level and all above it, up to one block. */
export function levelsFrom(base: Grid): Grid[] {
  const levels = [base];
  for (let top = base; top.rows * top.cols > 1;) levels.push((top = halved(top)));
  return levels;
}
