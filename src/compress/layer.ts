/**
 * One layer from its weights to its coded blocks: prune, share, count, choose index and coder, encode.
 * Every step that reads weights is a set of tasks, one a block; what is decided between them is
 * decided here, on histograms.
 */
import type { CodedDType } from '../model/dtype.ts';
import { throwIfCancelled } from '../model/errors.ts';
import type { Tensor } from '../model/model.ts';
import type { CodedBlock, Coder, CodedTensor } from './coded.ts';
import { codeLengths } from './code/code-lengths.ts';
import { blocksOf, weightsOfBlock, type TensorCoding } from './code/encode-block.ts';
import { cheapestIndex, gapCounts, indexCost } from './code/relative-index.ts';
import { bytesOf } from './code/restore.ts';
import { exactLimit, Histogram, type Points } from './histogram.ts';
import type { Grains } from './prune/grains.ts';
import type { LayerRecipe } from './recipe.ts';
import { SortedPoints } from './share/clusters.ts';
import { initialCentroids, kmeans, occupied } from './share/kmeans.ts';
import { optimalCentroids } from './share/optimal.ts';
import { assignmentOfBlock, type Assignment } from './share/assignment.ts';
import type { Grid } from './share/grid.ts';
import { exactQuantizer, nearestQuantizer, type Quantizer } from './share/quantizer.ts';
import { StatisticsCounter, type LayerStatistics } from './statistics.ts';
import type { ResultOf, Task, TaskRunner } from './tasks.ts';

/** A layer that is to be compressed, and what its steps need. */
export interface LayerJob {
  readonly tensor: Tensor & { readonly dtype: CodedDType };
  readonly recipe: LayerRecipe;
  readonly seed: number;
  readonly runner: TaskRunner;
  readonly signal: AbortSignal | undefined;
  /** `weights` more have been through a step. */
  readonly onStep: (stage: string, weights: number) => void;
}

/** What pruning decided: a threshold for single weights, or groups that go. */
export interface Cut {
  readonly threshold: number;
  readonly grains?: Grains;
}

export interface PlannedTensor {
  readonly coded: CodedTensor;
  /** What gives every original weight its code; verification applies it again. */
  readonly assignment: Assignment;
  readonly stats: LayerStatistics;
}

/** Why a layer stays as it is: one line that follows its name. */
export interface LeftAlone {
  readonly reason: string;
}

/** The task for every block, results in the order of the blocks. */
export async function forEachBlock<K extends Task['kind']>(
  job: LayerJob,
  stage: string,
  make: (block: number) => Extract<Task, { kind: K }>,
): Promise<ResultOf<K>[]> {
  throwIfCancelled(job.signal);
  const { parameters, id } = job.tensor;
  const blocks = Array.from({ length: blocksOf(parameters) }, (_, b) => b);
  return Promise.all(
    blocks.map(async (block) => {
      const task = make(block);
      const result = await job.runner.run(id, task);
      throwIfCancelled(job.signal);
      if (result.kind !== task.kind) throw new TypeError(`${task.kind} gave ${result.kind}`);
      job.onStep(stage, weightsOfBlock(parameters, block));
      return result as ResultOf<K>;
    }),
  );
}

/** Histogram of a layer's weights, those of pruned groups counting as zeros. */
export async function layerHistogram(job: LayerJob, grains?: Grains): Promise<Histogram> {
  const exact = job.tensor.parameters <= exactLimit;
  const parts = await forEachBlock(job, 'analyse', (block) => ({
    kind: 'histogram',
    block,
    exact,
    ...(grains === undefined ? {} : { grains }),
  }));
  const histogram = new Histogram();
  for (const { part } of parts) histogram.add(part);
  return histogram;
}

