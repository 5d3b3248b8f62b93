/** Questions on one layer: histograms, tiles, sums, patterns, and how a compressed one is coded. */
import type {
  CodebookView,
  GridView,
  HuffmanView,
  LayoutKind,
  Marginals,
  PruningPattern,
  SpendingView,
  StreamView,
  Tile,
  TileChannel,
} from '../../view/types.ts';
import type { ViewSubject } from '../../view/view-core.ts';
import { either, listOf, number, oneOf, optional, pairOf, record, type Shape } from '../shape.ts';
import { defineQuestion, type Asked } from './define.ts';
import type { LinearHistogram, LogHistogram } from '../../measure/histogram.ts';

/** A layer; with `minus`, what it has more than that layer of the other model of the question. */
export interface Subject {
  readonly layer: number;
  readonly minus?: number;
}

const subject: Shape<Subject> = { layer: number, minus: optional(number) };
const layout = oneOf<LayoutKind>({ matrix: true, kernels: true, row: true });

interface HistogramQuery extends Subject {
  readonly scale: 'linear' | 'log';
  /** 1 to 4096. */
  readonly bins: number;
  /** So that an original and its compressed layer share their bins: linear, another range than that
   * of the layer's values; log, magnitudes that are covered at least. */
  readonly range?: readonly [number, number];
}

export const histogram = defineQuestion<HistogramQuery, LinearHistogram | LogHistogram>({
  query: record<HistogramQuery>({
    ...subject,
    scale: oneOf({ linear: true, log: true }),
    bins: number,
    range: optional(pairOf(number)),
  }),
  answer: (query, asked) =>
    asked.model.histogram(subjectOf(query, asked), query, asked.asking(query.layer)),
});

interface TileQuery extends Subject {
  readonly layout: LayoutKind;
  readonly level: number;
  readonly x: number;
  readonly y: number;
  /** 16 to 1024, a power of two. */
  readonly size: number;
  /** `values` only at level 0. */
  readonly channels: readonly TileChannel[];
}

/** A tile: block (x size, y size) of `level` and its neighbours. */
export const tile = defineQuestion<TileQuery, Tile>({
  query: record<TileQuery>({
    ...subject,
    layout,
    level: number,
    x: number,
    y: number,
    size: number,
    channels: listOf(
      oneOf<TileChannel>({ values: true, nonzeros: true, density: true, mean: true, max: true }),
    ),
  }),
  answer: (query, asked) => {
    const { level, x, y, size, channels } = query;
    const of = subjectOf(query, asked);
    const at = { level, x, y, size };
    return asked.model.tile(of, query.layout, at, channels, asked.asking(query.layer));
  },
});

interface MarginalsQuery extends Subject {
  readonly layout: LayoutKind;
}

/** Sums along rows and columns of a layout. */
export const marginals = defineQuestion<MarginalsQuery, Marginals>({
  query: record<MarginalsQuery>({ ...subject, layout }),
  answer: (query, asked) =>
    asked.model.marginals(subjectOf(query, asked), query.layout, asked.asking(query.layer)),
});

/** Which granularity the zeros follow. */
export const pattern = defineQuestion<{ readonly layer: number }, PruningPattern>({
  query: record({ layer: number }),
  answer: ({ layer }, { model, asking }) => model.pattern(layer, asking(layer)),
});

interface CodebookQuery {
  readonly layer: number;
  /** A layer of the other model, to tell the error against it. */
  readonly original?: number;
}

export const codebook = defineQuestion<CodebookQuery, CodebookView>({
  query: record<CodebookQuery>({ layer: number, original: optional(number) }),
  answer: ({ layer, original }, { model, other, asking }) => {
    const against = original === undefined ? undefined : { model: other(), layer: original };
    return model.codebook(layer, against, asking(layer));
  },
});

/** The levels and steps of a layer on a grid; with `original`, a layer of the other model, the error. */
export const grid = defineQuestion<CodebookQuery, GridView>({
  query: record<CodebookQuery>({ layer: number, original: optional(number) }),
  answer: ({ layer, original }, { model, other, asking }) => {
    const against = original === undefined ? undefined : { model: other(), layer: original };
    return model.grid(layer, against, asking(layer));
  },
});

/** What the arithmetic coder spends on the levels of a layer on a grid. */
export const spending = defineQuestion<{ readonly layer: number }, SpendingView>({
  query: record({ layer: number }),
  answer: ({ layer }, { model, asking }) => model.spending(layer, asking(layer)),
});

interface HuffmanQuery {
  readonly layer: number;
  readonly stream: 'values' | 'gaps';
}

export const huffman = defineQuestion<HuffmanQuery, HuffmanView>({
  query: record<HuffmanQuery>({ layer: number, stream: oneOf({ values: true, gaps: true }) }),
  answer: ({ layer, stream: coded }, { model, asking }) =>
    model.huffman(layer, coded, asking(layer)),
});

interface StreamQuery {
  readonly layer: number;
  readonly from: { readonly entry: number } | { readonly position: number };
  readonly count: number;
}

/** At most 4096 steps from an entry, or from the weight at a flat index on; within one block. */
export const stream = defineQuestion<StreamQuery, StreamView>({
  query: record<StreamQuery>({
    layer: number,
    from: either(
      record<{ readonly entry: number }>({ entry: number }),
      record<{ readonly position: number }>({ position: number }),
    ),
    count: number,
  }),
  answer: ({ layer, from, count }, { model, asking }) =>
    model.stream(layer, from, count, asking(layer)),
});

function subjectOf({ layer, minus }: Subject, { other }: Asked): ViewSubject {
  return minus === undefined ? { layer } : { layer, minus: { model: other(), layer: minus } };
}
