/**
 * Caffe's pooling geometry, and how ONNX says the same. Caffe rounds the output size up, drops a
 * last window that would start in the padding behind the input (only when there is padding), and
 * divides an average by the part of the window inside input plus padding (pooling_layer.cpp).
 * ONNX's ceil_mode has no such clipping and runtimes differ in the divisor, so every size is written
 * as explicit pads with floor rounding: the arithmetic is then the same everywhere.
 */

export interface PoolAxis {
  /** Windows along this axis. */
  readonly size: number;
  /** Zero cells that count in an average: Caffe's own padding, as far as windows reach into it. */
  readonly padBegin: number;
  readonly padEnd: number;
  /** Cells behind the padding that the last window reaches into: they count in nothing. */
  readonly overhang: number;
}

/**
 * One axis of a pooling layer; `undefined` when a window lies wholly outside the input, where Caffe
 * itself computes 0/0 or -FLT_MAX.
 */
export function poolAxis(
  input: number,
  kernel: number,
  stride: number,
  pad: number,
  roundUp: boolean,
  anyPad: boolean,
): PoolAxis | undefined {
  if (pad >= kernel) return undefined;
  const steps = (input + 2 * pad - kernel) / stride;
  let size = (roundUp ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (anyPad && (size - 1) * stride >= input + pad) size--;
  if (size < 1 || (size - 1) * stride - pad >= input) return undefined;
  const reach = Math.max(0, (size - 1) * stride + kernel - input - pad);
  const padEnd = Math.min(pad, reach);
  return { size, padBegin: pad, padEnd, overhang: reach - padEnd };
}
