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
import type { ViewOverview } from '../view/types.ts';
import type { FileInput } from './protocol-model.ts';
import type { Questions } from './questions/all.ts';

export type { Subject } from './questions/layer.ts';
export type { EntropyBound } from '../measure/entropy.ts';
export type { LinearHistogram, LogHistogram } from '../measure/histogram.ts';
export type { Metric, ModelExplorerData, NetronAttachment } from '../view/exports.ts';
export type {
  CodebookErrors,
  CodebookView,
  CodedSummary,
  FlowGraph,
  FlowNode,
  Grain,
  GrainCount,
  GridView,
  HuffmanTree,
  HuffmanView,
  LayerDifference,
  LayerMeasure,
  LayerPair,
  LayerSummary,
  LayoutKind,
  LayoutSummary,
  Marginals,
  PairList,
  PruningPattern,
  SpendingView,
  StreamView,
  Tile,
  TileChannel,
  ViewOverview,
  ViewPort,
} from '../view/types.ts';

/** Every question by name: what it takes and what it gives (questions/all.ts lists them). */
export type Views = Questions;

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

/** One question, by its name in `Views`, with its query. */
export interface ViewInput {
  readonly view: number;
  /** The second model, for `minus`, `original`, `pairs` and `difference`. */
  readonly other?: number;
  readonly name: string;
  readonly query: object;
}

export type ViewResult = Views[ViewName]['result'];
