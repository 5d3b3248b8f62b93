/**
 * int4: every weight with 32 inputs and more as whole numbers of 4 bits with a scale for every 32 of them
 * (int4-blocks.ts), and DequantizeLinear in front of the layer, which has blocks from operator set 21 on.
 */
import { block, blocksOf, inputAxis } from './int4-blocks.ts';
import {
  bytesOf,
  storeWeights,
  type ExportContext,
  type ExportedLayer,
  type Stored,
} from './weights.ts';
import type { Tensor } from '../model/model.ts';

export function toInt4(context: ExportContext): ExportedLayer[] {
  return storeWeights(context, int4);
}

function int4(tensor: Tensor, values: Float32Array): Stored | string {
  const { shape } = tensor;
  const axis = inputAxis(tensor);
  if (axis === undefined || shape[axis] < block) return `it has fewer than ${block} inputs`;
  const { levels, scales, scaleShape } = blocksOf(values, shape, axis);
  const packed = new Uint8Array((levels.length + 1) >> 1);
  levels.forEach((level, i) => (packed[i >> 1] |= (level & 15) << (4 * (i & 1))));
  return {
    done: `int4, blocks of ${block}`,
    tensors: {
      quantized: { dtype: 'int4', shape, data: packed },
      scale: { dtype: 'float32', shape: scaleShape, data: bytesOf(scales) },
    },
    nodes: ({ quantized, scale }, output) => {
      const attributes = { axis: { int: axis }, block_size: { int: block } };
      const inputs = [quantized, scale];
      return [{ opType: 'DequantizeLinear', inputs, outputs: [output], attributes }];
    },
  };
}
