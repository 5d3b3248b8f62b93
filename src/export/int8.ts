/**
 * int8: every weight as whole numbers of 8 bits with a scale for each output channel, symmetric around
 * zero (Krishnamoorthi 2018, section 2.2), and DequantizeLinear in front of the layer. Below operator set
 * 13, where DequantizeLinear knows no axis, Cast and Mul do the same.
 */
import type { Tensor } from '../model/model.ts';
import {
  bytesOf,
  channelAxis,
  eachChannel,
  storeWeights,
  type ExportContext,
  type ExportedLayer,
  type Stored,
} from './weights.ts';

const most = 127;
const float32 = 1;

export function toInt8(context: ExportContext): ExportedLayer[] {
  const perAxis = context.editor.opset('') >= 13;
  return storeWeights(context, (tensor, values) => int8(tensor, values, perAxis));
}

function int8(tensor: Tensor, values: Float32Array, perAxis: boolean): Stored {
  const { shape } = tensor;
  const axis = channelAxis(tensor);
  const channels = shape[axis];
  const scale = new Float32Array(channels);
  eachChannel(shape, axis, (i, c) => {
    scale[c] = Math.max(scale[c], Math.abs(values[i]));
  });
  // a channel of zeros keeps them with any scale
  for (let c = 0; c < channels; c++) scale[c] = scale[c] > 0 ? scale[c] / most : 1;
  const levels = new Int8Array(values.length);
  eachChannel(shape, axis, (i, c) => {
    levels[i] = Math.max(-most, Math.min(most, Math.round(values[i] / scale[c])));
  });
  const scaleShape = perAxis ? [channels] : shape.map((_, d) => (d === axis ? channels : 1));
  return {
    done: `int8, ${channels} scales`,
    tensors: {
      quantized: { dtype: 'int8', shape, data: bytesOf(levels) },
      scale: { dtype: 'float32', shape: scaleShape, data: bytesOf(scale) },
    },
    nodes: ({ quantized, scale: scales }, output, fresh) => {
      if (perAxis) {
        const attributes = { axis: { int: axis } };
        return [
          {
            opType: 'DequantizeLinear',
            inputs: [quantized, scales],
            outputs: [output],
            attributes,
          },
        ];
      }
      const whole = fresh('float');
      const attributes = { to: { int: float32 } };
      return [
        { opType: 'Cast', inputs: [quantized], outputs: [whole], attributes },
        { opType: 'Mul', inputs: [whole, scales], outputs: [output] },
      ];
    },
  };
}
