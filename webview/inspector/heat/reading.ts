/** What the cell cursor reads, in words and figures. Pure. */
import type { LayoutSummary, Tile } from '../../../src/engine/protocol-view.ts';
import { fill } from '../../ui/dom.ts';
import { formatExact, formatFloat, formatSmall } from '../../ui/format.ts';
import type { InspectorStrings } from '../strings.ts';

export interface Cell {
  readonly row: number;
  readonly col: number;
}

/** A value as it fits into a cell: three digits. */
export function short(value: number): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 10_000
    ? String(Number(value.toPrecision(Math.abs(value) < 0.1 ? 2 : 3)))
    : value.toExponential(1);
}

/** The tile of a level in which a weight lies. */
export function tileOf({ row, col }: Cell, level: number, size: number): { x: number; y: number } {
  const side = size * 2 ** level;
  return { x: Math.floor(col / side), y: Math.floor(row / side) };
}

/** A weight, or what is known of the block around it. */
export function readingOf(
  { row, col }: Cell,
  tile: Tile,
  { rows, cols }: LayoutSummary,
  t: InspectorStrings,
): string {
  const side = 2 ** tile.level;
  const r = Math.floor(row / side);
  const c = Math.floor(col / side);
  const at = (r - tile.y * tile.size) * tile.width + (c - tile.x * tile.size);
  if (tile.level === 0) {
    const value = tile.values?.[at];
    const text = value === undefined ? '' : formatFloat(value);
    return fill(t.readValue, formatExact(row), formatExact(col), text);
  }
  const [r1, c1] = [Math.min(rows, (r + 1) * side), Math.min(cols, (c + 1) * side)];
  return fill(
    t.readBlock,
    ...[r * side, r1 - 1, c * side, c1 - 1].map(formatExact),
    formatExact(tile.nonzeros?.[at] ?? 0),
    formatExact((r1 - r * side) * (c1 - c * side)),
    formatSmall(tile.mean?.[at] ?? 0),
    formatSmall(tile.max?.[at] ?? 0),
  );
}
