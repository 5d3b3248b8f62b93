/**
 * A layer on a grid (docs/dcz-coding.md, section 6) as machines with a codebook run it: its levels, which all channels
 * share, are the codebook; the scale of a channel multiplies the row's sum as it leaves the accumulator, the
 * scale of a column the activation before it is broadcast. That is the layer's own product with the
 * factors taken out of the sums. The codebook has the levels times a power of two near the scales, so
 * that sums have the size of outputs, which fixed point needs.
 */
import type { CodedTensor } from '../compress/coded.ts';
import { scaleOf, stepsOfOctave } from '../compress/share/scales.ts';
import type { Geometry } from '../model/model.ts';

/** How many values the weight codes of a machine can stand for, and whom to tell of it. */
export interface CodeLimit {
  readonly name: string;
  readonly mostCodes: number;
  /** The preset whose layers always fit. */
  readonly preset: string;
}

export interface GridLevels {
  /** By level: the used ones, zero first, times `unit`. */
  readonly codebook: Float32Array;
  /** Of every channel, over `unit`. */
  readonly rowScales: Float32Array;
  /** Of every column of every matrix; undefined when all are 1. */
  readonly columnScales: Float32Array | undefined;
}

/**
 * Renumbers `code`, codes of a tensor's non-zero weights, by the levels that occur.
 * @returns why it cannot run where there are more of them than codes, or channels are not rows
 */
export function gridLevels(
  tensor: CodedTensor & { readonly grid: NonNullable<CodedTensor['grid']> },
  geometry: Pick<Geometry, 'rows' | 'cols' | 'transposed'>,
  code: Uint16Array,
  machine: CodeLimit,
): GridLevels | string {
  const { grid, codebook: levels } = tensor;
  const { rows, cols, transposed } = geometry;
  const sameRows = transposed ? grid.rows === rows : rows % grid.rows === 0;
  if (grid.cols !== cols || grid.transposed !== transposed || !sameRows)
    return 'the channels of its grid are not the rows of its matrix';
  const renumbered = new Int32Array(levels.length).fill(-1);
  renumbered[0] = 0;
  for (let i = 0; i < code.length; i++) renumbered[code[i]] = 1;
  const used = [0];
  for (let c = 1; c < levels.length; c++)
    if (renumbered[c] === 1) renumbered[c] = used.push(levels[c]) - 1;
  if (used.length > machine.mostCodes)
    return `it has ${used.length} different levels and ${machine.name}'s weight codes stand for at most ${machine.mostCodes}; compress it with the preset ${machine.preset}`;
  for (let i = 0; i < code.length; i++) code[i] = renumbered[code[i]];
  const mean = grid.scales.reduce((sum, log) => sum + log, 0) / grid.scales.length;
  const unit = 2 ** Math.round(mean / stepsOfOctave);
  return {
    codebook: Float32Array.from(used, (level) => level * unit),
    rowScales: Float32Array.from(grid.scales, (log) => scaleOf(log) / unit),
    columnScales: grid.columnScales && Float32Array.from(grid.columnScales, scaleOf),
  };
}
