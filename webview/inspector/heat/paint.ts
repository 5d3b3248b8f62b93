/**
 * One frame of the heatmap on a 2D context: tiles, the grid of kernels, figures where cells have the
 * room, sums of rows and columns along the edges, the cell cursor.
 */
import type { TileRange } from '../../charts/heatmap.ts';
import { pageTile } from '../../../src/engine/protocol-page.ts';
import type { Marginals, Tile } from '../../../src/engine/protocol-view.ts';
import { short, type Cell } from './reading.ts';
import type { HeatTiles } from './tiles.ts';
import type { HeatViewport } from './viewport.ts';

/** Of marginals at the left and on top. */
export const strip = 34;
/** Cells of this many pixels carry their value. */
const legibleCell = 40;

export interface HeatColours {
  readonly ink: string;
  readonly muted: string;
  readonly focus: string;
  readonly paper: string;
  readonly font: string;
}

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly view: HeatViewport;
  readonly colours: HeatColours;
}

/** The context is in CSS pixels; the room of `frame.view` begins at (`strip`, `strip`). */
export function paintTiles(frame: Frame, range: TileRange, tiles: HeatTiles): void {
  const { context, view } = frame;
  const { rows, cols } = view.layout;
  context.imageSmoothingEnabled = false;
  context.save();
  context.beginPath();
  context.rect(
    strip,
    strip,
    Math.min(view.width, (cols - view.left) * view.sx),
    Math.min(view.height, (rows - view.top) * view.sy),
  );
  context.clip();
  for (let y = range.y0; y < range.y1; y++)
    for (let x = range.x0; x < range.x1; x++) paintTile(frame, range.level, x, y, tiles);
  paintGrid(frame);
  context.restore();
}

function paintTile(frame: Frame, level: number, x: number, y: number, tiles: HeatTiles): void {
  const best = tiles.best(level, x, y);
  if (!best) return;
  const { context, view } = frame;
  const { held, up } = best;
  const side = 2 ** level;
  const block = 2 ** up;
  const fromX = (x * pageTile) / block - (x >> up) * pageTile;
  const fromY = (y * pageTile) / block - (y >> up) * pageTile;
  const w = Math.min(pageTile / block, held.tile.width - fromX);
  const h = Math.min(pageTile / block, held.tile.height - fromY);
  if (w <= 0 || h <= 0) return;
  const toX = strip + (x * pageTile * side - view.left) * view.sx;
  const toY = strip + (y * pageTile * side - view.top) * view.sy;
  const [scaleX, scaleY] = [block * side * view.sx, block * side * view.sy];
  context.drawImage(held.canvas, fromX, fromY, w, h, toX, toY, w * scaleX, h * scaleY);
  if (level === 0 && up === 0 && Math.min(view.sx, view.sy) >= legibleCell)
    paintValues(frame, held.tile);
}

function paintValues({ context, view, colours }: Frame, tile: Tile): void {
  const { values, width, height } = tile;
  if (!values) return;
  const { left, top, sx, sy } = view;
  const [x0, y0] = [tile.x * pageTile, tile.y * pageTile];
  context.font = `10px ${colours.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineWidth = 3;
  context.lineJoin = 'round';
  context.strokeStyle = colours.paper;
  context.fillStyle = colours.ink;
  const [c0, r0] = [Math.max(0, Math.floor(left) - x0), Math.max(0, Math.floor(top) - y0)];
  const c1 = Math.min(width, Math.ceil(left + view.width / sx) - x0);
  const r1 = Math.min(height, Math.ceil(top + view.height / sy) - y0);
  for (let r = r0; r < r1; r++)
    for (let c = c0; c < c1; c++) {
      const text = short(values[r * width + c]!);
      const cx = strip + (x0 + c + 0.5 - left) * sx;
      const cy = strip + (y0 + r + 0.5 - top) * sy;
      context.strokeText(text, cx, cy);
      context.fillText(text, cx, cy);
    }
}

/** Lines between kernels, or between the matrices of a stack, where they are apart. */
function paintGrid({ context, view, colours }: Frame): void {
  const { left, top, sx, sy, width, height } = view;
  const { cellRows, cellCols } = view.layout;
  const lines = (cell: number, scale: number, from: number, length: number): number[] => {
    const found: number[] = [];
    if (cell > 0 && cell * scale >= 8)
      for (let at = Math.ceil(from / cell) * cell; at <= from + length / scale; at += cell)
        found.push(Math.round(strip + (at - from) * scale) + 0.5);
    return found;
  };
  context.strokeStyle = colours.muted;
  context.globalAlpha = 0.5;
  context.lineWidth = 1;
  context.beginPath();
  for (const x of lines(cellCols, sx, left, width)) {
    context.moveTo(x, strip);
    context.lineTo(x, strip + height);
  }
  for (const y of lines(cellRows, sy, top, height)) {
    context.moveTo(strip, y);
    context.lineTo(strip + width, y);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/** Which share of each column is left above it, of each row at its left. */
export function paintMarginals({ context, view, colours }: Frame, m: Marginals): void {
  const { rows, cols } = view.layout;
  context.fillStyle = colours.muted;
  const columns = bars(m.colNonzeros, m.colsPer, cols, rows, view.left, view.sx, view.width);
  for (const { at, thick, share } of columns)
    context.fillRect(strip + at, strip - 4 - share, thick, share);
  const lines = bars(m.rowNonzeros, m.rowsPer, rows, cols, view.top, view.sy, view.height);
  for (const { at, thick, share } of lines)
    context.fillRect(strip - 4 - share, strip + at, share, thick);
}

/** A bar a line, or a pixel where lines are thinner: its place, and its length of the strip. */
function* bars(
  sums: Float64Array,
  per: number,
  lines: number,
  across: number,
  first: number,
  scale: number,
  room: number,
): Generator<{ at: number; thick: number; share: number }> {
  const end = Math.min(room, (lines - first) * scale);
  const step = Math.max(1, scale);
  const thick = Math.max(0.75, step - (step > 4 ? 1 : 0));
  for (let at = 0; at < end - 0.01; at += step) {
    const from = Math.floor(Math.max(0, first + at / scale) + 1e-6);
    const to = Math.max(from + 1, Math.max(0, first + at / scale) + step / scale);
    let [sum, count] = [0, 0];
    const last = Math.min(sums.length - 1, Math.floor((to - 1e-9) / per));
    for (let i = Math.floor(from / per); i <= last; i++) {
      sum += sums[i]!;
      count += Math.min(per, lines - i * per) * across;
    }
    if (sum > 0) yield { at, thick, share: (strip - 8) * (sum / count) };
  }
}

/** Around the block in which the cursor's weight lies. */
export function paintCursor({ context, view, colours }: Frame, cell: Cell, level: number): void {
  const side = 2 ** level;
  const x = strip + (Math.floor(cell.col / side) * side - view.left) * view.sx;
  const y = strip + (Math.floor(cell.row / side) * side - view.top) * view.sy;
  const w = Math.max(6, side * view.sx);
  const h = Math.max(6, side * view.sy);
  if (x + w < strip || y + h < strip) return;
  for (const [width, colour] of [
    [6, colours.paper],
    [3.5, colours.ink],
    [1.5, colours.focus],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.strokeRect(x, y, w, h);
  }
}