/** Shares values among the survivors of `cut` and codes the layer. */
export async function shareAndCode(
  job: LayerJob,
  cut: Cut,
  histogram: Histogram,
): Promise<PlannedTensor | LeftAlone> {
  const { quantizer, codebook } = await shareLayer(job, cut, histogram);
  return codeLayer(job, { assignment: { kind: 'values', quantizer }, codebook });
}

/** What gives the survivors of `cut` their shared values, and those values. */
export async function shareLayer(
  job: LayerJob,
  cut: Cut,
  histogram: Histogram,
): Promise<{ readonly quantizer: Quantizer; readonly codebook: Float64Array }> {
  const survivors = cut.grains === undefined ? histogram : await layerHistogram(job, cut.grains);
  const points = new SortedPoints(pruned(survivors.points(), cut.threshold));
  job.onStep('share', 0);
  const centroids = sharedValues(job, points, cut.threshold);
  const shared = nearestQuantizer(centroids, cut.threshold, job.tensor.dtype);
  if (cut.grains === undefined) return shared;
  return { ...shared, quantizer: { ...shared.quantizer, grains: cut.grains } };
}

/** The values that the survivors of a layer share: at most 2^bits - 1, zero having a code of its own. */
function sharedValues(job: LayerJob, points: SortedPoints, threshold: number): Float64Array {
  const { method, bits, init } = job.recipe.share;
  const k = 2 ** bits - 1;
  if (method === 'optimal') return optimalCentroids(points, k);
  const start = initialCentroids(points, k, init, job.seed, threshold);
  return occupied(points, kmeans(points, start).centroids);
}

/** Codes a layer with exactly the values it has, when they are few enough. */
export async function keepAndCode(job: LayerJob): Promise<PlannedTensor | LeftAlone> {
  const limit = 256;
  const tooMany = { reason: `has more than ${limit} distinct values` };
  const values = new Set<number>();
  let negativeZero = false;
  const { parameters, id } = job.tensor;
  // block after block: most layers that have too many show it in the first
  for (let block = 0; block < blocksOf(parameters); block++) {
    throwIfCancelled(job.signal);
    const result = await job.runner.run(id, { kind: 'distinct', block, limit });
    if (result.kind !== 'distinct') throw new TypeError(`distinct gave ${result.kind}`);
    if (result.nonFinite) return { reason: 'has values that are not finite' };
    if (result.values === null) return tooMany;
    for (const v of result.values) {
      if (v === 0) negativeZero = true;
      else values.add(v);
    }
    if (values.size + (negativeZero ? 1 : 0) > limit) return tooMany;
    job.onStep('analyse', weightsOfBlock(parameters, block));
  }
  const distinct = Float64Array.from(negativeZero ? [...values, -0] : values).sort();
  const { quantizer, codebook } = exactQuantizer(distinct);
  return codeLayer(job, { assignment: { kind: 'values', quantizer }, codebook });
}

/** The points a threshold leaves. A bin that straddles it goes by its mean. */
function pruned({ values, counts }: Points, threshold: number): Points {
  const keep = (_: number, i: number): boolean => Math.abs(values[i]) >= threshold;
  return { values: values.filter(keep), counts: counts.filter(keep) };
}

/** The values a layer gets, and which weight gets which. */
export interface Assigned {
  readonly assignment: Assignment;
  readonly codebook: Float64Array;
  readonly grid?: Grid;
}

