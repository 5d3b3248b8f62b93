/** What is said of two models side by side: pairs of layers, orders, sums. Pure. */
import type { LayerDifference, LayerPair, LayerSummary } from '../../src/engine/protocol-view.ts';
import { shownName } from './model.ts';
import type { Sorting } from './rows-table.ts';

/** Columns by which pairs are sorted. */
export const changeIds = [
  'name',
  'op',
  'shape',
  'relative',
  'changed',
  'becameZero',
  'rmse',
  'largest',
  'cosine',
] as const;
export type ChangeId = (typeof changeIds)[number];

/** A layer and the one of its name in the other model. */
export interface Pair {
  readonly layer: LayerSummary;
  readonly other: LayerSummary;
  /** '' when they can be compared. */
  readonly why: LayerPair['why'];
}

export type DifferenceOf = (layer: number) => LayerDifference | undefined;

/** A figure of a pair, null where it is not known (yet) or there is none. */
export function changeOf(
  id: Exclude<ChangeId, 'name' | 'op' | 'shape'>,
  difference: LayerDifference | undefined,
): number | null {
  if (!difference) return null;
  switch (id) {
    case 'changed':
    case 'becameZero':
      return difference.weights > 0 ? difference[id] / difference.weights : null;
    default:
      return difference[id];
  }
}

/** A stable order; what is unknown comes last whatever the direction. */
export function sortedPairs(
  pairs: readonly Pair[],
  differenceOf: DifferenceOf,
  { sort, direction }: Sorting<ChangeId>,
): readonly Pair[] {
  if (sort === 'order') return pairs;
  const collator = new Intl.Collator(undefined, { numeric: true });
  const keyOf = ({ layer }: Pair): number | string | null => {
    if (sort === 'name') return shownName(layer);
    if (sort === 'op') return layer.op;
    if (sort === 'shape') return layer.parameters;
    return changeOf(sort, differenceOf(layer.layer));
  };
  const keyed = pairs.map((pair) => ({ pair, key: keyOf(pair) }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    const order =
      typeof a.key === 'string' || typeof b.key === 'string'
        ? collator.compare(String(a.key), String(b.key))
        : a.key - b.key;
    return order * direction || a.pair.layer.layer - b.pair.layer.layer;
  });
  return keyed.map(({ pair }) => pair);
}

export interface ChangeTotals {
  /** Layers that were compared, and those of them in which any weight differs. */
  readonly compared: number;
  readonly layers: number;
  readonly weights: number;
  readonly changed: number;
  readonly becameZero: number;
  readonly becameNonzero: number;
  /** Root mean square over all weights that were compared. */
  readonly rmse: number;
}

export function changeTotals(differences: Iterable<LayerDifference>): ChangeTotals {
  let [compared, layers, weights, changed, becameZero, becameNonzero, squares] = new Array<number>(
    7,
  ).fill(0) as [number, number, number, number, number, number, number];
  for (const d of differences) {
    compared++;
    if (d.changed > 0) layers++;
    weights += d.weights;
    changed += d.changed;
    becameZero += d.becameZero;
    becameNonzero += d.becameNonzero;
    squares += d.rmse * d.rmse * d.weights;
  }
  const rmse = weights > 0 ? Math.sqrt(squares / weights) : 0;
  return { compared, layers, weights, changed, becameZero, becameNonzero, rmse };
}
