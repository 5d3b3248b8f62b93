/**
 * The work of a compression in pieces that any thread can do: each task is plain data, reads at most
 * a block of 2^20 weights (a group that crosses its end excepted) from a source, and gives plain data
 * back. Nothing is shared, so the same tasks give the same results wherever and in whichever order
 * they run.
 */
import { crc32 } from '../model/crc32.ts';
import type { CodedDType } from '../model/dtype.ts';
import { blockWeights, type CodedBlock } from './coded.ts';
import { BlockDecoder } from './code/decode-block.ts';
import { BlockEncoder, weightsOfBlock, type TensorCoding } from './code/encode-block.ts';
import { countRuns, longRun, type RunHistogram } from './code/relative-index.ts';
import { bytesOf, Restorer } from './code/restore.ts';
import { histogramOf, type HistogramPart } from './histogram.ts';
import { clearPrunedGrains, type Grains } from './prune/grains.ts';
import { assign, type Assignment } from './share/assignment.ts';
import { levelValues, type Grid, type GridLayout } from './share/grid.ts';
import { channelExtents, noiseOfScales, type Extents, type ScaleTrial } from './share/channels.ts';

/** The weights of one tensor; of a quantized one its bytes, as `CodedDType` counts them. */
export interface WeightSource {
  readonly weights: number;
  readonly dtype: CodedDType;
  /** Fills `target` from flat index `start` on: a Float64Array for float64, else a Float32Array. */
  readValues(start: number, target: Float32Array | Float64Array): void;
}

export type Task =
  /** Statistics and histogram; `grains`: those pruned count as zeros. */
  | {
      readonly kind: 'histogram';
      readonly block: number;
      readonly exact: boolean;
      readonly grains?: Grains;
    }
  /** The distinct values, unless there are more than `limit` besides +0. */
  | { readonly kind: 'distinct'; readonly block: number; readonly limit: number }
  /** The magnitudes from `low` up to below `high`, sorted. */
  | { readonly kind: 'select'; readonly block: number; readonly low: number; readonly high: number }
  /** Mean magnitude of each group of `size` weights that begins in the block. */
  | { readonly kind: 'saliency'; readonly block: number; readonly size: number }
  /** Largest magnitude and sum of squares of each channel's weights in the block. */
  | { readonly kind: 'extents'; readonly block: number; readonly layout: GridLayout }
  /** Squared error of each channel's weights in the block, rounded with each scale it may get. */
  | {
      readonly kind: 'noise';
      readonly block: number;
      readonly trial: ScaleTrial;
    }
  /** Histograms of codes and of runs of zeros, and the squared error. */
  | {
      readonly kind: 'count';
      readonly block: number;
      readonly assignment: Assignment;
      readonly codebook: Float64Array;
      readonly grid?: Grid;
    }
  | {
      readonly kind: 'encode';
      readonly block: number;
      readonly assignment: Assignment;
      readonly coding: TensorCoding;
    }
  /** Decodes `coded` and compares every code with what the weights were assigned. */
  | {
      readonly kind: 'verify';
      readonly block: number;
      readonly assignment: Assignment;
      readonly coding: TensorCoding;
      readonly coded: CodedBlock;
    };

export type TaskResult =
  | { readonly kind: 'histogram'; readonly part: HistogramPart }
  /** Ascending, without +0 and with -0 as itself; null: more than the limit. */
  | { readonly kind: 'distinct'; readonly values: Float64Array | null; readonly nonFinite: boolean }
  | { readonly kind: 'select'; readonly magnitudes: Float64Array }
  | { readonly kind: 'saliency'; readonly means: Float64Array }
  | { readonly kind: 'extents'; readonly extents: Extents }
  /** Offsets x channels of the trial. */
  | { readonly kind: 'noise'; readonly squared: Float64Array }
  | {
      readonly kind: 'count';
      /** Weights of each code; [0] are the pruned ones. */
      readonly codeCounts: Float64Array;
      readonly runs: RunHistogram;
      /** Sum of (shared value - weight)^2. */
      readonly squaredError: number;
    }
  | { readonly kind: 'encode'; readonly coded: CodedBlock }
  /** `difference`: flat index of the first weight that differs, -1 when all are as they should be. */
  | { readonly kind: 'verify'; readonly weights: number; readonly difference: number };

export type ResultOf<K extends Task['kind']> = Extract<TaskResult, { kind: K }>;

/** Runs tasks on the tensors of one model, on this thread or others. */
export interface TaskRunner {
  run(tensorId: number, task: Task): Promise<TaskResult>;
}

// one block's worth of buffers, kept for the next task
let floats = new Float32Array(0);
let doubles = new Float64Array(0);
let codesA = new Uint16Array(0);
let codesB = new Uint16Array(0);
let payload = new Uint8Array(0);
let restored = new Float64Array(0);
let shortRuns: Float64Array | undefined;

function readBlock(source: WeightSource, start: number, n: number): Float32Array | Float64Array {
  let values: Float32Array | Float64Array;
  if (source.dtype === 'float64') {
    if (doubles.length < n) doubles = new Float64Array(n);
    values = doubles.subarray(0, n);
  } else {
    if (floats.length < n) floats = new Float32Array(n);
    values = floats.subarray(0, n);
  }
  source.readValues(start, values);
  return values;
}

