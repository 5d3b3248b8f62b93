/**
 * The vectors that a convolution multiplies: the values under the kernel at one output position, in
 * the order of the weight's columns (input channel, then kernel row-major), the groups one after
 * another. Positions outside the input (padding) are 0. Any number of spatial dimensions.
 */
import { DeepCompressionError } from '../model/errors.ts';

export interface ConvWindow {
  /** Per spatial dimension. */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before the first element, per spatial dimension. */
  readonly padsBegin: readonly number[];
  /** Output size per spatial dimension. */
  readonly outputSpatial: readonly number[];
}

export interface Windows {
  /** Output positions, counted row-major over [batch, ...outputSpatial]. */
  readonly count: number;
  /** Values under the kernel, of all channels. */
  readonly length: number;
  /** Writes the `length` values of one position. */
  fill(position: number, target: Float32Array): void;
}

const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);

/**
 * @param shape [batch, channels, ...spatial], row-major in `values`
 * @throws DeepCompressionError `invalid-input` when the shapes do not fit together
 */
export function windowsOf(
  shape: readonly number[],
  values: Float32Array,
  { kernel, strides, dilations, padsBegin, outputSpatial }: ConvWindow,
): Windows {
  const dims = kernel.length;
  const [batches, channels, ...spatial] = shape;
  const fits =
    [strides, dilations, padsBegin, outputSpatial, spatial].every((l) => l.length === dims) &&
    values.length === product(shape);
  if (!fits)
    throw new DeepCompressionError(
      'invalid-input',
      `a convolution over ${shape.join(' x ')} does not have a kernel of ${kernel.join(' x ')}`,
    );
  const kernelSize = product(kernel);
  const places = product(outputSpatial);
  const plane = product(spatial);
  const corner = new Int32Array(dims);
  // offset in a plane of each kernel element, -1 in the padding: the same for every channel
  const offsets = new Int32Array(kernelSize);
  const length = channels * kernelSize;
  return {
    count: batches * places,
    length,
    fill(position, target) {
      for (let d = dims - 1, rest = position % places; d >= 0; d--) {
        corner[d] = (rest % outputSpatial[d]) * strides[d] - padsBegin[d];
        rest = Math.floor(rest / outputSpatial[d]);
      }
      for (let k = 0; k < kernelSize; k++) {
        let offset = 0;
        let size = 1;
        for (let d = dims - 1, rest = k; d >= 0; d--) {
          const at = corner[d] + (rest % kernel[d]) * dilations[d];
          rest = Math.floor(rest / kernel[d]);
          if (at < 0 || at >= spatial[d]) {
            offset = -1;
            break;
          }
          offset += at * size;
          size *= spatial[d];
        }
        offsets[k] = offset;
      }
      let from = Math.floor(position / places) * channels * plane;
      for (let i = 0; i < length; from += plane)
        for (let k = 0; k < kernelSize; k++, i++)
          target[i] = offsets[k] < 0 ? 0 : values[from + offsets[k]];
    },
  };
}
