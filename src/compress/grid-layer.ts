/**
 * Layers on a uniform grid: the scale of every channel, chosen from the weights alone, or levels and
 * scales that were decided elsewhere. Weights take the nearest level; zeros come out of the rounding.
 */
import { blockWeights } from './coded.ts';
import { blocksOf, weightsOfBlock } from './code/encode-block.ts';
import {
  codeLayer,
  forEachBlock,
  type Assigned,
  type LayerJob,
  type LeftAlone,
  type PlannedTensor,
} from './layer.ts';
import { channelRange, wholeExtents, type Extents } from './share/channels.ts';
import {
  channelsOf,
  layoutOf,
  levelCodebook,
  mostLevels,
  type AssignedGrid,
  type Grid,
  type GridLayout,
} from './share/grid.ts';
import { roundTo } from './share/quantizer.ts';
import { nearestScale, scaleFrom, scaleOf } from './share/scales.ts';

/** Scales are multiples of this many 64ths of an octave: 4.4 %. grid-scales.ts has the cost. */
const scaleStep = 4;

/** How far below the scale that keeps the largest weight the best scale is looked for. */
const offsets = Array.from({ length: 10 }, (_, i) => -2 * scaleStep * i);

/**
 * Codes a layer with the nearest levels: as many as `bits` allow (8 bits are -127 to 127), or as fine as
 * the noise asks for that a layer may get which has `part` of all weights that are compressed.
 */
export async function gridAndCode(job: LayerJob, part: number): Promise<PlannedTensor | LeftAlone> {
  const { tensor, recipe } = job;
  const layout = layoutOf(tensor);
  const parts = await forEachBlock(job, 'analyse', (block) => ({ kind: 'extents', block, layout }));
  const extents = wholeExtents(
    layout,
    tensor.parameters,
    parts.map((part) => part.extents),
  );
  if (!extents.largest.every(Number.isFinite)) return { reason: 'has values that are not finite' };
  const { bits, noise } = recipe.share;
  if (noise > 0) {
    const scales = noisyScales(job, extents, noise * part);
    return codeLayer(job, withNearestLevel({ ...layout, scales }, reach(extents.largest, scales)));
  }
  const most = 2 ** (bits - 1) - 1;
  const keeping = keepingScales(job, extents.largest, most);
  const scales = await bestScales(job, layout, most, keeping);
  return codeLayer(job, withNearestLevel({ ...layout, scales }, most));
}

function withNearestLevel(grid: Grid, largest: number): Assigned {
  const assignment = { kind: 'nearest level', grid, largest } as const;
  return { assignment, codebook: levelCodebook(largest), grid };
}

/** The largest level that the weights round to. */
function reach(largest: Float64Array, scales: Int32Array): number {
  let most = 0;
  largest.forEach((size, c) => (most = Math.max(most, Math.round(size / scaleOf(scales[c])))));
  return most;
}

/**
 * Scales with which rounding adds `noise` to the squares of each channel's weights, relative to them:
 * a uniform error of step s has the mean square s^2 / 12. A channel without small weights may need more
 * levels than there are; its scale is then the least that does with them.
 */
function noisyScales(
  { tensor }: LayerJob,
  { largest, squares }: Omit<Extents, 'first'>,
  noise: number,
): Int32Array {
  const weights = tensor.parameters / squares.length;
  let last = 0;
  return Int32Array.from(squares, (sum, c) => {
    if (largest[c] === 0) return last;
    const step = Math.sqrt((12 * noise * sum) / weights);
    const least = scaleFrom(largest[c] / mostLevels, scaleStep);
    last = Math.max(nearestScale(step, scaleStep), least);
    const finite = (): boolean =>
      Number.isFinite(
        roundTo(Math.round(largest[c] / scaleOf(last)) * scaleOf(last), tensor.dtype),
      );
    while (!finite()) last -= scaleStep;
    return last;
  });
}

/**
 * Codes a layer with levels that were decided for it.
 * @throws RangeError when there is not one level a weight, or not one scale a channel (a defect).
 */
export function codeLevels(
  job: LayerJob,
  { grid, levels }: AssignedGrid,
): Promise<PlannedTensor | LeftAlone> {
  const { parameters, name } = job.tensor;
  if (levels.length !== parameters || grid.scales.length !== channelsOf(grid, parameters))
    throw new RangeError(`levels or scales that are not those of ${name}`);
  let largest = 0;
  for (let i = 0; i < levels.length; i++) largest = Math.max(largest, Math.abs(levels[i]));
  if (largest > mostLevels) throw new RangeError(`a level of ${largest} in ${name}`);
  const assignment = { kind: 'levels', levels, largest } as const;
  return codeLayer(job, { assignment, codebook: levelCodebook(largest), grid });
}

/** The least scales with which level `most` reaches the largest weight of each channel. */
function keepingScales(job: LayerJob, largest: Float64Array, most: number): Int32Array {
  let last = 0;
  const scales = Int32Array.from(largest, (size) => {
    if (size === 0) return last; // any will do: the one before costs least
    let scale = scaleFrom(size / most, scaleStep);
    while (!Number.isFinite(roundTo(scaleOf(scale) * most, job.tensor.dtype))) scale -= scaleStep;
    return (last = scale);
  });
  return scales;
}

/** Of the scales that keep a channel's largest weight or clip it, those of least squared error. */
async function bestScales(
  job: LayerJob,
  layout: GridLayout,
  largest: number,
  keeping: Int32Array,
): Promise<Int32Array> {
  const { parameters } = job.tensor;
  const squared = new Float64Array(offsets.length * keeping.length);
  const ranges = Array.from({ length: blocksOf(parameters) }, (_, block) =>
    channelRange(layout, block * blockWeights, weightsOfBlock(parameters, block)),
  );
  const parts = await forEachBlock(job, 'share', (block) => {
    const { from, to } = ranges[block];
    const trial = { layout, largest, first: from, scales: keeping.slice(from, to), offsets };
    return { kind: 'noise', block, trial };
  });
  parts.forEach((part, block) => {
    const { from, to } = ranges[block];
    for (let o = 0; o < offsets.length; o++)
      for (let c = from; c < to; c++)
        squared[o * keeping.length + c] += part.squared[o * (to - from) + c - from];
  });
  return keeping.map((scale, c) => {
    let best = 0;
    for (let o = 1; o < offsets.length; o++)
      if (squared[o * keeping.length + c] < squared[best * keeping.length + c]) best = o;
    return scale + offsets[best];
  });
}
