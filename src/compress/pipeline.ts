/**
 * From a model and a recipe to the plan of a compressed model: which tensors are coded, with which
 * values, and their coded blocks. Deterministic: the same model, recipe and seed give the same plan,
 * whatever the runner does in parallel. Layers overlap, so that threads have work while one layer's
 * values are being clustered.
 */
import { isCompressible, type CompressibleDType } from '../model/dtype.ts';
import { throwIfCancelled } from '../model/errors.ts';
import type { Model, Tensor } from '../model/model.ts';
import { asBytes, isBytewise } from './bytewise.ts';
import { codeLevels, gridAndCode } from './grid-layer.ts';
import {
  keepAndCode,
  layerHistogram,
  shareAndCode,
  type Cut,
  type LayerJob,
  type LeftAlone,
  type PlannedTensor,
} from './layer.ts';
import { checkGlobs } from './layer-globs.ts';
import { analyseGrains, commonCuts, groupsOf, ownCut, type AnalysedLayer } from './prune/cuts.ts';
import { recipeForLayer, type CodingRecipe } from './recipe.ts';
import type { AssignedGrid } from './share/grid.ts';
import type { TaskRunner } from './tasks.ts';

export interface CompressionPlan {
  /** In the order of `Tensor.id`. */
  readonly tensors: readonly PlannedTensor[];
  /** Why layers that the recipe asks for stay as they are, by `Tensor.id`. */
  readonly left: ReadonlyMap<number, string>;
}

export interface PipelineProgress {
  readonly stage: string;
  readonly layer: string;
  /** 0..1, never falling. */
  readonly fraction: number;
}

/** Layers under way at a time. */
const overlap = 3;

/**
 * `assigned`: levels and scales of some tensors, by id, that are coded as they are.
 * @throws DeepCompressionError `invalid-recipe` when a layer that the recipe names is not there
 */
export async function compressModel(
  model: Model,
  recipe: CodingRecipe,
  seed: number,
  runner: TaskRunner,
  signal: AbortSignal | undefined,
  onProgress: (progress: PipelineProgress) => void,
  assigned: ReadonlyMap<number, AssignedGrid> = new Map(),
): Promise<CompressionPlan> {
  checkGlobs(Object.keys(recipe.layers), model.tensors);
  const left = new Map<number, string>();
  const progress = new ProgressMeter(onProgress);
  const jobs: LayerJob[] = [];
  for (const tensor of model.tensors) {
    const job = jobOf(tensor, recipe);
    if (job === undefined) continue;
    const why = model.writer.whyNotReplaceable(tensor);
    if (why !== undefined) {
      left.set(tensor.id, why);
      continue;
    }
    progress.expect(job.tensor);
    jobs.push({
      ...job,
      seed: (seed ^ Math.imul(tensor.id + 1, 0x9e3779b1)) >>> 0,
      runner,
      signal,
      onStep: (stage, weights) => progress.step(job.tensor, stage, weights),
    });
  }
  const rounded = jobs.filter(({ tensor }) => isCompressible(tensor.dtype));
  const weights = rounded.reduce((sum, { tensor }) => sum + tensor.parameters, 0);
  const free = jobs.filter(({ tensor }) => !assigned.has(tensor.id));
  const cuts = await globalCuts(free, signal);
  const done = await overlapping(jobs, async (job) => {
    const levels = assigned.get(job.tensor.id);
    const part = job.tensor.parameters / weights;
    const result = await (levels
      ? codeLevels(job, levels)
      : compressLayer(job, cuts.get(job), part));
    progress.finish(job.tensor);
    return result;
  });
  throwIfCancelled(signal);
  const tensors: PlannedTensor[] = [];
  done.forEach((result, i) => {
    if ('coded' in result) tensors.push(result);
    else if (isCompressible(jobs[i].tensor.dtype))
      left.set(jobs[i].tensor.id, `it ${result.reason}`);
  });
  return { tensors, left };
}

/** What is done to a tensor and how; undefined for one that the recipe does not ask for. */
function jobOf(
  tensor: Tensor,
  recipe: CodingRecipe,
): Pick<LayerJob, 'tensor' | 'recipe'> | undefined {
  const layer = recipeForLayer(recipe, tensor);
  if (layer === undefined) return undefined;
  if (isBytewise(tensor))
    return {
      tensor: asBytes(tensor),
      recipe: { ...layer, share: { ...layer.share, method: 'exact' } },
    };
  return isCandidate(tensor, recipe) ? { tensor, recipe: layer } : undefined;
}

