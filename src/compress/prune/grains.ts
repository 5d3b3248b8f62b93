/**
 * Pruning in groups (Mao et al. 2017): instead of single weights, whole rows of a convolution kernel
 * ("vector"), whole kernels or whole filters survive or go, judged by the L1 norm of the group. A
 * grain is a run of `size` consecutive weights.
 */
import type { Tensor } from '../../model/model.ts';

export type Granularity = 'weight' | 'vector' | 'kernel' | 'filter';

export interface Grains {
  /** Weights in a grain; divides the tensor. */
  readonly size: number;
  /** Bit i mod 8 of byte i / 8: grain i is pruned. */
  readonly pruned: Uint8Array;
}

/**
 * Weights in a grain of a convolution's weight tensor; 1 for every other tensor, and where the
 * operator stores filters otherwise (ConvTranspose has a filter's kernels apart).
 */
export function grainSize(tensor: Tensor, granularity: Granularity): number {
  const { shape, geometry } = tensor;
  if (geometry?.kind !== 'conv' || shape.length < 3 || granularity === 'weight') return 1;
  const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  if (granularity === 'vector') return shape[shape.length - 1];
  if (granularity === 'filter' && tensor.op === 'Conv') return product(shape.slice(1));
  return product(shape.slice(2));
}

/** Sets the codes of pruned grains to 0; `codes[0 .. n)` begin at flat index `start`. */
export function clearPrunedGrains(
  grains: Grains,
  start: number,
  codes: Uint16Array | Float32Array | Float64Array,
  n: number,
): void {
  const { size, pruned } = grains;
  const last = Math.floor((start + n - 1) / size);
  for (let g = Math.floor(start / size); g <= last; g++) {
    if ((pruned[g >>> 3] & (1 << (g & 7))) === 0) continue;
    codes.fill(0, Math.max(0, g * size - start), Math.min(n, (g + 1) * size - start));
  }
}
