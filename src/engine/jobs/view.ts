/** openView, view, closeView: the model inspector's questions (protocol-view.ts). */
import { DeepCompressionError } from '../../model/errors.ts';
import { modelExplorerData, netronAttachment } from '../../view/exports.ts';
import type { Asking } from '../../view/pace.ts';
import type { LayerDifference, LayerMeasure, TileChannel } from '../../view/types.ts';
import type { ViewSubject } from '../../view/view-core.ts';
import type { ViewModel } from '../../view/view-model.ts';
import type { Job } from '../protocol.ts';
import type { Subject, ViewInput, ViewResult } from '../protocol-view.ts';
import { ViewRoom } from '../view-room.ts';
import type { OnProgress } from './progress.ts';

export interface ViewJobs {
  readonly openView: Job<'openView'>;
  readonly closeView: Job<'closeView'>;
  readonly view: Job<'view'>;
}

export function viewJobs(room = new ViewRoom()): ViewJobs {
  return {
    openView: async ({ file }) => {
      const { view, stamp, model } = room.open(file);
      return { view, stamp, overview: model.overview() };
    },
    closeView: async ({ view }) => {
      room.close(view);
      return {};
    },
    view: async (input, signal, onProgress) => {
      const model = room.model(input.view);
      const other = input.other === undefined ? undefined : room.model(input.other);
      return answer(model, other, input, signal, onProgress);
    },
  };
}

const channelNames: readonly TileChannel[] = ['values', 'nonzeros', 'density', 'mean', 'max'];

async function answer(
  model: ViewModel,
  other: ViewModel | undefined,
  input: ViewInput,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<ViewResult> {
  const layerName = 'layer' in input.query ? nameOf(model, input.query.layer) : '';
  const asking = (layer = layerName, from = 0, to = 1): Asking => ({
    signal,
    onFraction: (f) =>
      onProgress({ stage: input.name, layer, fraction: from + (to - from) * Math.min(1, f) }),
  });
  switch (input.name) {
    case 'overview':
      return model.overview();
    case 'flow': {
      const { nodes, edges } = model.flow();
      return { nodes, edges };
    }
    case 'measure': {
      const { measures, failed } = await measured(model, input.query.layers, asking);
      return { measures, failed };
    }
    case 'histogram':
      return model.histogram(subjectOf(input.query, other), input.query, asking());
    case 'tile': {
      const { layout, level, x, y, size, channels } = input.query;
      const known = channels.filter((c) => channelNames.includes(c));
      const subject = subjectOf(input.query, other);
      return model.tile(subject, layout, { level, x, y, size }, known, asking());
    }
    case 'marginals':
      return model.marginals(subjectOf(input.query, other), input.query.layout, asking());
    case 'pattern':
      return model.pattern(input.query.layer, asking());
    case 'codebook': {
      const { layer, original } = input.query;
      const against =
        original === undefined ? undefined : { model: required(other), layer: original };
      return model.codebook(layer, against, asking());
    }
    case 'huffman':
      return model.huffman(input.query.layer, input.query.stream, asking());
    case 'stream': {
      const { layer, from, count } = input.query;
      return model.stream(layer, from, count, asking());
    }
    case 'pairs':
      return model.pairs(required(other));
    case 'difference': {
      const there = required(other);
      const found: LayerDifference[] = [];
      const { pairs } = input.query;
      const failed = await eachOf(pairs, async (pair, from, to) => {
        const { layer } = pair;
        const subject = { layer, minus: { model: there, layer: pair.other } };
        found.push(await model.difference(subject, asking(nameOf(model, layer), from, to)));
      });
      return { differences: found, failed };
    }
    case 'export': {
      const overview = model.overview();
      const layers = overview.layers.filter((l) => l.hidden === '').map((l) => l.layer);
      const { measures } = await measured(model, layers, asking);
      return input.query.format === 'netron'
        ? netronAttachment(overview, measures)
        : modelExplorerData(overview, measures, model.flow(), input.query.metric);
    }
    default:
      throw new DeepCompressionError('invalid-input', 'view: no such question');
  }
}

async function measured(
  model: ViewModel,
  layers: readonly number[],
  asking: (layer: string, from: number, to: number) => Asking,
) {
  const measures: LayerMeasure[] = [];
  const items = layers.map((layer) => ({ layer }));
  const failed = await eachOf(items, async ({ layer }, from, to) => {
    measures.push(await model.measure({ layer }, asking(nameOf(model, layer), from, to)));
  });
  return { measures, failed };
}

/** One after another; what a file causes is noted, everything else ends it. */
export async function eachOf<T extends { readonly layer: number }>(
  items: readonly T[],
  work: (item: T, from: number, to: number) => Promise<void>,
): Promise<{ layer: number; why: string }[]> {
  const failed: { layer: number; why: string }[] = [];
  for (const [i, item] of items.entries()) {
    try {
      await work(item, i / items.length, (i + 1) / items.length);
    } catch (error) {
      if (!(error instanceof DeepCompressionError) || error.code === 'cancelled') throw error;
      failed.push({ layer: item.layer, why: error.message });
    }
  }
  return failed;
}

function subjectOf({ layer, minus }: Subject, other: ViewModel | undefined): ViewSubject {
  return minus === undefined
    ? { layer }
    : { layer, minus: { model: required(other), layer: minus } };
}

function required(other: ViewModel | undefined): ViewModel {
  if (other === undefined)
    throw new DeepCompressionError('invalid-input', 'view: a second model is needed for this');
  return other;
}

function nameOf(model: ViewModel, layer: number): string {
  return model.source.model.tensors.at(layer)?.name ?? '';
}
