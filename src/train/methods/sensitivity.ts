/**
 * How much each layer can take, without training: the sensitivity scan (Han et al. 2015, figure 5 and
 * section 3.2: every layer pruned alone) and the bits sweep (Deep Compression, figures 7 and 8: shared
 * values of 1 to 8 bits, layer by layer and kind by kind). Pruning and sharing are those of structure.ts,
 * on copies of the weights.
 */
import type { ShareRecipe } from '../../compress/recipe.ts';
import type { CompressibleDType } from '../../model/dtype.ts';
import type { LayerKind, Tensor } from '../../model/model.ts';
import { floatValues, type Graph } from '../graph.ts';
import type { Feeds, Runtime } from '../runtime.ts';
import type { Parameter } from './parameters.ts';
import { openPredictor, promoted, type Between, type PredictorOptions } from './predict.ts';
import type { Score } from './score.ts';
import { pruneLayers, shareValues, type Layer } from './structure.ts';

export type ScannedTensor = Tensor & { readonly dtype: CompressibleDType };

export interface ScanPlan {
  /** Shares of a layer's weights to prune. */
  readonly sparsities: readonly number[];
  readonly bits: readonly number[];
  readonly inits: readonly ShareRecipe['init'][];
  readonly order: Uint32Array;
  readonly seed: number;
  /** Numbers of the layers and, after these, of the kinds that are scanned; all when absent. */
  readonly only?: readonly number[];
}

export interface PrunedPoint extends Score {
  readonly sparsity: number;
}

export interface SharedPoint extends Score {
  readonly bits: number;
  readonly init: ShareRecipe['init'];
}

export interface LayerScan {
  readonly tensor: ScannedTensor;
  readonly pruned: readonly PrunedPoint[];
  readonly shared: readonly SharedPoint[];
}

export interface KindScan {
  /** The layers that share values together. */
  readonly kind: LayerKind | 'all';
  readonly shared: readonly SharedPoint[];
}

export interface Scan {
  readonly baseline: Score;
  readonly layers: readonly LayerScan[];
  readonly kinds: readonly KindScan[];
}

export interface ScanHooks {
  readonly turn: () => Promise<void>;
  /** `done` of `all` scores are known. */
  readonly onScore: (layer: string, done: number, all: number) => void;
}

export async function scan(
  runtime: Runtime,
  graph: Graph,
  options: PredictorOptions,
  tensors: readonly ScannedTensor[],
  plan: ScanPlan,
  hooks: ScanHooks,
): Promise<Scan> {
  const sharings = plan.bits.flatMap((bits) => plan.inits.map((init) => ({ bits, init })));
  const wanted = (unit: number): boolean => plan.only?.includes(unit) ?? true;
  const scanned = tensors.filter((_, i) => wanted(i));
  const groups = kindsOf(tensors).filter((_, i) => wanted(tensors.length + i));
  const perLayer = plan.sparsities.length + sharings.length;
  const all = 1 + scanned.length * perLayer + groups.length * sharings.length;
  let done = 0;

  /** Scores of the network with variants of some tensors; one session for all of them. */
  const scoring = async <T>(
    group: readonly ScannedTensor[],
    name: string,
    work: (score: (layers: readonly Layer[]) => Promise<Score>) => Promise<T>,
  ): Promise<T> => {
    const model = promoted(
      graph,
      group.map((t) => t.name),
    );
    const predictor = await openPredictor(runtime, model, options);
    const between: Between = hooks.turn;
    try {
      return await work(async (layers) => {
        const feeds: Feeds = Object.fromEntries(
          layers.map(({ parameter: { name: key, shape, values } }) => [
            key,
            { type: 'float32', dims: shape, data: values },
          ]),
        );
        const score = await predictor.score(plan.order, feeds, between);
        hooks.onScore(name, ++done, all);
        return score;
      });
    } finally {
      await predictor.close();
    }
  };
  const shareAll = async (
    group: readonly ScannedTensor[],
    score: (layers: readonly Layer[]) => Promise<Score>,
  ): Promise<SharedPoint[]> => {
    const points: SharedPoint[] = [];
    for (const { bits, init } of sharings) {
      const layers = group.map((t) => layerOf(graph, t, { bits, init }));
      for (const layer of layers) await shareValues(layer, plan.seed);
      points.push({ bits, init, ...(await score(layers)) });
    }
    return points;
  };

  const baseline = await scoring([], '', (score) => score([]));
  const layers: LayerScan[] = [];
  for (const tensor of scanned)
    layers.push(
      await scoring([tensor], tensor.name, async (score) => {
        const pruned: PrunedPoint[] = [];
        for (const sparsity of plan.sparsities) {
          const layer = layerOf(graph, tensor, { sparsity });
          await pruneLayers([layer], 1);
          pruned.push({ sparsity, ...(await score([layer])) });
        }
        return { tensor, pruned, shared: await shareAll([tensor], score) };
      }),
    );
  const kinds: KindScan[] = [];
  for (const { kind, group } of sharings.length > 0 ? groups : [])
    kinds.push({ kind, shared: await scoring(group, kind, (score) => shareAll(group, score)) });
  return { baseline, layers, kinds };
}

/** Each kind that has several layers, and all together where there are several kinds. */
export function kindsOf(
  tensors: readonly ScannedTensor[],
): { readonly kind: LayerKind | 'all'; readonly group: readonly ScannedTensor[] }[] {
  const byKind = new Map<LayerKind, ScannedTensor[]>();
  for (const tensor of tensors) {
    const kind = tensor.geometry?.kind ?? 'other';
    byKind.set(kind, [...(byKind.get(kind) ?? []), tensor]);
  }
  const single = [...byKind].map(([kind, group]) => ({ kind, group }));
  return [...single, ...(byKind.size > 1 ? [{ kind: 'all' as const, group: tensors }] : [])];
}

function layerOf(
  graph: Graph,
  tensor: ScannedTensor,
  wanted: {
    readonly sparsity?: number;
    readonly bits?: number;
    readonly init?: ShareRecipe['init'];
  },
): Layer {
  const parameter: Parameter = {
    name: tensor.name,
    shape: tensor.shape,
    values: floatValues(graph.initializers.get(tensor.name)!, tensor.name),
    isWeight: true,
    structure: { kind: 'dense' },
  };
  const { sparsity = 0, bits = 8, init = 'linear' } = wanted;
  return {
    parameter,
    tensor,
    recipe: {
      prune: { method: 'sparsity', quality: 0, target: sparsity, granularity: 'weight' },
      share: { method: 'kmeans', bits, init, noise: 0 },
      index: { bits: 'auto' },
      coder: 'huffman',
    },
  };
}
