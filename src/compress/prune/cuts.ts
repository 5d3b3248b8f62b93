/**
 * Decides the cut of every layer by its pruning method. `threshold` and `sparsity` look at one layer;
 * `global` and `lamp` look at all layers of that method with the same target together: a weight's
 * magnitude is measured in its own layer's standard deviation, or as its LAMP score, and one common
 * threshold in that measure prunes the target share of all their weights. So no layer is emptied
 * merely because its weights are small. Groups of weights (grains) are treated like weights of their mean magnitude.
 */
import { binAround, type Histogram, type Points } from '../histogram.ts';
import { forEachBlock, type Cut, type LayerJob } from '../layer.ts';
import type { PruneRecipe } from '../recipe.ts';
import { grainSize, type Grains } from './grains.ts';
import { inUnits, lampScore } from './measure.ts';
import { bracketThreshold, refineThreshold, type PrunableLayer } from './threshold.ts';

/** Methods with one threshold for several layers. */
export type CommonMethod = 'global' | 'lamp';

/** A layer with what was read of it. */
export interface AnalysedLayer {
  readonly job: LayerJob;
  readonly histogram: Histogram;
  /** Mean magnitude of each group, when groups are pruned. */
  readonly grains: { readonly size: number; readonly means: Float64Array } | undefined;
}

export async function analyseGrains(
  job: LayerJob,
): Promise<{ readonly size: number; readonly means: Float64Array } | undefined> {
  const { tensor, recipe } = job;
  const size = recipe.prune.method === 'none' ? 1 : grainSize(tensor, recipe.prune.granularity);
  if (size <= 1 || tensor.sparse || tensor.parameters % size !== 0) return undefined;
  const parts = await forEachBlock(job, 'prune', (block) => ({ kind: 'saliency', block, size }));
  const means = new Float64Array(tensor.parameters / size);
  let at = 0;
  for (const part of parts) {
    means.set(part.means, at);
    at += part.means.length;
  }
  return { size, means };
}

/** The cut of one layer whose method is its own affair. */
export async function ownCut(layer: AnalysedLayer): Promise<Cut> {
  const { method, quality, target } = layer.job.recipe.prune;
  switch (method) {
    case 'none':
      return { threshold: 0 };
    case 'threshold':
      return cutAt(layer, quality * layer.histogram.deviation);
    case 'sparsity':
    case 'global':
    case 'lamp':
      return (await commonCuts([layer], target, 'sparsity'))[0];
  }
}

/** What of `layers` is to be cut with one threshold for several of them, as groups. */
export function groupsOf<T>(
  layers: readonly T[],
  pruneOf: (layer: T) => PruneRecipe,
): { readonly method: CommonMethod; readonly target: number; readonly layers: readonly T[] }[] {
  const groups = new Map<string, { method: CommonMethod; target: number; layers: T[] }>();
  for (const layer of layers) {
    const { method, target } = pruneOf(layer);
    if (method !== 'global' && method !== 'lamp') continue;
    const key = `${method} ${target}`;
    const group = groups.get(key) ?? { method, target, layers: [] };
    group.layers.push(layer);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The cuts of layers that share one target, measured as `method` has it. */
export async function commonCuts(
  layers: readonly AnalysedLayer[],
  target: number,
  method: 'sparsity' | CommonMethod,
): Promise<Cut[]> {
  const prunable = layers.map((layer) => prunableOf(layer, method));
  const bracket = bracketThreshold(prunable, target);
  if (bracket === undefined) return layers.map(() => ({ threshold: 0 }));
  const selected: Float64Array[] = [];
  for (const [i, layer] of layers.entries()) {
    const magnitudes = await select(layer, prunable[i].points, bracket.ranges[i]);
    selected.push(magnitudes.map((m) => prunable[i].measure.of(m)));
  }
  const all = new Float64Array(selected.reduce((sum, s) => sum + s.length, 0));
  let at = 0;
  for (const s of selected) {
    all.set(s, at);
    at += s.length;
  }
  const threshold = refineThreshold(all, bracket);
  return layers.map((layer, i) => cutAt(layer, prunable[i].measure.at(threshold)));
}

function prunableOf(
  { histogram, grains }: AnalysedLayer,
  method: 'sparsity' | CommonMethod,
): PrunableLayer {
  const { points, zeros } = grains
    ? pointsOfGrains(grains)
    : { points: histogram.points(), zeros: histogram.zeros };
  const measure =
    method === 'lamp'
      ? lampScore(points)
      : inUnits(method === 'global' && histogram.deviation > 0 ? histogram.deviation : 1);
  return { points, zeros, measure };
}

function pointsOfGrains({ size, means }: NonNullable<AnalysedLayer['grains']>): {
  readonly points: Points;
  readonly zeros: number;
} {
  const values = means.filter((m) => m > 0).sort();
  const counts = new Float64Array(values.length).fill(size);
  return { points: { values, counts }, zeros: (means.length - values.length) * size };
}

/** The magnitudes of a layer from `low` up to below `high`, each once a weight. */
async function select(
  layer: AnalysedLayer,
  points: Points,
  { low, high }: { low: number; high: number },
): Promise<Float64Array> {
  if (layer.grains === undefined && !hasAny(points, low, high)) return new Float64Array(0);
  if (layer.grains === undefined) {
    const parts = await forEachBlock(layer.job, 'prune', (block) => ({
      kind: 'select',
      block,
      low,
      high,
    }));
    return concatenate(parts.map((p) => p.magnitudes));
  }
  const { size, means } = layer.grains;
  return concatenate(
    Array.from(
      means.filter((m) => m >= low && m < high),
      (m) => new Float64Array(size).fill(m),
    ),
  );
}

/** Whether any point could have weights in the range: a bin's mean is within its bin. */
function hasAny(points: Points, low: number, high: number): boolean {
  const from = binAround(low).low;
  const to = binAround(high).high;
  return points.values.some((v) => Math.abs(v) >= from && Math.abs(v) < to);
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function cutAt(layer: AnalysedLayer, threshold: number): Cut {
  if (layer.grains === undefined) return { threshold };
  const { size, means } = layer.grains;
  const pruned = new Uint8Array(Math.ceil(means.length / 8));
  for (let g = 0; g < means.length; g++) if (means[g] < threshold) pruned[g >>> 3] |= 1 << (g & 7);
  const grains: Grains = { size, pruned };
  return { threshold: 0, grains };
}
