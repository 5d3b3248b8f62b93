/**
 * What of a matrix the stage shows: the weight at the left top and the pixels a weight takes, along
 * columns (`sx`) and rows (`sy`), which differ only while a thin matrix is stretched. Pixels are CSS
 * pixels. No drawing, no page.
 */
import { visibleTiles, type TileRange } from '../../charts/heatmap.ts';
import { pageTile } from '../../../src/engine/protocol-page.ts';
import type { LayoutSummary } from '../../../src/engine/protocol-view.ts';
import type { Zoom } from './place.ts';

/** Pixels of a cell at most. */
export const largestCell = 56;
/** Pixels that the short side of a matrix takes at least. */
const thinnest = 150;

export class HeatViewport {
  width = 1;
  height = 1;
  sx = 1;
  sy = 1;
  left = 0;
  top = 0;
  /** Everything is shown, and shall be when the room changes. */
  fitted = true;

  constructor(readonly layout: LayoutSummary) {}

  resize(width: number, height: number): void {
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    if (this.fitted) return this.fit();
    const { least } = this;
    this.sx = Math.max(least.sx, this.sx);
    this.sy = Math.max(least.sy, this.sy);
    this.moved();
  }

  /** What was seen before, as far as the room allows. */
  restore({ left, top, sx, sy }: Zoom): void {
    Object.assign(this, { left, top, sx, sy, fitted: false });
  }

  get zoomed(): Zoom | null {
    const { left, top, sx, sy } = this;
    return this.fitted ? null : { left, top, sx, sy };
  }

  /** Everything; a thin matrix is made thick enough to be seen. */
  fit(): void {
    ({ sx: this.sx, sy: this.sy } = this.least);
    this.left = 0;
    this.top = 0;
    this.moved();
    this.fitted = true;
  }

  /** About a point of the room. Zooming in makes cells square first, where fitting had stretched them. */
  zoom(factor: number, x: number, y: number): void {
    const col = this.left + x / this.sx;
    const row = this.top + y / this.sy;
    const least = this.least;
    const small = Math.min(largestCell, Math.min(this.sx, this.sy) * factor);
    const next = (s: number, low: number): number =>
      factor > 1 ? Math.max(s, small) : Math.max(low, s * factor);
    this.sx = next(this.sx, least.sx);
    this.sy = next(this.sy, least.sy);
    this.left = col - x / this.sx;
    this.top = row - y / this.sy;
    this.moved();
  }

  pan(x: number, y: number): void {
    this.left += x / this.sx;
    this.top += y / this.sy;
    this.moved();
  }

  /** Moves as little as needed to show a weight. */
  reveal(row: number, col: number): void {
    const { width, height, sx, sy } = this;
    this.left = Math.min(col, Math.max(this.left, col + 1 - width / sx));
    this.top = Math.min(row, Math.max(this.top, row + 1 - height / sy));
    this.moved();
  }

  /** The weight at a point of the room; beyond the edges it is the nearest one. */
  weightAt(x: number, y: number): { readonly row: number; readonly col: number } {
    const { rows, cols } = this.layout;
    const within = (n: number, limit: number): number => Math.min(limit - 1, Math.max(0, n));
    return {
      row: within(Math.floor(this.top + y / this.sy), rows),
      col: within(Math.floor(this.left + x / this.sx), cols),
    };
  }

  /** @param ratio device pixels a CSS pixel: blocks take at least one of them */
  tiles(ratio: number): TileRange {
    return visibleTiles(
      this.layout,
      {
        left: this.left,
        top: this.top,
        width: this.width / this.sx,
        height: this.height / this.sy,
        scale: Math.min(this.sx, this.sy) * ratio,
      },
      pageTile,
    );
  }

  private get least(): { readonly sx: number; readonly sy: number } {
    const { width, height } = this;
    const { rows, cols } = this.layout;
    const scale = Math.min(width / cols, height / rows, largestCell);
    const thick = (room: number, lines: number): number =>
      Math.max(scale, Math.min(largestCell, Math.min(room, thinnest) / lines));
    return { sx: thick(width, cols), sy: thick(height, rows) };
  }

  private moved(): void {
    const { rows, cols } = this.layout;
    this.fitted = false;
    this.left = Math.max(0, Math.min(cols - this.width / this.sx, this.left));
    this.top = Math.max(0, Math.min(rows - this.height / this.sy, this.top));
  }
}
