/**
 * What a page that is a file of its own holds of a model: answers to what the inspector asks first,
 * within a limit of size, and how they are written as text. The constants here are both what the
 * inspector asks and what is put into the file.
 */
import type {
  CodebookView,
  GridView,
  FlowGraph,
  HuffmanView,
  LayerMeasure,
  LayoutKind,
  Marginals,
  PruningPattern,
  SpendingView,
  StreamView,
  Tile,
  ViewOverview,
} from '../view/types.ts';
import type { FileInput, ReportResult } from './protocol-model.ts';
import type { LinearHistogram, LogHistogram } from '../measure/histogram.ts';

/** Bins of the histograms: in a row of the table, of a layer, of its magnitudes. */
export const pageBins = { spark: 28, linear: 96, log: 64 } as const;
/** Entries of a stream that are shown at a time, and that a file holds. */
export const pageSteps = { shown: 40, held: 200 } as const;
/** Blocks along the side of a tile. */
export const pageTile = 256;

/** A layer in a file, beside its place in the overview and its statistics. */
export interface EmbeddedLayer {
  readonly layer: number;
  readonly spark: LinearHistogram;
  readonly linear: LinearHistogram;
  readonly log: LogHistogram;
  readonly pattern: PruningPattern;
  /** Its first layout as one tile: the finest level there is room for. */
  readonly picture: {
    readonly layout: LayoutKind;
    readonly tile: Tile;
    readonly marginals: Marginals;
  };
  /** Of a compressed layer. */
  readonly coded: {
    /** Of a layer on a grid `grid`, else `codebook`. */
    readonly codebook?: CodebookView;
    readonly grid?: GridView;
    /** Of levels that are coded arithmetically `spending`, else `values`. */
    readonly values?: HuffmanView;
    readonly spending?: SpendingView;
    /** Absent in a dense layer. */
    readonly gaps?: HuffmanView;
    /** From its beginning. */
    readonly stream: StreamView;
  } | null;
}

export interface EmbeddedModel {
  /** Layers that are not among `layers` have no layouts; the others have the one of their picture. */
  readonly overview: ViewOverview;
  readonly measures: readonly LayerMeasure[];
  readonly flow: FlowGraph;
  readonly layers: readonly EmbeddedLayer[];
}

/** The data of such a page. */
export interface PageData {
  /** Of a .dcz. */
  readonly report: ReportResult | null;
  /** An `EmbeddedModel` as `packed` writes it. */
  readonly model: unknown;
}

export interface PageInput {
  readonly file: FileInput;
  /** Path of the .html to write. */
  readonly out: string;
  readonly overwrite: boolean;
}

export interface PageResult {
  readonly output: { readonly path: string; readonly bytes: number };
  readonly layers: number;
  /** Of them with pictures: fewer where the file would have become too large. */
  readonly pictured: number;
}

const arrays = {
  Uint8Array,
  Int32Array,
  Uint16Array,
  Uint32Array,
  Float32Array,
  Float64Array,
} as const;
type AnyArray = InstanceType<(typeof arrays)[keyof typeof arrays]>;

/** As JSON: typed arrays as `{"$": kind, "b": base64}`, numbers JSON has none of as `{"$": "number"}`. */
export function packed(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => {
    if (typeof v === 'number' && !Number.isFinite(v)) return { $: 'number', b: String(v) };
    if (!ArrayBuffer.isView(v)) return v;
    const { name } = v.constructor;
    if (!(name in arrays)) throw new TypeError(`a page holds no ${name}`);
    return { $: name, b: toBase64(new Uint8Array(v.buffer, v.byteOffset, v.byteLength)) };
  });
}

/** What `packed` wrote, already parsed as JSON. */
export function unpacked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(unpacked);
  const { $: kind, b } = value as { $?: unknown; b?: unknown };
  if (typeof kind === 'string' && typeof b === 'string') {
    if (kind === 'number') return Number(b);
    if (kind in arrays) return fromBase64(kind as keyof typeof arrays, b);
  }
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, unpacked(v)]));
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += 8192)
    text += String.fromCharCode(...bytes.subarray(from, from + 8192));
  return btoa(text);
}

function fromBase64(kind: keyof typeof arrays, text: string): AnyArray {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new arrays[kind](bytes.buffer);
}
