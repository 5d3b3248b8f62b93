/** Geometry of sliding windows: the attributes of Conv and the pools with everything explicit. */
import type { NodeProto } from 'onnx-buf';
import { intsOf, stringOf } from '../graph.ts';

export interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padBegin: readonly number[];
  readonly padEnd: readonly number[];
}

/** `input` and `output` are the spatial sizes; `auto_pad` is resolved with them. */
export function windowsOf(
  node: NodeProto,
  kernel: readonly number[],
  input: readonly number[],
  output: readonly number[],
): Windows {
  const rank = kernel.length;
  const ones = kernel.map(() => 1);
  const strides = intsOf(node, 'strides') ?? ones;
  const dilations = intsOf(node, 'dilations') ?? ones;
  const pads = intsOf(node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  const auto = stringOf(node, 'auto_pad', 'NOTSET');
  if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
    const total = kernel.map((k, i) =>
      Math.max(0, (output[i]! - 1) * strides[i]! + dilations[i]! * (k - 1) + 1 - input[i]!),
    );
    const small = total.map((t) => Math.floor(t / 2));
    const large = total.map((t, i) => t - small[i]!);
    const upper = auto === 'SAME_UPPER';
    return {
      kernel,
      strides,
      dilations,
      padBegin: upper ? small : large,
      padEnd: upper ? large : small,
    };
  }
  const zero = auto === 'VALID' ? kernel.map(() => 0) : undefined;
  return {
    kernel,
    strides,
    dilations,
    padBegin: zero ?? pads.slice(0, rank),
    padEnd: zero ?? pads.slice(rank),
  };
}

/**
 * Cells behind the last window (positive: not read; negative: the windows reach beyond input plus
 * end padding, as ceil_mode lets them), along axis i.
 */
export function rest(w: Windows, i: number, input: number, output: number): number {
  const extent = w.dilations[i]! * (w.kernel[i]! - 1) + 1;
  return input + w.padBegin[i]! + w.padEnd[i]! - ((output - 1) * w.strides[i]! + extent);
}
