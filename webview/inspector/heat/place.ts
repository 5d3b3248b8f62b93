/** Where a heatmap is looked at: what a page that was hidden or reloaded shows again. */
import type { LayoutKind } from '../../../src/engine/protocol-view.ts';
import { largestCell } from './viewport.ts';

export interface Zoom {
  /** The weight at the left top. */
  readonly left: number;
  readonly top: number;
  /** Pixels that a weight takes. */
  readonly sx: number;
  readonly sy: number;
}

export interface HeatPlace {
  readonly layout: LayoutKind;
  /** Of the cell cursor. */
  readonly row: number;
  readonly col: number;
  /** Null: everything is shown. */
  readonly zoom: Zoom | null;
}

/** What outlives the heatmap. */
export interface HeatMemory {
  readonly place: HeatPlace | undefined;
  keep(place: HeatPlace): void;
}

const kinds: readonly LayoutKind[] = ['matrix', 'kernels', 'row'];

/** Whatever was saved as a place, or as none. */
export function placeFrom(saved: unknown): HeatPlace | undefined {
  const s = fields(saved);
  const layout = kinds.find((kind) => kind === s['layout']);
  const row = number(s['row']);
  const col = number(s['col']);
  if (!layout || row === undefined || col === undefined) return undefined;
  const z = fields(s['zoom']);
  const [left, top, sx, sy] = [z['left'], z['top'], z['sx'], z['sy']].map(number);
  const zoom =
    left !== undefined && top !== undefined && sx && sy
      ? { left, top, sx: Math.min(largestCell, sx), sy: Math.min(largestCell, sy) }
      : null;
  return { layout, row: Math.floor(row), col: Math.floor(col), zoom };
}

const fields = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const number = (value: unknown): number | undefined =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : undefined;
