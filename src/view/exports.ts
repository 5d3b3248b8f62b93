/**
 * Metrics of layers in the formats of other viewers: Netron's attachment (a second JSON file that is
 * dropped onto the open model; entries show in the sidebar under Metrics) and Model Explorer's custom
 * node data (colours the nodes). Sources: `metadata.Attachment` of lutzroeder/netron, `NodeData` of
 * google-ai-edge/model-explorer. Netron matches a tensor by the first line of its name, and drops
 * what has none; Model Explorer matches a node by any of its outputs.
 */
import type { LayerMeasure, LayerSummary, ViewOverview } from './types.ts';
import type { NamedFlow } from './flow.ts';

export const metrics = ['sparsity', 'compressibility', 'bits', 'ratio', 'rmse', 'balance'] as const;
export type Metric = (typeof metrics)[number];

export interface NetronMetric {
  readonly kind: 'tensor' | 'model';
  readonly target: string;
  readonly name: string;
  readonly value: number | string;
  readonly type: 'percentage' | 'float32' | 'int64' | 'string';
}

export interface NetronAttachment {
  readonly signature: 'netron:attachment';
  readonly metadata: readonly NetronMetric[];
  readonly metrics: readonly NetronMetric[];
}

export function netronAttachment(
  overview: ViewOverview,
  measures: readonly LayerMeasure[],
): NetronAttachment {
  const found: NetronMetric[] = [];
  const byLayer = new Map(measures.map((m) => [m.layer, m]));
  const seen = new Set<string>();
  for (const layer of overview.layers) {
    const target = layer.name.split('\n')[0];
    // a second tensor of the name would only replace what the first one said
    if (target === '' || seen.has(target)) continue;
    const measure = byLayer.get(layer.layer);
    const before = found.length;
    const add = (name: string, value: number | null, type: NetronMetric['type']): void => {
      if (value !== null && Number.isFinite(value))
        found.push({ kind: 'tensor', target, name, value, type });
    };
    if (measure !== undefined) {
      add('min', measure.min, 'float32');
      add('max', measure.max, 'float32');
      add('mean', measure.mean, 'float32');
      add('std', measure.std, 'float32');
      add('sparsity', measure.sparsity, 'percentage');
      add('distinct values', measure.distinct, 'int64');
      add('entropy (bits a weight)', measure.entropy.bits, 'float32');
      add('compressibility', measure.entropy.compressibility, 'percentage');
      add('EIE load balance', measure.peBalance, 'percentage');
    }
    if (layer.coded !== null) {
      add('stored bits a weight', layer.coded.bitsPerWeight, 'float32');
      add('compression ratio', layer.coded.ratio, 'float32');
      const { grid } = layer.coded;
      if (grid === null) add('codebook size', layer.coded.codebookSize, 'int64');
      else {
        add('levels', grid.levels, 'int64');
        add('channels with a scale', grid.channels, 'int64');
      }
      add('quantization error (rmse)', layer.coded.rmse, 'float32');
    }
    if (found.length > before) seen.add(target);
  }
  const whole: NetronMetric[] = [
    {
      ...{ kind: 'model', target: '', name: 'prunable parameters' },
      ...{ value: overview.prunable, type: 'int64' },
    },
  ];
  return { signature: 'netron:attachment', metadata: [], metrics: [...whole, ...found] };
}

export interface ModelExplorerData {
  readonly results: Readonly<Record<string, { readonly value: number }>>;
  readonly gradient: readonly { readonly stop: number; readonly bgColor: string }[];
}

/** Light to dark of one hue, readable under black labels at both ends. */
const gradient = [
  { stop: 0, bgColor: '#f7fbff' },
  { stop: 1, bgColor: '#6baed6' },
];

/** One metric of the first layer of every operator. */
export function modelExplorerData(
  overview: ViewOverview,
  measures: readonly LayerMeasure[],
  flow: NamedFlow,
  metric: Metric,
): ModelExplorerData {
  const byLayer = new Map(measures.map((m) => [m.layer, m]));
  const results: Record<string, { value: number }> = Object.create(null) as Record<
    string,
    { value: number }
  >;
  flow.nodes.forEach(({ layers }, i) => {
    const key = flow.outputs[i];
    const value = metricOf(metric, overview.layers[layers[0]], byLayer.get(layers[0]));
    if (key !== '' && value !== null && Number.isFinite(value)) results[key] = { value };
  });
  return { results, gradient };
}

/** A metric of a layer, null where it has none. */
export function metricOf(
  metric: Metric,
  layer: LayerSummary | undefined,
  measure: LayerMeasure | undefined,
): number | null {
  switch (metric) {
    case 'sparsity':
      return measure?.sparsity ?? null;
    case 'compressibility':
      return measure?.entropy.compressibility ?? null;
    case 'bits':
      return layer?.coded?.bitsPerWeight ?? measure?.entropy.bound ?? null;
    case 'ratio':
      return layer?.coded?.ratio ?? null;
    case 'rmse':
      return layer?.coded?.rmse ?? null;
    case 'balance':
      return measure?.peBalance ?? null;
  }
}
