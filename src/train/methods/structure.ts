/**
 * The steps that change what ties values together: pruning and sharing, decided by the very code that
 * compresses a model without training (compress/), so that a recipe means the same in both.
 * Pruning: Han et al. 2015, section 3; sharing: Deep Compression, section 3.
 */
import type { CompressibleDType } from '../../model/dtype.ts';
import type { Tensor } from '../../model/model.ts';
import { layerHistogram, shareLayer, type Cut, type LayerJob } from '../../compress/layer.ts';
import {
  analyseGrains,
  commonCuts,
  groupsOf,
  ownCut,
  type AnalysedLayer,
} from '../../compress/prune/cuts.ts';
import { hashSeed } from '../../compress/hash/places.ts';
import { clearPrunedGrains } from '../../compress/prune/grains.ts';
import type { LayerRecipe } from '../../compress/recipe.ts';
import { exactQuantizer, QuantizerTable } from '../../compress/share/quantizer.ts';
import { runTask } from '../../compress/tasks.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { maskOf } from '../optimizer.ts';
import { hashedOf } from './hashed.ts';
import { spread, type Parameter } from './parameters.ts';
import { ternaryOf } from './ternary.ts';

/** A layer that stages may prune and share. */
export interface Layer {
  readonly parameter: Parameter;
  readonly tensor: Tensor & { readonly dtype: CompressibleDType };
  readonly recipe: LayerRecipe;
}

function jobOf({ parameter, tensor }: Layer, recipe: LayerRecipe, seed: number): LayerJob {
  const source = {
    weights: parameter.values.length,
    dtype: tensor.dtype,
    readValues(start: number, target: Float32Array | Float64Array) {
      target.set(parameter.values.subarray(start, start + target.length));
    },
  };
  return {
    tensor,
    recipe,
    seed: (seed ^ Math.imul(tensor.id + 1, 0x9e3779b1)) >>> 0,
    runner: { run: (_, task) => Promise.resolve(runTask(source, task)) },
    signal: undefined,
    onStep() {},
  };
}

/**
 * Prunes the layers at `part` (0..1) of the way to what their recipes ask for: quality and target are
 * multiplied by it. Connections that are gone stay gone. Global targets are met by all given layers
 * with the same target together.
 */
export async function pruneLayers(layers: readonly Layer[], part: number): Promise<void> {
  const analysed = new Map<Layer, AnalysedLayer>();
  for (const layer of layers) {
    const { prune } = layer.recipe;
    if (prune.method === 'none') continue;
    const reached = { ...prune, quality: prune.quality * part, target: prune.target * part };
    const job = jobOf(layer, { ...layer.recipe, prune: reached }, 0);
    const grains = await analyseGrains(job);
    analysed.set(layer, { job, histogram: await layerHistogram(job), grains });
  }
  const cuts = new Map<Layer, Cut>();
  for (const { method, target, layers: group } of groupsOf(
    [...analysed.keys()],
    ({ recipe }) => recipe.prune,
  )) {
    const common = await commonCuts(
      group.map((layer) => analysed.get(layer)!),
      target * part,
      method,
    );
    group.forEach((layer, i) => cuts.set(layer, common[i]!));
  }
  for (const [layer, analysis] of analysed)
    applyCut(layer.parameter, cuts.get(layer) ?? (await ownCut(analysis)));
}

function applyCut(parameter: Parameter, { threshold, grains }: Cut): void {
  const { values } = parameter;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]!) < threshold) values[i] = 0;
  if (grains) clearPrunedGrains(grains, 0, values, values.length);
  // what was shared before is free again: the next sharing decides anew
  parameter.structure = { kind: 'dense', mask: maskOf(values) };
  spread(parameter);
}

/** Gives the surviving weights of a layer shared values, as its recipe says. */
export async function shareValues(layer: Layer, seed: number): Promise<void> {
  const { parameter, recipe } = layer;
  const { values } = parameter;
  const { quantizer, codebook } =
    recipe.share.method === 'exact'
      ? exactQuantizer(distinctValues(parameter))
      : await sharedBy(layer, seed);
  const codes = new Uint16Array(values.length);
  new QuantizerTable(quantizer, values.length).quantize(values, values.length, 0, codes);
  parameter.structure = {
    kind: 'shared',
    codes: Uint8Array.from(codes),
    codebook: Float32Array.from(codebook),
  };
  spread(parameter);
}

/** Leaves a layer two values besides zero, both trained (ternary.ts). What was pruned stays so. */
export function makeTernary({ parameter }: Layer, cut: number): void {
  const { values, structure } = parameter;
  const pruned = values.includes(0) && structure.kind === 'dense' ? maskOf(values) : undefined;
  parameter.structure = ternaryOf(values, cut, pruned);
  spread(parameter);
}

/** Leaves a layer `part` times as many values, picked by a hash of each weight's place. */
export function makeHashed({ parameter, tensor }: Layer, part: number): void {
  const { values, shape } = parameter;
  const bias = tensor.role === 'bias';
  const { geometry } = tensor;
  const place =
    !bias && geometry?.matrices === 1
      ? { outputs: geometry.rows, inputs: geometry.cols, transposed: geometry.transposed }
      : { outputs: shape[0]!, inputs: values.length / shape[0]!, transposed: false };
  const layout = { values: Math.ceil(part * values.length), ...place, bias, seed: hashSeed };
  parameter.structure = hashedOf(values, layout);
  spread(parameter);
}

async function sharedBy(layer: Layer, seed: number): ReturnType<typeof shareLayer> {
  const job = jobOf(layer, layer.recipe, seed);
  return shareLayer(job, { threshold: 0 }, await layerHistogram(job));
}

function distinctValues({ name, values }: Parameter): Float64Array {
  const distinct = new Set<number>();
  for (let i = 0; i < values.length; i++) if (values[i] !== 0) distinct.add(values[i]!);
  if (distinct.size > 255)
    throw new DeepCompressionError(
      'invalid-recipe',
      `invalid recipe: ${name} has more than 255 distinct values, so share.method exact cannot keep them`,
    );
  return Float64Array.from(distinct).sort();
}
