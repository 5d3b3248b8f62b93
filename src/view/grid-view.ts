/**
 * A layer on a grid: how many weights have each level, the step and the reach of each channel, and,
 * where the original is at hand, the error of each channel (docs/dcz-coding.md, section 6).
 */
import { entropyBits } from '../compress/code/code-lengths.ts';
import { blockWeights } from '../compress/coded.ts';
import { GridWalk, largestOf, levelOf, type Grid } from '../compress/share/grid.ts';
import { scaleOf } from '../compress/share/scales.ts';
import type { CodedLayer } from './coded-layer.ts';
import type { Pace } from './pace.ts';
import type { GridErrors, GridView } from './types.ts';
import { arrayFor, chunk, type LayerValues } from './values.ts';

/** Counts the levels of `layer`, whose grid `grid` is. */
export async function gridView(
  layer: CodedLayer,
  grid: Grid,
  errors: GridErrors | null,
  pace: Pace,
): Promise<GridView> {
  const { codebook, weights } = layer.coded;
  const most = largestOf(codebook);
  const counts = new Float64Array(2 * most + 1);
  const channels = grid.scales.length;
  const zeros = new Float64Array(channels);
  const reach = new Uint16Array(channels);
  const walk = new GridWalk(grid);
  walk.seek(0);
  for (let start = 0; start < weights; start += chunk) {
    if (pace.due) await pace.rest();
    const codes = layer.codes(Math.floor(start / blockWeights)); // a chunk divides a block
    const end = Math.min(chunk, weights - start);
    for (let i = 0, at = start % blockWeights; i < end; i++, at++) {
      const level = levelOf(codes[at], most);
      const size = Math.abs(level);
      counts[level + most]++;
      if (size === 0) zeros[walk.channel]++;
      else if (size > reach[walk.channel]) reach[walk.channel] = size;
      walk.next();
    }
    pace.onFraction((start + end) / weights);
  }
  const largest = reach.reduce((a, b) => Math.max(a, b), 0);
  return {
    ...{ largest, weights, zeros, reach, errors },
    counts: counts.slice(most - largest, most + largest + 1),
    distinct: counts.reduce((n, c) => n + (c > 0 ? 1 : 0), 0),
    entropy: weights > 0 ? entropyBits(counts) / weights : 0,
    rows: grid.rows,
    weightsOfChannel: grid.cols,
    steps: Float64Array.from(grid.scales, scaleOf),
    columnScales: grid.columnScales ? Float64Array.from(grid.columnScales, scaleOf) : null,
    rmse: layer.source.rmse,
  };
}

/** How far each channel is from the original values. NaN and infinities carry no error. */
export async function gridErrors(
  layer: CodedLayer,
  grid: Grid,
  original: LayerValues,
  pace: Pace,
): Promise<GridErrors> {
  const { weights } = layer.coded;
  const squared = new Float64Array(grid.scales.length);
  const size = Math.min(chunk, weights);
  const [theirs, mine] = [arrayFor(original, size), arrayFor(layer.values, size)];
  const walk = new GridWalk(grid);
  walk.seek(0);
  for (let start = 0; start < weights; start += chunk) {
    if (pace.due) await pace.rest();
    const n = Math.min(chunk, weights - start);
    original.read(start, theirs.subarray(0, n));
    layer.values.read(start, mine.subarray(0, n));
    for (let i = 0; i < n; i++) {
      const error = mine[i] - theirs[i];
      if (error - error === 0) squared[walk.channel] += error * error;
      walk.next();
    }
    pace.onFraction((start + n) / weights);
  }
  const total = squared.reduce((a, b) => a + b, 0);
  return { squared, rmse: weights > 0 ? Math.sqrt(total / weights) : 0 };
}
