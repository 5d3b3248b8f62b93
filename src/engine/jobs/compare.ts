/**
 * compare: how the tensors of one model differ from those of another, matched by name. The same
 * computation as the model inspector's comparison, and over the same open models, so that what one
 * has counted the other need not. Only tensors are compared, not the graph around them.
 */
import type { ViewModel } from '../../view/view-model.ts';
import type { LayerDifference, LayerPair } from '../../view/types.ts';
import type {
  ComparedLayer,
  ComparedModel,
  CompareInput,
  CompareResult,
} from '../protocol-compare.ts';
import { defineJob } from './define.ts';
import { fileInput } from './inputs.ts';
import { monotone } from './progress.ts';
import { eachOf } from '../questions/define.ts';

const reasons: Readonly<Record<Exclude<LayerPair['why'], ''>, string>> = {
  shape: 'the shapes differ',
  'no numbers': 'no numbers',
};

export const compareJob = defineJob<CompareInput, CompareResult>({
  input: { original: fileInput, changed: fileInput },
  run: async (input, { signal, onProgress, room }) => {
    const progress = monotone(onProgress);
    const original = room.open(input.original);
    try {
      const changed = room.open(input.changed);
      try {
        const there = original.model;
        const here = changed.model;
        const { pairs, onlyHere, onlyThere } = here.pairs(there);
        const comparable = pairs.filter((p) => p.why === '');
        const found: LayerDifference[] = [];
        const failed = await eachOf(comparable, async (pair, from, to) => {
          const name = nameIn(here, pair.layer);
          const minus = { model: there, layer: pair.other };
          const difference = await here.difference(
            { layer: pair.layer, minus },
            {
              signal,
              onFraction: (f) =>
                progress({ stage: 'compare', layer: name, fraction: from + (to - from) * f }),
            },
          );
          found.push(difference);
        });
        const layers = found.map((d) => layerOf(there, d)).sort((a, b) => weight(b) - weight(a));
        return {
          original: modelOf(there),
          changed: modelOf(here),
          layers,
          totals: totalsOf(layers),
          skipped: [
            ...pairs.flatMap(({ layer, why }) =>
              why === '' ? [] : [{ name: nameIn(here, layer), reason: reasons[why] }],
            ),
            ...failed.map(({ layer, why }) => ({ name: nameIn(here, layer), reason: why })),
          ],
          onlyInOriginal: onlyThere.map((layer) => nameIn(there, layer)),
          onlyInChanged: onlyHere.map((layer) => nameIn(here, layer)),
        };
      } finally {
        room.close(changed.view);
      }
    } finally {
      room.close(original.view);
    }
  },
});

/** What was all zero in the original and is not any more has changed beyond measure. */
function weight({ relative, changed }: ComparedLayer): number {
  return relative ?? (changed > 0 ? Number.MAX_VALUE : 0);
}

function nameIn(model: ViewModel, layer: number): string {
  return model.source.model.tensors[layer]?.name ?? '';
}

function layerOf(
  original: ViewModel,
  { layer: _layer, other, ...difference }: LayerDifference,
): ComparedLayer {
  const { name, op, role, shape, dtype } = original.source.model.tensors[other];
  return { name, op, role, shape, dtype, ...difference };
}

function modelOf({ source }: ViewModel): ComparedModel {
  const { path, bytes, format, model } = source;
  return {
    path,
    bytes,
    format,
    parameters: model.tensors.reduce((sum, t) => sum + t.parameters, 0),
  };
}

function totalsOf(layers: readonly ComparedLayer[]): CompareResult['totals'] {
  const sum = (of: (layer: ComparedLayer) => number): number =>
    layers.reduce((total, layer) => total + of(layer), 0);
  const weights = sum((l) => l.weights);
  return {
    layers: layers.length,
    differing: sum((l) => (l.changed > 0 ? 1 : 0)),
    weights,
    changed: sum((l) => l.changed),
    becameZero: sum((l) => l.becameZero),
    becameNonzero: sum((l) => l.becameNonzero),
    signFlips: sum((l) => l.signFlips),
    nonFinite: sum((l) => l.nonFinite),
    largest: layers.reduce((most, l) => Math.max(most, l.largest), 0),
    rmse: weights > 0 ? Math.sqrt(sum((l) => l.l2 * l.l2) / weights) : 0,
  };
}