/** Counts and codes a layer whose values are decided, with the index and the coder its recipe asks for. */
export async function codeLayer(
  job: LayerJob,
  assigned: Assigned,
): Promise<PlannedTensor | LeftAlone> {
  const { tensor, recipe } = job;
  const counted = await forEachBlock(job, 'count', (block) => ({
    kind: 'count',
    block,
    ...assigned,
    assignment: assignmentOfBlock(assigned.assignment, block),
  }));
  const counter = new StatisticsCounter(assigned.codebook.length);
  for (const result of counted) counter.merge(result);
  const { stats, ...used } = dropUnused(assigned, counter.result());
  const cost =
    recipe.index.bits === 'auto'
      ? cheapestIndex(stats.runs, stats.codeCounts)
      : indexCost(stats.runs, stats.codeCounts, recipe.index.bits);
  const raw = tensor.parameters * bytesOf(tensor.dtype);
  const tables = used.grid?.scales.length ?? used.codebook.length * bytesOf(tensor.dtype);
  const fixed = tables + 8 * blocksOf(tensor.parameters);
  const huffmanBytes = cost.totalBits / 8 + fixed;

  let blocks: CodedBlock[] | undefined;
  let coding = codingOf(tensor, used, stats, 'huffman', cost.bits);
  let bytes = huffmanBytes;
  if (recipe.coder !== 'huffman') {
    const arithmetic = codingOf(tensor, used, stats, 'arithmetic', 0);
    const candidate = await encode(job, used.assignment, arithmetic);
    const size = candidate.reduce((sum, b) => sum + b.values.length, fixed);
    if (recipe.coder === 'arithmetic' || size < huffmanBytes) {
      coding = arithmetic;
      blocks = candidate;
      bytes = size;
    }
  }
  if (bytes >= raw) return { reason: 'would not become smaller' };
  blocks ??= await encode(job, used.assignment, coding);
  return { coded: { ...coding, blocks }, assignment: used.assignment, stats };
}

async function encode(
  job: LayerJob,
  assignment: Assignment,
  coding: TensorCoding,
): Promise<CodedBlock[]> {
  const results = await forEachBlock(job, 'encode', (block) => ({
    kind: 'encode',
    block,
    assignment: assignmentOfBlock(assignment, block),
    coding,
  }));
  return results.map((r) => r.coded);
}

/** Takes shared values that no weight has out of the codebook. */
function dropUnused(
  assigned: Assigned,
  stats: LayerStatistics,
): Assigned & { readonly stats: LayerStatistics } {
  const { assignment, codebook } = assigned;
  if (assignment.kind !== 'values') return { ...assigned, stats };
  const { quantizer } = assignment;
  const used = (c: number): boolean => c === 0 || stats.codeCounts[c] > 0;
  const renamed = new Uint16Array(codebook.length);
  let next = 0;
  for (let c = 0; c < codebook.length; c++) renamed[c] = used(c) ? next++ : 0;
  return {
    assignment: {
      kind: 'values',
      quantizer: {
        ...quantizer,
        codes: quantizer.codes.map((c) => renamed[c]),
        negativeZero: renamed[quantizer.negativeZero],
      },
    },
    codebook: codebook.filter((_, c) => used(c)),
    stats: { ...stats, codeCounts: stats.codeCounts.filter((_, c) => used(c)) },
  };
}

function codingOf(
  tensor: LayerJob['tensor'],
  { codebook, grid }: Assigned,
  stats: LayerStatistics,
  coder: Coder,
  indexBits: number,
): TensorCoding {
  const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  // a vector, or the values of a sparse tensor, is one row
  const regular = tensor.shape.length > 1 && product(tensor.shape) === tensor.parameters;
  const none = new Uint8Array(0);
  const values = Float64Array.from(stats.codeCounts);
  const gaps = gapCounts(stats.runs, indexBits);
  if (indexBits > 0) values[0] = gaps.fillers;
  return {
    tensor: tensor.id,
    dtype: tensor.dtype,
    weights: tensor.parameters,
    codebook,
    ...(grid !== undefined && { grid }),
    coder,
    indexBits,
    valueLengths: coder === 'huffman' ? codeLengths(values) : none,
    gapLengths: coder === 'huffman' && indexBits > 0 ? codeLengths(gaps.counts) : none,
    rowLength:
      grid?.[grid.transposed ? 'rows' : 'cols'] ??
      (regular ? product(tensor.shape.slice(1)) : tensor.parameters),
    kernelLength: regular ? product(tensor.shape.slice(2)) : 1,
  };
}
