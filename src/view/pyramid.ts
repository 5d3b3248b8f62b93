/**
 * The pyramid of a layout: in one pass over the weights in the order of the file, blocks of a base
 * level that keeps memory small (at most 2^21 blocks, 45 MB with all levels above), and the sums
 * along rows and columns. Levels below the base are counted from the weights when they are looked
 * at (tile.ts): a tile of them is never more than a few million weights.
 */
import { addRun, emptyGrid, gridBytes, levelsFrom, type Grid } from './grid.ts';
import { forEachRun, type Layout } from './layout.ts';
import type { Pace } from './pace.ts';
import type { Marginals } from './types.ts';
import { countInto, type LayerValues } from './values.ts';
import type { Numbers } from '../measure/statistics.ts';

const mostBlocks = 1 << 21;
/** Longest marginal. */
export const mostLines = 1 << 16;

export interface Pyramid {
  readonly base: number;
  /** levels[0] is level `base`. */
  readonly levels: readonly Grid[];
  readonly marginals: Marginals;
  readonly bytes: number;
}

/** The lowest level, from 1 on, that has few enough blocks. */
export function baseLevel({
  rows,
  cols,
}: {
  readonly rows: number;
  readonly cols: number;
}): number {
  let level = 1;
  while (Math.ceil(rows / 2 ** level) * Math.ceil(cols / 2 ** level) > mostBlocks) level++;
  return level;
}

export async function buildPyramid(
  values: LayerValues,
  layout: Layout,
  pace: Pace,
): Promise<Pyramid> {
  const base = emptyGrid(baseLevel(layout), layout.rows, layout.cols);
  const lines = new Lines(layout.rows, layout.cols);
  const { vertical } = layout;
  let start = 0;
  const add = (part: Numbers): void => {
    forEachRun(layout, start, start + part.length, (row, col, offset, length) => {
      addRun(base, part, offset, length, row, col, vertical);
      lines.add(part, offset, length, row, col, vertical);
    });
    start += part.length;
  };
  await countInto(values, { add }, pace);
  const levels = levelsFrom(base);
  const bytes = levels.reduce((sum, l) => sum + l.rows * l.cols * gridBytes, 0);
  return { base: base.level, levels, marginals: lines.result(), bytes: bytes + lines.bytes };
}

/** Sums along lines. */
class Lines {
  readonly #rows: Float64Array;
  readonly #cols: Float64Array;
  readonly #rowSums: Float64Array;
  readonly #colSums: Float64Array;
  readonly #rowShift: number;
  readonly #colShift: number;

  constructor(
    readonly rows: number,
    readonly cols: number,
  ) {
    this.#rowShift = shiftFor(rows);
    this.#colShift = shiftFor(cols);
    const high = Math.ceil(rows / 2 ** this.#rowShift);
    const wide = Math.ceil(cols / 2 ** this.#colShift);
    this.#rows = new Float64Array(high);
    this.#rowSums = new Float64Array(high);
    this.#cols = new Float64Array(wide);
    this.#colSums = new Float64Array(wide);
  }

  get bytes(): number {
    return 16 * (this.#rows.length + this.#cols.length);
  }

  add(
    values: Numbers,
    offset: number,
    length: number,
    row: number,
    col: number,
    vertical: boolean,
  ): void {
    const counts = vertical ? this.#rows : this.#cols;
    const sums = vertical ? this.#rowSums : this.#colSums;
    const shift = vertical ? this.#rowShift : this.#colShift;
    const from = vertical ? row : col;
    let count = 0;
    let total = 0;
    for (let i = 0; i < length; i++) {
      const v = values[offset + i];
      if (v === 0) continue;
      const at = shift === 0 ? from + i : Math.floor((from + i) / 2 ** shift);
      const a = v - v === 0 ? Math.abs(v) : 0;
      counts[at]++;
      sums[at] += a;
      count++;
      total += a;
    }
    if (vertical) {
      const at = Math.floor(col / 2 ** this.#colShift);
      this.#cols[at] += count;
      this.#colSums[at] += total;
    } else {
      const at = Math.floor(row / 2 ** this.#rowShift);
      this.#rows[at] += count;
      this.#rowSums[at] += total;
    }
  }

  result(): Marginals {
    return {
      rows: this.rows,
      cols: this.cols,
      rowsPer: 2 ** this.#rowShift,
      colsPer: 2 ** this.#colShift,
      rowNonzeros: this.#rows,
      colNonzeros: this.#cols,
      rowMagnitude: this.#rowSums,
      colMagnitude: this.#colSums,
    };
  }
}

function shiftFor(lines: number): number {
  let shift = 0;
  while (Math.ceil(lines / 2 ** shift) > mostLines) shift++;
  return shift;
}
