/**
 * Whole numbers of 4 bits with a scale for every 32 values along the inputs of a layer. The value of the
 * largest magnitude of a block becomes -8 (as in ggml's Q4_0).
 */
import type { Tensor } from '../model/model.ts';

export const block = 32;
const extremeLevel = -8;
const most = 7;

export interface Blocks {
  /** From -8 to 7, in the order of the values. */
  readonly levels: Int8Array;
  /** Of the values' shape, but along `axis` one for every block; the last may be short. */
  readonly scales: Float32Array<ArrayBuffer>;
  readonly scaleShape: readonly number[];
}

export function blocksOf(values: Float32Array, shape: readonly number[], axis: number): Blocks {
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const length = shape[axis];
  const count = Math.ceil(length / block);
  const outer = values.length / (length * inner);
  const levels = new Int8Array(values.length);
  const scales = new Float32Array(outer * count * inner);
  for (let o = 0; o < outer; o++)
    for (let b = 0; b < count; b++)
      for (let i = 0; i < inner; i++) {
        const from = (o * length + b * block) * inner + i;
        const end = (o * length + Math.min(length, (b + 1) * block)) * inner + i;
        let extreme = 0;
        for (let at = from; at < end; at += inner)
          if (Math.abs(values[at]) > Math.abs(extreme)) extreme = values[at];
        const scale = Math.fround(extreme / extremeLevel);
        scales[(o * count + b) * inner + i] = scale;
        if (scale === 0) continue;
        for (let at = from; at < end; at += inner)
          levels[at] = Math.max(extremeLevel, Math.min(most, Math.round(values[at] / scale)));
      }
  return { levels, scales, scaleShape: shape.map((d, i) => (i === axis ? count : d)) };
}

/** The axis along which a weight's inputs lie; undefined: it has none. */
export function inputAxis({ op, shape, geometry }: Tensor): number | undefined {
  if (shape.length < 2) return undefined;
  if (op === 'ConvTranspose') return 0;
  if (geometry?.kind === 'recurrent') return 2;
  return geometry?.transposed === true ? shape.length - 2 : 1;
}
