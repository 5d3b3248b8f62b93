/**
 * What the model inspector asks of the worker. `openView` gives a handle on a file (two handles on one
 * file share everything that is computed); `view` asks one question of it; `closeView` gives it up.
 * Extension code uses `ViewHandle` (view-handle.ts), which also survives the end of a worker; a page
 * sees these types and passes questions on.
 *
 * Questions may be asked side by side. Those that a moving finger waits for (tiles, streams) go
 * first; an aborted question stops what nobody else waits for. Answers are copies: they may be kept
 * or transferred.
 */
import type { Metric, ModelExplorerData, NetronAttachment } from '../view/exports.ts';
import type {
  CodebookView,
  FlowGraph,
  HuffmanView,
  LayerDifference,
  LayerMeasure,
  LayoutKind,
  LinearHistogram,
  LogHistogram,
  Marginals,
  PairList,
  PruningPattern,
  StreamView,
  Tile,
  TileChannel,
  ViewOverview,
} from '../view/types.ts';
import type { FileInput } from './protocol-model.ts';

export type { Metric, ModelExplorerData, NetronAttachment } from '../view/exports.ts';
export type {
  CodebookErrors,
  CodebookView,
  CodedSummary,
  EntropyBound,
  FlowGraph,
  FlowNode,
  Grain,
  GrainCount,
  HuffmanTree,
  HuffmanView,
  LayerDifference,
  LayerMeasure,
  LayerPair,
  LayerSummary,
  LayoutKind,
  LayoutSummary,
  LinearHistogram,
  LogHistogram,
  Marginals,
  PairList,
  PruningPattern,
  StreamView,
  Tile,
  TileChannel,
  ViewOverview,
} from '../view/types.ts';

/** A layer; with `minus`, what it has more than that layer of the other model of the question. */
export interface Subject {
  readonly layer: number;
  readonly minus?: number;
}

/** Every question by name: what it takes and what it gives. */
export interface Views {
  /** The file, its layers and how each can be shown: from the index, without reading a weight. */
  overview: { query: Readonly<Record<string, never>>; result: ViewOverview };
  /** The data flow between the layers, for a drawing. */
  flow: { query: Readonly<Record<string, never>>; result: FlowGraph };
  /** Statistics of layers, read once each. What cannot be read says why. */
  measure: {
    query: { readonly layers: readonly number[] };
    result: {
      readonly measures: readonly LayerMeasure[];
      readonly failed: readonly { readonly layer: number; readonly why: string }[];
    };
  };
  /** `bins` 1 to 4096. `range`, so that an original and its compressed layer share their bins:
   * linear, another than that of the layer's values; log, magnitudes that are covered at least. */
  histogram: {
    query: Subject & {
      readonly scale: 'linear' | 'log';
      readonly bins: number;
      readonly range?: readonly [number, number];
    };
    result: LinearHistogram | LogHistogram;
  };
  /** A tile: block (x size, y size) of `level` and its neighbours; size 16 to 1024, a power of two. */
  tile: {
    query: Subject & {
      readonly layout: LayoutKind;
      readonly level: number;
      readonly x: number;
      readonly y: number;
      readonly size: number;
      /** `values` only at level 0. */
      readonly channels: readonly TileChannel[];
    };
    result: Tile;
  };
  /** Sums along rows and columns of a layout. */
  marginals: { query: Subject & { readonly layout: LayoutKind }; result: Marginals };
  /** Which granularity the zeros follow. */
  pattern: { query: { readonly layer: number }; result: PruningPattern };
  /** `original`: a layer of the other model, to tell the error of each shared value. */
  codebook: {
    query: { readonly layer: number; readonly original?: number };
    result: CodebookView;
  };
  huffman: {
    query: { readonly layer: number; readonly stream: 'values' | 'gaps' };
    result: HuffmanView;
  };
  /** At most 4096 steps from an entry, or from the weight at a flat index on; within one block. */
  stream: {
    query: {
      readonly layer: number;
      readonly from: { readonly entry: number } | { readonly position: number };
      readonly count: number;
    };
    result: StreamView;
  };
  /** Which layers of the two models belong together. */
  pairs: { query: Readonly<Record<string, never>>; result: PairList };
  /** this - other for pairs of layers, in the order asked; what cannot be compared says why. */
  difference: {
    query: { readonly pairs: readonly { readonly layer: number; readonly other: number }[] };
    result: {
      readonly differences: readonly LayerDifference[];
      readonly failed: readonly { readonly layer: number; readonly why: string }[];
    };
  };
  /** Metrics for Netron and Model Explorer, over all layers that can be read. */
  export: {
    query:
      | { readonly format: 'netron' }
      | { readonly format: 'model-explorer'; readonly metric: Metric };
    result: NetronAttachment | ModelExplorerData;
  };
}

export type ViewName = keyof Views;

export interface OpenViewInput {
  readonly file: FileInput;
}

export interface OpenViewResult {
  /** The handle, this opener's own. */
  readonly view: number;
  /** Changes with the file's content (path, size and time, external data included). */
  readonly stamp: string;
  readonly overview: ViewOverview;
}

export interface CloseViewInput {
  readonly view: number;
}

/** One question. `other`: the second model, for `minus`, `original`, `pairs` and `difference`. */
export type ViewInput = {
  [K in ViewName]: {
    readonly view: number;
    readonly other?: number;
    readonly name: K;
    readonly query: Views[K]['query'];
  };
}[ViewName];

export type ViewResult = Views[ViewName]['result'];
