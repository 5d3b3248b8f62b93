/**
 * What the report shows, computed from the job's result: one row a layer in the form of the Deep
 * Compression paper's Tables 2 to 5, the totals row, and the bytes of the whole file by part.
 */
import type { CompressedLayer, ReportResult } from '../../src/engine/protocol-model.ts';
import type { Part } from '../charts/patterns.ts';

/** A layer, or all of them: null where a figure does not exist (no index in a dense layer). */
export interface Row {
  /** Position in the model; -1 for the totals. */
  readonly order: number;
  readonly name: string;
  readonly op: string;
  readonly shape: readonly number[];
  readonly weights: number;
  /** Fraction of weights kept. */
  readonly left: number;
  readonly weightBits: number;
  readonly weightBitsHuffman: number;
  readonly indexBits: number | null;
  readonly indexBitsHuffman: number | null;
  /** Fractions of 32-bit weights. */
  readonly rate: number;
  readonly rateHuffman: number;
  readonly stored: number;
  readonly bytes: CompressedLayer['bytes'];
  readonly coder: CompressedLayer['coder'] | null;
  readonly entropyWeight: number;
  readonly entropyIndex: number | null;
  readonly codebook: number | null;
  /** Of a layer on a grid, which has no codebook. */
  readonly levels: number | null;
  readonly fillers: number;
  readonly rmse: number | null;
}

export function rowOf(layer: CompressedLayer, order: number): Row {
  const dense = layer.indexBits === 0;
  return {
    order,
    name: layer.name,
    op: layer.op,
    shape: layer.shape,
    weights: layer.weights,
    left: 1 - layer.sparsity,
    weightBits: layer.valueBits,
    weightBitsHuffman: layer.huffmanBits.value,
    indexBits: dense ? null : layer.indexBits,
    indexBitsHuffman: dense ? null : layer.huffmanBits.index,
    rate: layer.paper.prunedQuantized,
    rateHuffman: layer.paper.prunedQuantizedHuffman,
    stored: layer.bytes.total,
    bytes: layer.bytes,
    coder: layer.coder,
    entropyWeight: layer.entropyBits.value,
    entropyIndex: dense ? null : layer.entropyBits.index,
    codebook: layer.grid ? null : layer.codebookSize,
    levels: layer.grid?.levels ?? null,
    fillers: layer.fillers,
    rmse: layer.rmse,
  };
}

/**
 * The totals row: bits are means over stored entries (of layers that have an index, for index
 * bits), rates are means over weights, so that total x 32 bits x weights is what all layers take.
 */
export function totalsOf(layers: readonly CompressedLayer[]): Row {
  const indexed = layers.filter((l) => l.indexBits > 0);
  const add = (value: (l: CompressedLayer) => number, of = layers): number =>
    of.reduce((sum, l) => sum + value(l), 0);
  const mean = (
    value: (l: CompressedLayer) => number,
    weight: (l: CompressedLayer) => number,
    of = layers,
  ): number => add((l) => value(l) * weight(l), of) / (add(weight, of) || 1);
  const entries = (l: CompressedLayer): number => l.entries;
  const weights = (l: CompressedLayer): number => l.weights;
  const total = add(weights);
  const indexMean = (value: (l: CompressedLayer) => number): number | null =>
    indexed.length === 0 ? null : mean(value, entries, indexed);
  return {
    order: -1,
    name: '',
    op: '',
    shape: [],
    weights: total,
    left: add((l) => l.nonzeros) / (total || 1),
    weightBits: mean((l) => l.valueBits, entries),
    weightBitsHuffman: mean((l) => l.huffmanBits.value, entries),
    indexBits: indexMean((l) => l.indexBits),
    indexBitsHuffman: indexMean((l) => l.huffmanBits.index),
    rate: mean((l) => l.paper.prunedQuantized, weights),
    rateHuffman: mean((l) => l.paper.prunedQuantizedHuffman, weights),
    stored: add((l) => l.bytes.total),
    bytes: {
      values: add((l) => l.bytes.values),
      index: add((l) => l.bytes.index),
      codebook: add((l) => l.bytes.codebook),
      tables: add((l) => l.bytes.tables),
      total: add((l) => l.bytes.total),
    },
    coder: null,
    entropyWeight: mean((l) => l.entropyBits.value, entries),
    entropyIndex: indexMean((l) => l.entropyBits.index),
    codebook: null,
    levels: null,
    fillers: add((l) => l.fillers),
    rmse: null,
  };
}

/** Bytes of the whole file by part. They add up to the file's size: what is no layer is `rest`. */
export function fileParts(report: ReportResult): readonly { part: Part; bytes: number }[] {
  const { values, index, codebook, tables } = totalsOf(report.layers).bytes;
  const rest = report.output.bytes - values - index - codebook - tables;
  return [
    { part: 'values', bytes: values },
    { part: 'index', bytes: index },
    { part: 'codebook', bytes: codebook },
    { part: 'tables', bytes: tables },
    { part: 'rest', bytes: Math.max(0, rest) },
  ];
}

/** What the file's recipe is called, says of itself, and is in full. */
export function recipeOf(report: ReportResult): {
  readonly name: string;
  readonly description: string;
  readonly json: string;
} {
  const { recipe: name, recipeDetails } = report;
  const description = (recipeDetails as { description?: unknown } | undefined)?.description;
  return {
    name,
    description: typeof description === 'string' ? description : '',
    json: recipeDetails ? JSON.stringify(recipeDetails, null, 2) : '',
  };
}

/** Whether a recipe takes weights away; what is zero without that was rounded to zero. */
export function prunes({ recipeDetails }: Pick<ReportResult, 'recipeDetails'>): boolean {
  const { prune, kinds, layers } = (recipeDetails ?? {}) as Readonly<Record<string, unknown>>;
  const settings = [{ prune }, ...Object.values(kinds ?? {}), ...Object.values(layers ?? {})];
  return (
    recipeDetails === undefined ||
    settings.some((own: unknown) => {
      const { method } = (own as { readonly prune?: { readonly method?: unknown } }).prune ?? {};
      return method !== undefined && method !== 'none';
    })
  );
}

/** The last segment of a path of either platform. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}
