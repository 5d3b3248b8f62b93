/** Weights around the cell cursor as a table: what the picture shows, without the picture. */
import type { LayoutSummary } from '../../../src/engine/protocol-view.ts';
import { formatExact } from '../../ui/format.ts';
import type { Table } from '../../ui/table.ts';
import type { Ask } from '../asker.ts';
import type { Cell } from './reading.ts';

/** Cells of the table, out of a tile of this size. */
const around = { rows: 12, cols: 8, tile: 16 };

/** @param corner heading of the column that names the rows */
export async function nearbyTable(
  layer: number,
  layout: LayoutSummary,
  { row, col }: Cell,
  corner: string,
  ask: Ask,
  signal: AbortSignal,
): Promise<Table> {
  const size = around.tile;
  const [x, y] = [Math.floor(col / size), Math.floor(row / size)];
  const tile = await ask(
    'tile',
    { layer, layout: layout.kind, level: 0, x, y, size, channels: ['values'] },
    signal,
  );
  const from = (at: number, before: number, length: number, shown: number): number =>
    Math.max(0, Math.min(at - before, length - shown));
  const r0 = from(row - y * size, 4, tile.height, around.rows);
  const c0 = from(col - x * size, 3, tile.width, around.cols);
  const r1 = Math.min(tile.height, r0 + around.rows);
  const c1 = Math.min(tile.width, c0 + around.cols);
  const rows = Array.from({ length: r1 - r0 }, (_, r) => [
    formatExact(y * size + r0 + r),
    ...(tile.values?.subarray((r0 + r) * tile.width + c0, (r0 + r) * tile.width + c1) ?? []),
  ]);
  const names = Array.from({ length: c1 - c0 }, (_, c) => formatExact(x * size + c0 + c));
  return { columns: [corner, ...names.map((name) => ({ name, as: 'exact' as const }))], rows };
}
