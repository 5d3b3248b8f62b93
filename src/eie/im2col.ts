/**
 * One input vector of a convolution as a matrix product: the values under the kernel at one output
 * position, in the order of the weight's columns (input channel, then kernel row-major). Positions
 * outside the input (padding) are 0. Any number of spatial dimensions.
 */
import { DeepCompressionError } from '../model/errors.ts';

export interface ConvInput {
  /** [batch, channels, ...spatial], row-major in `values`. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface ConvWindow {
  /** Per spatial dimension. */
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before the first element, per spatial dimension. */
  readonly padsBegin: readonly number[];
  readonly groups: number;
  /** Output size per spatial dimension. */
  readonly outputSpatial: readonly number[];
}

/**
 * Fills `target` (channels / groups x kernel values) for output position `position`, counted
 * row-major over [batch, ...outputSpatial], of group `group`.
 * @throws DeepCompressionError `invalid-input` when the shapes do not fit together.
 */
export function im2colVector(
  input: ConvInput,
  window: ConvWindow,
  group: number,
  position: number,
  target: Float32Array,
): void {
  const { shape, values } = input;
  const { kernel, strides, dilations, padsBegin, groups, outputSpatial } = window;
  const dims = kernel.length;
  const spatial = shape.slice(2);
  const channels = shape[1] / groups;
  const product = (list: readonly number[]): number => list.reduce((a, b) => a * b, 1);
  const kernelSize = product(kernel);
  const places = product(outputSpatial);
  const fits =
    [strides, dilations, padsBegin, outputSpatial, spatial].every((l) => l.length === dims) &&
    Number.isInteger(channels) &&
    values.length === product(shape) &&
    target.length === channels * kernelSize &&
    group >= 0 &&
    group < groups &&
    position >= 0 &&
    position < shape[0] * places;
  if (!fits)
    throw new DeepCompressionError(
      'invalid-input',
      `a convolution over ${shape.join(' x ')} with kernel ${kernel.join(' x ')} in ${groups} groups does not give vectors of ${target.length}`,
    );
  const plane = product(spatial);
  const batch = Math.floor(position / places);
  const corner = new Int32Array(dims);
  for (let d = dims - 1, rest = position % places; d >= 0; d--) {
    corner[d] = (rest % outputSpatial[d]) * strides[d] - padsBegin[d];
    rest = Math.floor(rest / outputSpatial[d]);
  }
  /** Offset in a plane of each kernel element, -1 in the padding: the same for every channel. */
  const offsets = new Int32Array(kernelSize);
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
  const first = (batch * shape[1] + group * channels) * plane;
  for (let c = 0, i = 0; c < channels; c++)
    for (let k = 0; k < kernelSize; k++, i++)
      target[i] = offsets[k] < 0 ? 0 : values[first + c * plane + offsets[k]];
}
