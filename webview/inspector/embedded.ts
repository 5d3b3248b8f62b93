/**
 * Answers from what a page holds that is a file of its own: the same questions as the worker's, as far
 * as the file goes. What it does not hold says so.
 */
import type {
  Marginals,
  StreamView,
  Tile,
  ViewName,
  Views,
} from '../../src/engine/protocol-view.ts';
import {
  pageBins,
  type EmbeddedLayer,
  type EmbeddedModel,
} from '../../src/engine/protocol-page.ts';
import type { Ask } from './asker.ts';

type Answers = { readonly [K in ViewName]?: (query: Views[K]['query']) => Views[K]['result'] };

/** @param absent what to say of a question that the file has no answer to */
export function embeddedAnswers(model: EmbeddedModel, absent: string): Ask {
  const layers = new Map(model.layers.map((l) => [l.layer, l]));
  const measures = new Map(model.measures.map((m) => [m.layer, m]));
  const held = (layer: number): EmbeddedLayer => layers.get(layer) ?? missing(absent);
  const codes = (layer: number) => held(layer).coded ?? missing(absent);
  const answers: Answers = {
    overview: () => model.overview,
    flow: () => model.flow,
    measure: (query) => ({
      measures: query.layers.flatMap((l) => measures.get(l) ?? []),
      failed: query.layers.filter((l) => !measures.has(l)).map((layer) => ({ layer, why: absent })),
    }),
    histogram: ({ layer, minus, scale, bins, range }) => {
      const of = held(layer);
      if (minus !== undefined || range) missing(absent);
      return scale === 'log' ? of.log : bins === pageBins.spark ? of.spark : of.linear;
    },
    tile: ({ layer, minus, layout, level, x, y, size }) => {
      const { picture } = held(layer);
      if (minus !== undefined || picture.layout !== layout || picture.tile.level !== level)
        missing(absent);
      return piece(picture.tile, x, y, size) ?? missing(absent);
    },
    marginals: ({ layer, minus, layout }): Marginals => {
      const { picture } = held(layer);
      if (minus !== undefined || picture.layout !== layout) missing(absent);
      return picture.marginals;
    },
    pattern: ({ layer }) => held(layer).pattern,
    codebook: ({ layer }) => codes(layer).codebook ?? missing(absent),
    grid: ({ layer }) => codes(layer).grid ?? missing(absent),
    spending: ({ layer }) => codes(layer).spending ?? missing(absent),
    huffman: ({ layer, stream }) => {
      const { values, gaps } = codes(layer);
      return (stream === 'values' ? values : gaps) ?? missing(absent);
    },
    stream: ({ layer, from, count }) => {
      const { stream } = codes(layer);
      if (!('entry' in from) || from.entry >= stream.count) missing(absent);
      return stretch(stream, from.entry, count);
    },
  };
  return async (name, query) => {
    const answer = answers[name] as ((q: typeof query) => Views[typeof name]['result']) | undefined;
    return answer ? answer(query) : missing(absent);
  };
}

function missing(absent: string): never {
  throw new Error(absent);
}

/** The part of a tile that another, of the same level, covers; undefined: nothing of it. */
export function piece(whole: Tile, x: number, y: number, size: number): Tile | undefined {
  const [x0, y0] = [x * size, y * size];
  const width = Math.min(size, whole.width - x0);
  const height = Math.min(size, whole.height - y0);
  if (width <= 0 || height <= 0) return undefined;
  const of = <A extends Float32Array | Uint32Array | Uint8Array>(all: A | undefined) => {
    if (!all) return undefined;
    const part = new (all.constructor as new (length: number) => A)(width * height);
    for (let r = 0; r < height; r++) {
      const from = (y0 + r) * whole.width + x0;
      part.set(all.subarray(from, from + width), r * width);
    }
    return part;
  };
  const { values, nonzeros, density, mean, max, level, weights } = whole;
  const parts = { values, nonzeros, density, mean, max };
  const cut = Object.entries(parts).flatMap(([name, all]) => (all ? [[name, of(all)]] : []));
  return { level, x, y, size, width, height, weights, ...Object.fromEntries(cut) } as Tile;
}

/** `count` steps from an entry on, as far as they are held. */
export function stretch(stream: StreamView, first: number, count: number): StreamView {
  const last = Math.min(stream.count, first + count);
  const parts = Object.entries(stream).map(([name, value]) => [
    name,
    ArrayBuffer.isView(value) ? (value as Uint8Array).subarray(first, last) : (value as unknown),
  ]);
  return {
    ...(Object.fromEntries(parts) as unknown as StreamView),
    first: stream.first + first,
    count: last - first,
  };
}
