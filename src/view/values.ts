/**
 * The weights of a layer as the pictures see them: read in pieces, by flat index. Values of a
 * quantized tensor come less their zero point, so that zero is 0 everywhere; a difference of two
 * layers is a layer itself, so that every picture can show it.
 */
import type { DType } from '../model/dtype.ts';
import type { Model, Tensor } from '../model/model.ts';
import type { Pace } from './pace.ts';
import { zeroAt, type ZeroPoint } from './zero-point.ts';
import type { Numbers } from '../measure/statistics.ts';

export interface LayerValues {
  readonly weights: number;
  /** Its values need doubles: float64 and integers. */
  readonly wide: boolean;
  /** Fills `target` (doubles when `wide`) with the values from flat index `start` on. */
  read(start: number, target: Numbers): void;
  /**
   * Waits until values from `start` on can be read at once, and has other threads, where there are any,
   * decode those after it up to below `end`.
   */
  ready?(start: number, end: number): Promise<void> | undefined;
}

/** An array that `values.read` can fill. */
export function arrayFor(values: { readonly wide: boolean }, length: number): Numbers {
  return values.wide ? new Float64Array(length) : new Float32Array(length);
}

export function isWide(dtype: DType): boolean {
  return dtype.startsWith('float') ? dtype === 'float64' : dtype !== 'bfloat16';
}

/** Values of a tensor as they lie in the model, less their zero point. */
export function plainValues(
  model: Model,
  tensor: Tensor,
  zero: ZeroPoint | undefined,
): LayerValues {
  const { reader } = model;
  return {
    weights: tensor.parameters,
    wide: isWide(tensor.dtype),
    read(start, target) {
      reader.readValues(tensor, start, target);
      if (zero === undefined) return;
      if (zero.values.length === 1) {
        const [z] = zero.values;
        for (let i = 0; i < target.length; i++) target[i] -= z;
      } else for (let i = 0; i < target.length; i++) target[i] -= zeroAt(zero, start + i);
    },
  };
}

/** a - b. Equal values, two NaNs and equal infinities included, differ by 0. */
export function differenceOf(a: LayerValues, b: LayerValues): LayerValues {
  if (a.weights !== b.weights) throw new RangeError(`${a.weights} weights less ${b.weights}`);
  return {
    weights: a.weights,
    wide: true,
    ready: async (start, end) => {
      await Promise.all([a.ready?.(start, end), b.ready?.(start, end)]);
    },
    read(start, target) {
      const left = arrayFor(a, target.length);
      const right = arrayFor(b, target.length);
      a.read(start, left);
      b.read(start, right);
      for (let i = 0; i < target.length; i++) {
        const x = left[i];
        const y = right[i];
        target[i] = x === y || (x !== x && y !== y) ? 0 : x - y;
      }
    },
  };
}

/** Values read at a time. */
export const chunk = 1 << 17;

/** Hands every value of a layer to a counter, in flat order. */
export async function countInto(
  values: LayerValues,
  counter: { add(values: Numbers): void },
  pace: Pace,
): Promise<void> {
  const buffer = arrayFor(values, Math.min(chunk, values.weights));
  for (let start = 0; start < values.weights; start += chunk) {
    if (pace.due) await pace.rest();
    const part = buffer.subarray(0, Math.min(chunk, values.weights - start));
    await values.ready?.(start, values.weights);
    values.read(start, part);
    counter.add(part);
    pace.onFraction((start + part.length) / values.weights);
  }
}