function isCandidate(
  tensor: Tensor,
  recipe: CodingRecipe,
): tensor is Tensor & { readonly dtype: CompressibleDType } {
  return (
    recipe.roles.includes(tensor.role) &&
    isCompressible(tensor.dtype) &&
    tensor.parameters > 0 &&
    tensor.parameters >= recipe.minimumWeights
  );
}

/** What is known of layers that were looked at together before their turn. */
interface Prepared {
  readonly layer: AnalysedLayer;
  readonly cut: Cut;
}

/** Layers with a global target are analysed first, all of one target together. */
async function globalCuts(
  jobs: readonly LayerJob[],
  signal: AbortSignal | undefined,
): Promise<Map<LayerJob, Prepared | LeftAlone>> {
  const cuts = new Map<LayerJob, Prepared | LeftAlone>();
  const prunable = ({ recipe }: LayerJob): boolean =>
    recipe.share.method !== 'exact' && recipe.share.method !== 'grid';
  const shared = jobs.filter(prunable);
  for (const { method, target, layers: group } of groupsOf(shared, ({ recipe }) => recipe.prune)) {
    const analysed = await overlapping(group, analyse);
    throwIfCancelled(signal);
    const layers = analysed.filter((a) => 'histogram' in a);
    const common = await commonCuts(layers, target, method);
    layers.forEach((layer, i) => cuts.set(layer.job, { layer, cut: common[i] }));
    analysed.forEach((a, i) => {
      if ('reason' in a) cuts.set(group[i], a);
    });
  }
  return cuts;
}

async function analyse(job: LayerJob): Promise<AnalysedLayer | LeftAlone> {
  const histogram = await layerHistogram(job);
  if (histogram.nonFinite > 0) return { reason: 'has values that are not finite' };
  return { job, histogram, grains: await analyseGrains(job) };
}

async function compressLayer(
  job: LayerJob,
  prepared: Prepared | LeftAlone | undefined,
  part: number,
): Promise<PlannedTensor | LeftAlone> {
  if (job.recipe.share.method === 'exact') return keepAndCode(job);
  if (job.recipe.share.method === 'grid') return gridAndCode(job, part);
  if (prepared !== undefined) {
    return 'reason' in prepared
      ? prepared
      : shareAndCode(job, prepared.cut, prepared.layer.histogram);
  }
  const layer = await analyse(job);
  if ('reason' in layer) return layer;
  return shareAndCode(job, await ownCut(layer), layer.histogram);
}

/** `work` on every item, a few at a time; results in order. The first failure stops the rest. */
async function overlapping<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const i = next++;
      try {
        results[i] = await work(items[i]);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(overlap, items.length) }, lane));
  return results;
}

/** Passes over the weights of a usual layer: analyse, count, encode. */
const passes = 3;

/** Adds up steps into one fraction; a layer that needs fewer passes makes up for it at its end. */
class ProgressMeter {
  readonly #onProgress: (progress: PipelineProgress) => void;
  #total = 0;
  #done = 0;
  #highest = 0;
  readonly #left = new Map<number, number>();

  constructor(onProgress: (progress: PipelineProgress) => void) {
    this.#onProgress = onProgress;
  }

  expect(tensor: LayerJob['tensor']): void {
    this.#left.set(tensor.id, passes * tensor.parameters);
    this.#total += passes * tensor.parameters;
  }

  step(tensor: LayerJob['tensor'], stage: string, weights: number): void {
    const left = this.#left.get(tensor.id) ?? 0;
    const counted = Math.min(left, weights);
    this.#left.set(tensor.id, left - counted);
    this.#done += counted;
    this.#report(stage, tensor.name);
  }

  finish(tensor: LayerJob['tensor']): void {
    this.#done += this.#left.get(tensor.id) ?? 0;
    this.#left.set(tensor.id, 0);
    this.#report('encode', tensor.name);
  }

  #report(stage: string, layer: string): void {
    this.#highest = Math.max(this.#highest, Math.min(1, this.#done / this.#total));
    this.#onProgress({ stage, layer, fraction: this.#highest });
  }
}
