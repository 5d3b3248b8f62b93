/** Histograms of a layer and of the one it is compared with, over the same bins. */
import { pageBins } from '../../src/engine/protocol-page.ts';
import type {
  LayerSummary,
  LinearHistogram,
  LogHistogram,
} from '../../src/engine/protocol-view.ts';
import type { Table } from '../ui/table.ts';
import type { Ask } from './asker.ts';
import type { There } from './peer.ts';
import type { InspectorStrings } from './strings.ts';

export type AnyHistogram = LinearHistogram | LogHistogram;

/** One histogram, or two that share their edges. Zeros lie in no bin. */
export async function histogramsOf(
  layer: LayerSummary,
  there: There | undefined,
  scale: 'linear' | 'log',
  ask: Ask,
  signal: AbortSignal,
): Promise<readonly AnyHistogram[]> {
  const query = { scale, bins: pageBins[scale] };
  const own = (range?: readonly [number, number]) =>
    ask('histogram', { ...query, layer: layer.layer, ...(range && { range }) }, signal);
  if (!there) return [await own()];
  const other = (range?: readonly [number, number]) =>
    ask(
      'histogram',
      { ...query, layer: there.layer.layer, ...(range && { range }) },
      signal,
      'other',
    );
  const range = commonRange(await Promise.all([own(), other()]));
  return range ? Promise.all([own(range), other(range)]) : [await own()];
}

/** The outer edges of all; undefined where none has any (all zeros on a logarithmic axis). */
export function commonRange(all: readonly AnyHistogram[]): readonly [number, number] | undefined {
  const edges = all.flatMap((h) =>
    h.edges.length > 0 ? [[h.edges[0]!, h.edges[h.edges.length - 1]!] as const] : [],
  );
  if (edges.length === 0) return undefined;
  const low = Math.min(...edges.map(([from]) => from));
  const high = Math.max(...edges.map(([, to]) => to));
  // the edge above the largest magnitudes may be infinite
  const bounded = Math.min(high, Number.MAX_VALUE);
  return all[0]?.scale === 'log' ? [Math.max(low, Number.MIN_VALUE), bounded] : [low, bounded];
}

/** A row a bin; with two histograms the columns of the other follow. */
export function histogramTable(
  all: readonly AnyHistogram[],
  names: readonly string[],
  t: InspectorStrings,
): Table {
  const [first] = all;
  const of = (name: string, i: number): string => (all.length > 1 ? `${name}: ${names[i]}` : name);
  if (!first) return { columns: [], rows: [] };
  const columns = all.flatMap((h, i) =>
    h.scale === 'linear'
      ? [{ name: of(t.count, i), cells: h.counts }]
      : [
          { name: of(t.negative, i), cells: h.negative },
          { name: of(t.positive, i), cells: h.positive },
        ],
  );
  const count = first.scale === 'linear' ? first.counts.length : first.positive.length;
  return {
    columns: [t.from, t.to, ...columns.map((c) => c.name)],
    rows: Array.from({ length: count }, (_, i) => [
      first.edges[i]!,
      first.edges[i + 1]!,
      ...columns.map((c) => c.cells[i]!),
    ]),
  };
}
