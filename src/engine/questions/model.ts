/** Questions on whole models: overview, data flow, statistics, pairs, differences, exports. */
import {
  metrics,
  modelExplorerData,
  netronAttachment,
  type Metric,
  type ModelExplorerData,
  type NetronAttachment,
} from '../../view/exports.ts';
import type {
  FlowGraph,
  LayerDifference,
  LayerMeasure,
  PairList,
  ViewOverview,
} from '../../view/types.ts';
import { either, exactly, listOf, number, record, type Check } from '../shape.ts';
import { defineQuestion, eachOf, type Asked } from './define.ts';

type Nothing = Readonly<Record<string, never>>;
const nothing = record<Nothing>({});

/** A layer that cannot be read or compared, and one line why. */
interface Failed {
  readonly layer: number;
  readonly why: string;
}

interface Measured {
  readonly measures: readonly LayerMeasure[];
  readonly failed: readonly Failed[];
}

/** The file, its layers and how each can be shown: from the index, without reading a weight. */
export const overview = defineQuestion<Nothing, ViewOverview>({
  query: nothing,
  answer: (_, { model }) => model.overview(),
});

/** The data flow between the layers, for a drawing. */
export const flow = defineQuestion<Nothing, FlowGraph>({
  query: nothing,
  answer: (_, { model }) => {
    const { nodes, edges } = model.flow();
    return { nodes, edges };
  },
});

/** Statistics of layers, read once each. What cannot be read says why. */
export const measure = defineQuestion<{ readonly layers: readonly number[] }, Measured>({
  query: record({ layers: listOf(number) }),
  answer: ({ layers }, asked) => measured(layers, asked),
});

/** Which layers of the two models belong together. */
export const pairs = defineQuestion<Nothing, PairList>({
  query: nothing,
  answer: (_, { model, other }) => model.pairs(other()),
});

interface LayerPairing {
  readonly layer: number;
  readonly other: number;
}

interface Differences {
  readonly differences: readonly LayerDifference[];
  readonly failed: readonly Failed[];
}

/** this - other for pairs of layers, in the order asked; what cannot be compared says why. */
export const difference = defineQuestion<{ readonly pairs: readonly LayerPairing[] }, Differences>({
  query: record({ pairs: listOf(record<LayerPairing>({ layer: number, other: number })) }),
  answer: async (query, { model, other, asking }) => {
    const there = other();
    const differences: LayerDifference[] = [];
    const failed = await eachOf(query.pairs, async (pair, from, to) => {
      const { layer } = pair;
      const subject = { layer, minus: { model: there, layer: pair.other } };
      differences.push(await model.difference(subject, asking(layer, from, to)));
    });
    return { differences, failed };
  },
});

type Export =
  { readonly format: 'netron' } | { readonly format: 'model-explorer'; readonly metric: Metric };

const metric: Check<Metric> = (v): v is Metric => metrics.some((known) => known === v);

/** Metrics for Netron and Model Explorer, over all layers that can be read. */
export const exported = defineQuestion<Export, NetronAttachment | ModelExplorerData>({
  query: either(
    record<Extract<Export, { format: 'netron' }>>({ format: exactly('netron') }),
    record<Extract<Export, { format: 'model-explorer' }>>({
      format: exactly('model-explorer'),
      metric,
    }),
  ),
  answer: async (query, asked) => {
    const { model } = asked;
    const whole = model.overview();
    const layers = whole.layers.filter((l) => l.hidden === '').map((l) => l.layer);
    const { measures } = await measured(layers, asked);
    return query.format === 'netron'
      ? netronAttachment(whole, measures)
      : modelExplorerData(whole, measures, model.flow(), query.metric);
  },
});

async function measured(layers: readonly number[], { model, asking }: Asked): Promise<Measured> {
  const measures: LayerMeasure[] = [];
  const items = layers.map((layer) => ({ layer }));
  const failed = await eachOf(items, async ({ layer }, from, to) => {
    measures.push(await model.measure({ layer }, asking(layer, from, to)));
  });
  return { measures, failed };
}
