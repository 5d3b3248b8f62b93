/**
 * fp16: weights stored as float16 and cast to float32 in front of the layer: half the size, and every
 * operator computes in float32 as before. A weight with values beyond the range of float16 stays.
 */
import { narrowFloat16 } from '../model/half.ts';
import {
  bytesOf,
  storeWeights,
  type ExportContext,
  type ExportedLayer,
  type Stored,
} from './weights.ts';

/** The largest finite float16. */
const largest = 65504;
/** The least positive float16; half of it and less become zero. */
const least = 2 ** -24;
const float32 = 1;

export function toFp16(context: ExportContext): ExportedLayer[] {
  return storeWeights(context, ({ shape }, values) => fp16(shape, values));
}

function fp16(shape: readonly number[], values: Float32Array): Stored | string {
  let beyond = 0;
  let lost = 0;
  for (const value of values) {
    const magnitude = Math.abs(value);
    if (magnitude > largest) beyond++;
    else if (magnitude > 0 && magnitude <= least / 2) lost++;
  }
  if (beyond > 0) return `${beyond} of its values are beyond float16, whose largest is ${largest}`;
  const halves = new Uint16Array(values.length);
  narrowFloat16(values, halves);
  return {
    done: lost > 0 ? `float16, ${lost} values became 0` : 'float16',
    tensors: { half: { dtype: 'float16', shape, data: bytesOf(halves) } },
    nodes: ({ half }, output) => {
      const attributes = { to: { int: float32 } };
      return [{ opType: 'Cast', inputs: [half], outputs: [output], attributes }];
    },
  };
}
