/**
 * Tiles: what a screen shows of one level. From the pyramid at its base and above; below, counted
 * from the weights under the tile alone, which are read in as few pieces as the file allows.
 */
import { DeepCompressionError } from '../model/errors.ts';
import { addRun, emptyGrid, type Grid } from './grid.ts';
import { forEachRun, spansOf, topLevel, type Layout } from './layout.ts';
import type { Pace } from './pace.ts';
import type { Tile, TileChannel } from './types.ts';
import { arrayFor, type LayerValues } from './values.ts';

export interface TilePlace {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  /** Blocks a side: a power of two, 16 to 1024. */
  readonly size: number;
}

/** The rectangle of a tile in weights. */
export interface TileArea {
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly cols: number;
}

/** @throws DeepCompressionError `invalid-input` for a tile that is not there */
export function tileArea(layout: Layout, { level, x, y, size }: TilePlace): TileArea {
  const whole = [level, x, y, size].every((n) => Number.isSafeInteger(n) && n >= 0);
  const sized = whole && size >= 16 && size <= 1024 && 2 ** Math.round(Math.log2(size)) === size;
  const side = size * 2 ** level;
  if (!sized || level > topLevel(layout) || y * side >= layout.rows || x * side >= layout.cols)
    throw new DeepCompressionError(
      'invalid-input',
      `no tile ${x}, ${y} of ${size} at level ${level} in a matrix of ${layout.rows} x ${layout.cols}`,
    );
  return {
    top: y * side,
    left: x * side,
    rows: Math.min(side, layout.rows - y * side),
    cols: Math.min(side, layout.cols - x * side),
  };
}

/** Counts the weights under a rectangle. */
export async function countArea(
  values: LayerValues,
  layout: Layout,
  level: number,
  area: TileArea,
  pace: Pace,
): Promise<Grid> {
  const grid = emptyGrid(level, area.rows, area.cols);
  await eachRun(values, layout, area, pace, (part, offset, length, row, col) =>
    addRun(grid, part, offset, length, row, col, layout.vertical),
  );
  return grid;
}

/** The weights of a rectangle, row by row. */
export async function valuesOf(
  values: LayerValues,
  layout: Layout,
  area: TileArea,
  pace: Pace,
): Promise<Float32Array<ArrayBuffer>> {
  const out = new Float32Array(area.rows * area.cols);
  await eachRun(values, layout, area, pace, (part, offset, length, row, col) => {
    const step = layout.vertical ? area.cols : 1;
    let at = row * area.cols + col;
    for (let i = 0; i < length; i++, at += step) out[at] = part[offset + i];
  });
  return out;
}

async function eachRun(
  values: LayerValues,
  layout: Layout,
  area: TileArea,
  pace: Pace,
  visit: (
    part: ReturnType<typeof arrayFor>,
    offset: number,
    length: number,
    row: number,
    col: number,
  ) => void,
): Promise<void> {
  const { top, left, rows, cols } = area;
  const { vertical } = layout;
  let buffer = arrayFor(values, 0);
  const spans = [...spansOf(layout, top, top + rows, left, left + cols)];
  const end = spans.reduce((most, { start, length }) => Math.max(most, start + length), 0);
  for (const { start, length } of spans) {
    if (pace.due) await pace.rest();
    if (buffer.length < length) buffer = arrayFor(values, length);
    const part = buffer.subarray(0, length);
    await values.ready?.(start, end);
    values.read(start, part);
    forEachRun(layout, start, start + length, (row, col, offset, n) => {
      const r = row - top;
      const c = col - left;
      // the piece of the run that is inside
      const along = vertical ? r : c;
      const skip = Math.max(0, -along);
      const keep = Math.min(n, (vertical ? rows : cols) - along) - skip;
      const across = vertical ? c : r;
      if (keep <= 0 || across < 0 || across >= (vertical ? cols : rows)) return;
      visit(part, offset + skip, keep, vertical ? r + skip : r, vertical ? c : c + skip);
    });
  }
}

/** A rectangle of blocks out of a grid that covers it; `x`, `y` in blocks. */
export function tileFromGrid(
  grid: Grid,
  x: number,
  y: number,
  area: TileArea,
  channels: readonly TileChannel[],
): Pick<Tile, 'nonzeros' | 'density' | 'mean' | 'max'> {
  const size = 2 ** grid.level;
  const width = Math.ceil(area.cols / size);
  const height = Math.ceil(area.rows / size);
  const nonzeros = channels.includes('nonzeros') ? new Uint32Array(width * height) : undefined;
  const density = channels.includes('density') ? new Uint8Array(width * height) : undefined;
  const mean = channels.includes('mean') ? new Float32Array(width * height) : undefined;
  const max = channels.includes('max') ? new Float32Array(width * height) : undefined;
  for (let r = 0; r < height; r++) {
    const high = Math.min(size, area.rows - r * size);
    for (let c = 0; c < width; c++) {
      const weights = high * Math.min(size, area.cols - c * size);
      const from = (y + r) * grid.cols + x + c;
      const to = r * width + c;
      if (nonzeros) nonzeros[to] = grid.nonzeros[from];
      if (density) density[to] = densityByte(grid.nonzeros[from], weights);
      if (mean) mean[to] = grid.sum[from] / weights;
      if (max) max[to] = grid.max[from];
    }
  }
  return {
    ...(nonzeros && { nonzeros }),
    ...(density && { density }),
    ...(mean && { mean }),
    ...(max && { max }),
  };
}

/** 0 only for none, 255 only for all. */
export function densityByte(nonzeros: number, weights: number): number {
  if (nonzeros === 0) return 0;
  if (nonzeros === weights) return 255;
  return Math.min(254, Math.max(1, Math.round((255 * nonzeros) / weights)));
}
