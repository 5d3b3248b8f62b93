/**
 * How wide the blocks of every H are, before anything is measured: full where they may be, and as wide
 * as memory allows where not.
 */
import type { Group } from './sources.ts';

/** Columns of the widest full matrix: its H takes 170 MB. */
export const mostColumns = 4608;
/** All H together, as long as blocks can still be halved. */
export const mostSecondBytes = 256 * 2 ** 20;

/** Columns of a block for each group; 1 is a diagonal. */
export function planBlocks(groups: readonly Group[], mostBytes = mostSecondBytes): number[] {
  const shapes = groups.map(({ sources: [{ layout, geometry, node }] }) => {
    const { cols, matrices, kind } = geometry;
    const directions = node.attributes.get('direction')?.s === 'bidirectional' ? 2 : 1;
    const sets = kind !== 'recurrent' ? matrices : layout === 'hidden' ? directions : 1;
    return { cols, sets, most: layout === 'rows' ? 1 : mostColumns };
  });
  const parts = shapes.map(({ cols, most }) => Math.ceil(cols / most));
  const block = (i: number): number => Math.ceil(shapes[i].cols / parts[i]);
  const bytes = (i: number): number => 8 * shapes[i].sets * parts[i] * block(i) ** 2;
  let total = shapes.reduce((sum, _, i) => sum + bytes(i), 0);
  while (total > mostBytes) {
    const candidates = [...shapes.keys()].filter((i) => block(i) > 1);
    if (candidates.length === 0) break;
    const largest = candidates.reduce((best, i) => (bytes(i) > bytes(best) ? i : best));
    total -= bytes(largest);
    parts[largest] = Math.min(shapes[largest].cols, parts[largest] * 2);
    total += bytes(largest);
  }
  return shapes.map((_, i) => block(i));
}
