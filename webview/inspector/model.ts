/** What the inspector says about layers: metrics, orders, filters, totals. Pure. */
import type {
  LayerMeasure,
  LayerSummary,
  PruningPattern,
  ViewOverview,
} from '../../src/engine/protocol-view.ts';
import { fill } from '../ui/dom.ts';
import { formatBits, formatExact, formatRatio, formatShare, formatSmall } from '../ui/format.ts';
import { nameLine } from '../ui/legible.ts';
import type { KnownLayer } from './impacts.ts';
import type { InspectorStrings } from './strings.ts';

export const metricIds = [
  'sparsity',
  'bits',
  'compressibility',
  'ratio',
  'error',
  'balance',
  'impact',
] as const;
export type MetricId = (typeof metricIds)[number];

export type MeasureOf = (layer: number) => LayerMeasure | undefined;

/** null: not known (yet), or it does not apply. */
export function metricOf(
  id: MetricId,
  layer: KnownLayer,
  measure: LayerMeasure | undefined,
): number | null {
  switch (id) {
    case 'sparsity':
      return measure ? measure.sparsity : null;
    case 'bits':
      return layer.coded ? layer.coded.bitsPerWeight : (measure?.entropy.bound ?? null);
    case 'compressibility':
      return measure ? measure.entropy.compressibility : null;
    case 'ratio':
      return layer.coded ? layer.coded.ratio : null;
    case 'error':
      return layer.coded ? layer.coded.rmse : null;
    case 'balance':
      return measure?.peBalance ?? null;
    case 'impact':
      return layer.impact ?? null;
  }
}

export function formatMetric(id: MetricId, value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  switch (id) {
    case 'sparsity':
    case 'compressibility':
    case 'balance':
    case 'impact':
      return formatShare(value);
    case 'bits':
      return formatBits(value);
    case 'ratio':
      return formatRatio(value);
    case 'error':
      return formatSmall(value);
  }
}

/** Those that a file can have: what is only recorded in a .dcz is not offered for an .onnx. */
export function metricsFor({ layers }: ViewOverview): readonly MetricId[] {
  const coded = layers.some((l) => l.coded);
  const measured = layers.some((l: KnownLayer) => l.impact !== undefined);
  return metricIds.filter((id) => {
    if (id === 'impact') return measured;
    return coded || (id !== 'ratio' && id !== 'error');
  });
}

export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Values above `high` are possible, and look like it. */
  readonly open: boolean;
  /** 0 .. 1 */
  readonly at: (value: number) => number;
}

/** The scale of a metric: shares as they are, everything else between least and most. */
export function scaleOf(id: MetricId, values: readonly (number | null)[]): Scale {
  const known = values.filter((v): v is number => v !== null && Number.isFinite(v));
  let low = 0;
  let high = 1;
  const open = !['sparsity', 'compressibility', 'balance'].includes(id);
  if (open) {
    high = known.reduce((a, b) => Math.max(a, b), 0) || 1;
    if (id === 'ratio') low = 1;
    if (high <= low) high = low + 1;
  }
  return { low, high, open, at: (v) => Math.min(1, Math.max(0, (v - low) / (high - low))) };
}

export function roleName(layer: LayerSummary, t: InspectorStrings): string {
  return {
    weight: t.roleWeight,
    bias: t.roleBias,
    normalisation: t.roleNorm,
    embedding: t.roleEmbedding,
    shape: t.roleShape,
    scale: t.roleScale,
    'zero point': t.roleZeroPoint,
    other: t.roleOther,
  }[layer.role];
}

/** Names are other people's: one line, never empty. */
export function shownName(layer: LayerSummary): string {
  return nameLine(layer.name, `#${layer.layer}`);
}

export const sortIds = [
  'order',
  'name',
  'op',
  'shape',
  'dtype',
  'parameters',
  'bytes',
  'stored',
  ...metricIds,
] as const;
export type SortId = (typeof sortIds)[number];

export interface Arrangement {
  readonly filter: string;
  readonly weightsOnly: boolean;
  readonly sort: SortId;
  readonly direction: 1 | -1;
}

export function sortValue(
  id: SortId,
  layer: LayerSummary,
  measure: LayerMeasure | undefined,
): number | string | null {
  switch (id) {
    case 'order':
      return layer.layer;
    case 'name':
      return layer.name;
    case 'op':
      return layer.op;
    case 'dtype':
      return layer.dtype;
    case 'shape':
      return layer.shape.length;
    case 'parameters':
      return layer.parameters;
    case 'bytes':
      return layer.bytes;
    case 'stored':
      return layer.coded ? layer.coded.bytes.total : null;
    default:
      return metricOf(id, layer, measure);
  }
}

/** A stable order; null last whatever the direction; ties keep the model's order. */
export function arranged(
  layers: readonly LayerSummary[],
  measureOf: MeasureOf,
  { filter, weightsOnly, sort, direction }: Arrangement,
  t: InspectorStrings,
): readonly LayerSummary[] {
  const wanted = filter.trim().toLowerCase();
  const kept = layers.filter(
    (l) =>
      (!weightsOnly || l.role === 'weight' || l.role === 'embedding') &&
      (wanted === '' ||
        `${l.name}\n${l.op}\n${roleName(l, t)}\n${l.dtype}`.toLowerCase().includes(wanted)),
  );
  if (sort === 'order' && direction === 1) return kept;
  const collator = new Intl.Collator(undefined, { numeric: true });
  const keyed = kept.map((layer) => ({
    layer,
    key: sortValue(sort, layer, measureOf(layer.layer)),
  }));
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
    const order =
      typeof a.key === 'string' || typeof b.key === 'string'
        ? collator.compare(String(a.key), String(b.key))
        : a.key - b.key;
    return order * direction || a.layer.layer - b.layer.layer;
  });
  return keyed.map(({ layer }) => layer);
}

export interface Totals {
  readonly zeros: number;
  readonly prunable: number;
  /** Bytes the entropy bounds allow, of `bytes` that were measured. */
  readonly bound: number;
  readonly bytes: number;
}

export function totalsOf(overview: ViewOverview, measureOf: MeasureOf): Totals {
  let [zeros, prunable, bound, bytes] = [0, 0, 0, 0];
  for (const layer of overview.layers) {
    const m = measureOf(layer.layer);
    if (!m) continue;
    if (layer.prunable) {
      zeros += m.zeros;
      prunable += m.weights;
    }
    bound += (m.weights * m.entropy.bound) / 8;
    bytes += (m.weights * m.entropy.stored) / 8;
  }
  return { zeros, prunable, bound, bytes };
}

export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}

/** Where the zeros lie, and how far that was measured: empty grains, and the zeros that are in them. */
export function patternText({ pattern, grains }: PruningPattern, t: InspectorStrings): string {
  const text = t[`pattern_${pattern}`];
  const grain = grains.find((g) => g.grain === pattern);
  if (!grain || grain.size === 1) return text;
  const { zeroGrains, grains: all, size, share } = grain;
  const counts = [zeroGrains, all, size].map(formatExact);
  return fill(t.patternShare, text, ...counts, formatShare(share));
}

/** Where the colours of a layer's values end: three deviations, or the largest magnitude when that is less. */
export function scaleEnd(m: LayerMeasure | undefined): number {
  if (!m || m.min === null || m.max === null) return 1;
  const largest = Math.max(Math.abs(m.min), Math.abs(m.max));
  return Math.min(largest, Math.abs(m.mean ?? 0) + 3 * (m.std ?? largest)) || largest || 1;
}
