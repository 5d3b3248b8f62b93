/**
 * What a page that is a file gets of a model: the overview and the statistics of all layers, and, for
 * the largest layers first, histograms, codes and one coarse picture each, until the limit is reached.
 * Everything is asked of the same `ViewModel` that answers the inspector.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Asking } from '../../view/pace.ts';
import type { LayerMeasure, LayerSummary, LayoutSummary } from '../../view/types.ts';
import type { ViewModel } from '../../view/view-model.ts';
import type { OnProgress } from '../jobs/progress.ts';
import {
  packed,
  pageBins,
  pageSteps,
  pageTile,
  type EmbeddedLayer,
  type EmbeddedModel,
} from '../protocol-page.ts';
import type { LinearHistogram, LogHistogram } from '../../measure/histogram.ts';

/** Characters of layers with their pictures, in all. */
export const embeddedLimit = 16_000_000;
/** Bytes of all pictures together, before base64; each layer gets its share. */
const pictureBytes = 6_000_000;
const blockBytes = 13;
const blocks = { least: 1024, most: 16384 };

export interface Collected {
  /** An `EmbeddedModel` as JSON. */
  readonly text: string;
  readonly pictured: number;
}

export async function collectModel(
  model: ViewModel,
  signal: AbortSignal,
  onProgress: OnProgress,
  limit = embeddedLimit,
): Promise<Collected> {
  const overview = model.overview();
  const visible = overview.layers.filter((l) => l.hidden === '');
  const weights = Math.max(
    1,
    visible.reduce((n, l) => n + l.parameters, 0),
  );
  let done = 0;
  const asking = (layer: LayerSummary, part: 0 | 1): Asking => ({
    signal,
    onFraction: (f) =>
      onProgress({
        stage: part === 0 ? 'measure' : 'pictures',
        layer: layer.name,
        fraction: (part + Math.min(1, (done + f * layer.parameters) / weights)) / 2,
      }),
  });
  const measures: LayerMeasure[] = [];
  for (const layer of visible) {
    const measure = await unlessUnreadable(() => model.measure(layer, asking(layer, 0)));
    if (measure) measures.push(measure);
    done += layer.parameters;
  }
  done = 0;
  const measured = new Set(measures.map((m) => m.layer));
  const order = visible
    .filter((l) => measured.has(l.layer))
    .sort((a, b) => Number(isMatrix(b)) - Number(isMatrix(a)) || b.bytes - a.bytes);
  const share = Math.floor(pictureBytes / blockBytes / Math.max(1, order.filter(isMatrix).length));
  const most = Math.min(blocks.most, Math.max(blocks.least, share));
  const layers: string[] = [];
  const pictured = new Map<number, LayoutSummary>();
  let length = 0;
  for (const layer of order) {
    const found = await unlessUnreadable(() => layerOf(model, layer, most, asking(layer, 1)));
    done += layer.parameters;
    if (!found) continue;
    const text = packed(found);
    if (length + text.length > limit) break;
    length += text.length;
    layers.push(text);
    const { level } = found.picture.tile;
    pictured.set(layer.layer, { ...layer.layouts[0], topLevel: level, finest: level });
  }
  const { nodes, edges } = model.flow();
  const rest: Omit<EmbeddedModel, 'layers'> = {
    overview: {
      ...overview,
      layers: overview.layers.map((l) => {
        const layout = pictured.get(l.layer);
        return { ...l, layouts: layout ? [layout] : [] };
      }),
    },
    measures,
    flow: { nodes, edges },
  };
  const text = `${packed(rest).slice(0, -1)},"layers":[${layers.join(',')}]}`;
  return { text, pictured: pictured.size };
}

const isMatrix = (l: LayerSummary): boolean => l.role === 'weight' || l.role === 'embedding';

async function layerOf(
  model: ViewModel,
  summary: LayerSummary,
  mostBlocks: number,
  asking: Asking,
): Promise<EmbeddedLayer> {
  const { layer } = summary;
  const layout = summary.layouts[0];
  const level = levelFor(layout, mostBlocks);
  const place = { level, x: 0, y: 0, size: pageTile };
  const channels =
    level === 0 ? (['values'] as const) : (['nonzeros', 'density', 'mean', 'max'] as const);
  const histogram = (scale: 'linear' | 'log', bins: number) =>
    model.histogram({ layer }, { scale, bins }, asking);
  return {
    layer,
    spark: (await histogram('linear', pageBins.spark)) as LinearHistogram,
    linear: (await histogram('linear', pageBins.linear)) as LinearHistogram,
    log: (await histogram('log', pageBins.log)) as LogHistogram,
    pattern: await model.pattern(layer, asking),
    picture: {
      layout: layout.kind,
      tile: await model.tile({ layer }, layout.kind, place, channels, asking),
      marginals: await model.marginals({ layer }, layout.kind, asking),
    },
    coded:
      summary.coded && !summary.coded.bytewise
        ? {
            ...(summary.coded.grid === null
              ? { codebook: await model.codebook(layer, undefined, asking) }
              : { grid: await model.grid(layer, undefined, asking) }),
            ...(summary.coded.grid !== null && summary.coded.coder === 'arithmetic'
              ? { spending: await model.spending(layer, asking) }
              : { values: await model.huffman(layer, 'values', asking) }),
            ...(summary.coded.indexBits > 0 && {
              gaps: await model.huffman(layer, 'gaps', asking),
            }),
            stream: await model.stream(layer, { entry: 0 }, pageSteps.held, asking),
          }
        : null,
  };
}

/** The finest level that is one tile and has no more blocks than that. */
export function levelFor({ rows, cols, topLevel }: LayoutSummary, mostBlocks: number): number {
  for (let level = 0; level < topLevel; level++) {
    const [height, width] = [Math.ceil(rows / 2 ** level), Math.ceil(cols / 2 ** level)];
    if (height <= pageTile && width <= pageTile && height * width <= mostBlocks) return level;
  }
  return topLevel;
}

async function unlessUnreadable<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof DeepCompressionError) || error.code === 'cancelled') throw error;
    return undefined;
  }
}
