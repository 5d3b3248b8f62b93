/**
 * Which granularity the zeros of a layer follow (Mao et al. 2017): single weights, rows of a kernel
 * ("vectors"), kernels, filters; rows or columns of a matrix. For each grain: how many are wholly
 * zero, which share of all zeros lies in those, and which share would by chance, if as many zeros
 * were strewn at random. A grain is followed when it explains nine tenths of the zeros that chance
 * does not; of several, the coarsest counts.
 */
import type { Tensor } from '../model/model.ts';
import type { Pace } from './pace.ts';
import type { Grain, GrainCount, Marginals, PruningPattern } from './types.ts';
import { countInto, type LayerValues } from './values.ts';
import type { Numbers } from '../measure/statistics.ts';

/** Grains that are runs in the file, the finest first. */
export function runGrains({ shape, geometry, op }: Tensor): { grain: Grain; size: number }[] {
  if (geometry?.kind !== 'conv' || shape.length < 3) return [];
  const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  const grains: { grain: Grain; size: number }[] = [];
  const kernel = product(shape.slice(2));
  const vector = shape[shape.length - 1];
  if (vector > 1 && vector < kernel) grains.push({ grain: 'vector', size: vector });
  if (kernel > 1) grains.push({ grain: 'kernel', size: kernel });
  if (op !== 'ConvTranspose' && !geometry.transposed && product(shape.slice(1)) > kernel)
    grains.push({ grain: 'filter', size: product(shape.slice(1)) });
  return grains;
}

/** Wholly zero runs of each size, which all divide the layer, in one pass; and all zeros. */
export async function zeroRuns(
  values: LayerValues,
  sizes: readonly number[],
  pace: Pace,
): Promise<{ readonly zeros: number; readonly zeroGrains: readonly number[] }> {
  const whole = sizes.map(() => 0);
  const clean = sizes.map(() => 0); // zeros at the end of what was seen of the grain at hand
  let zeros = 0;
  let start = 0;
  const add = (part: Numbers): void => {
    for (let i = 0; i < part.length; i++) if (part[i] === 0) zeros++;
    sizes.forEach((size, g) => {
      let run = clean[g];
      let left = size - (start % size);
      for (let i = 0; i < part.length; i++) {
        run = part[i] === 0 ? run + 1 : 0;
        if (--left > 0) continue;
        if (run >= size) whole[g]++;
        run = 0;
        left = size;
      }
      clean[g] = run;
    });
    start += part.length;
  };
  await countInto(values, { add }, pace);
  return { zeros, zeroGrains: whole };
}

/** Least zeros, of all weights, that are a pattern at all. */
const fewest = 0.005;
const explained = 0.9;

export function patternOf(
  weights: number,
  zeros: number,
  found: readonly { grain: Grain; size: number; grains: number; zeroGrains: number }[],
): PruningPattern {
  const density = 1 - zeros / weights;
  const grains = found.map(({ grain, size, grains, zeroGrains }): GrainCount => {
    const share = zeros > 0 ? (zeroGrains * size) / zeros : 0;
    // (1 - density)^(size - 1), which stays exact where almost everything is zero
    const chance = zeros > 0 ? Math.exp((size - 1) * Math.log1p(-density)) : 0;
    return { grain, size, grains, zeroGrains, share, chance };
  });
  const all: GrainCount = {
    ...{ grain: 'weight', size: 1, grains: weights, zeroGrains: zeros },
    ...{ share: zeros > 0 ? 1 : 0, chance: zeros > 0 ? 1 : 0 },
  };
  let pattern: PruningPattern['pattern'] =
    zeros >= fewest * weights && zeros > 0 ? 'weight' : 'none';
  let size = 1;
  for (const g of grains) {
    const beyond = 1 - g.chance;
    if (pattern === 'none' || g.size <= size || g.zeroGrains === 0 || beyond <= 0) continue;
    if ((g.share - g.chance) / beyond < explained) continue;
    pattern = g.grain;
    size = g.size;
  }
  return { pattern, weights, zeros, grains: [all, ...grains] };
}

/** Rows and columns of a matrix as grains, from its marginals; none where lines were put together. */
export function lineGrains({ rows, cols, ...m }: Marginals) {
  const zeroLines = (counts: Float64Array): number =>
    counts.reduce((n, c) => n + (c === 0 ? 1 : 0), 0);
  const lines: { grain: Grain; size: number; grains: number; zeroGrains: number }[] = [];
  if (m.rowsPer === 1 && rows > 1 && cols > 1)
    lines.push({ grain: 'row', size: cols, grains: rows, zeroGrains: zeroLines(m.rowNonzeros) });
  if (m.colsPer === 1 && cols > 1 && rows > 1)
    lines.push({ grain: 'column', size: rows, grains: cols, zeroGrains: zeroLines(m.colNonzeros) });
  return lines;
}