function codesOf(
  source: WeightSource,
  assignment: Assignment,
  start: number,
  n: number,
): { values: Float32Array | Float64Array; codes: Uint16Array } {
  const values = readBlock(source, start, n);
  if (codesA.length < n) codesA = new Uint16Array(n);
  assign(assignment, values, n, start, codesA);
  return { values, codes: codesA };
}

/** Does one task. Pure but for buffers that it reuses. */
export function runTask(source: WeightSource, task: Task): TaskResult {
  const start = task.block * blockWeights;
  const n = weightsOfBlock(source.weights, task.block);
  if (!(n > 0)) throw new RangeError(`no block ${task.block} in ${source.weights} weights`);
  switch (task.kind) {
    case 'histogram': {
      const values = readBlock(source, start, n);
      if (task.grains !== undefined) clearPrunedGrains(task.grains, start, values, n);
      return { kind: 'histogram', part: histogramOf(values, n, task.exact) };
    }
    case 'distinct':
      return distinct(readBlock(source, start, n), task.limit);
    case 'select': {
      const { low, high } = task;
      const magnitudes = readBlock(source, start, n)
        .map(Math.abs)
        .filter((m) => m >= low && m < high)
        .sort();
      return { kind: 'select', magnitudes: Float64Array.from(magnitudes) };
    }
    case 'saliency':
      return saliency(source, start, n, task.size);
    case 'extents':
      return {
        kind: 'extents',
        extents: channelExtents(task.layout, readBlock(source, start, n), start),
      };
    case 'noise':
      return {
        kind: 'noise',
        squared: noiseOfScales(task.trial, readBlock(source, start, n), start),
      };
    case 'count':
      return count(source, task, start, n);
    case 'encode': {
      const { codes } = codesOf(source, task.assignment, start, n);
      return { kind: 'encode', coded: new BlockEncoder(task.coding).encode(task.block, codes) };
    }
    case 'verify': {
      const { codes } = codesOf(source, task.assignment, start, n);
      return { kind: 'verify', weights: n, difference: verify(codes, start, n, task) };
    }
  }
}

function distinct(values: Float32Array | Float64Array, limit: number): TaskResult {
  const seen = new Set<number>();
  let negativeZero = false;
  let nonFinite = false;
  let last = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === last && value !== 0) continue;
    if (value === 0) {
      if (!negativeZero && Object.is(value, -0)) negativeZero = true;
      continue;
    }
    last = value;
    if (!Number.isFinite(value)) nonFinite = true;
    seen.add(value);
    if (seen.size + (negativeZero ? 1 : 0) > limit) {
      return { kind: 'distinct', values: null, nonFinite };
    }
  }
  const sorted = Float64Array.from(negativeZero ? [...seen, -0] : seen).sort();
  return { kind: 'distinct', values: sorted.length > limit ? null : sorted, nonFinite };
}

function saliency(source: WeightSource, start: number, n: number, size: number): TaskResult {
  const first = Math.ceil(start / size);
  const grains = Math.max(0, Math.ceil((start + n) / size) - first);
  const means = new Float64Array(grains);
  const end = Math.min(source.weights, (first + grains) * size);
  if (grains > 0) {
    const values = readBlock(source, first * size, end - first * size);
    for (let g = 0; g < grains; g++) {
      let sum = 0;
      for (let i = g * size; i < (g + 1) * size; i++) sum += Math.abs(values[i]);
      means[g] = sum / size;
    }
  }
  return { kind: 'saliency', means };
}

function count(
  source: WeightSource,
  { assignment, codebook, grid }: Extract<Task, { kind: 'count' }>,
  start: number,
  n: number,
): TaskResult {
  const { values, codes } = codesOf(source, assignment, start, n);
  const codeCounts = new Float64Array(codebook.length);
  const tally = new Int32Array(codebook.length);
  let squaredError = 0;
  if (grid !== undefined) {
    if (restored.length < n) restored = new Float64Array(n);
    levelValues(grid, source.dtype, codebook, codes, n, start, restored);
  }
  for (let i = 0; i < n; i++) {
    const code = codes[i];
    tally[code]++;
    const error = values[i] - (grid === undefined ? codebook[code] : restored[i]);
    squaredError += error * error;
  }
  codeCounts.set(tally);
  const short = (shortRuns ??= new Float64Array(longRun));
  const long = countRuns(codes, n, short);
  let used = longRun;
  while (used > 0 && short[used - 1] === 0) used--;
  const runs = { short: short.slice(0, used), long };
  short.fill(0, 0, used);
  return { kind: 'count', codeCounts, runs, squaredError };
}

function verify(
  expected: Uint16Array,
  start: number,
  n: number,
  task: Extract<Task, { kind: 'verify' }>,
): number {
  if (codesB.length < n) codesB = new Uint16Array(n);
  new BlockDecoder(task.coding).decode(task.block, task.coded, codesB);
  for (let i = 0; i < n; i++) if (expected[i] !== codesB[i]) return start + i;
  const size = n * bytesOf(task.coding.dtype);
  if (payload.length < size) payload = new Uint8Array(size);
  const bytes = payload.subarray(0, size);
  new Restorer(task.coding).restore(codesB, bytes, start);
  return crc32(bytes) === task.coded.crc32 ? -1 : start;
}
