/**
 * Conv and ConvTranspose, any number of spatial axes, groups, dilation, asymmetric padding.
 * The gradient of the input is the transposed convolution; the gradient of the kernel is a
 * convolution with batch and channel axes exchanged and stride exchanged with dilation.
 */
import { intAttribute, intsAttribute } from '../../model/proto-attributes.ts';
import type { Emitter } from '../emitter.ts';
import { intOf } from '../graph.ts';
import type { Rules } from './rule.ts';
import { rest, windowsOf } from './windows.ts';
import type { Windows } from './windows.ts';

/** ConvTranspose of `y` back to spatial size `input`, with the kernel layout of the forward Conv. */
export function transposedConvolution(
  emit: Emitter,
  y: string,
  weights: string,
  w: Windows,
  input: readonly number[],
  output: readonly number[],
  group: number,
): string {
  const remainder = input.map((size, i) => rest(w, i, size, output[i]!));
  return emit.op(
    'ConvTranspose',
    [y, weights],
    [
      intsAttribute('kernel_shape', w.kernel),
      intsAttribute('strides', w.strides),
      intsAttribute('dilations', w.dilations),
      // a window that reaches beyond the end padding is cut there like padding
      intsAttribute('pads', [
        ...w.padBegin,
        ...w.padEnd.map((p, i) => p + Math.max(0, -remainder[i]!)),
      ]),
      intsAttribute(
        'output_padding',
        remainder.map((r) => Math.max(0, r)),
      ),
      intAttribute('group', group),
    ],
  );
}

/**
 * Sum over batch and positions of y[n, m, p] * x[n, c, p * stride + k * dilation - pad]:
 * the kernel gradient [M, C / group, k…] of a convolution from x to y.
 */
function kernelGradient(
  emit: Emitter,
  x: string,
  y: string,
  w: Windows,
  xShape: readonly number[],
  yShape: readonly number[],
  group: number,
): string {
  const [n = 1, c = 1, ...input] = xShape;
  const output = yShape.slice(2);
  const spatial = input.map((_, i) => i);
  const perGroup = c / group;
  // x as [C / group, group x N, …]: the batch becomes channels, each group's apart
  const folded =
    group === 1
      ? emit.transpose(x, [1, 0, ...spatial.map((i) => i + 2)])
      : emit.reshape(
          emit.transpose(emit.reshape(x, [n, group, perGroup, ...input]), [
            ...[2, 1, 0],
            ...spatial.map((i) => i + 3),
          ]),
          [perGroup, group * n, ...input],
        );
  const kernels = emit.transpose(y, [1, 0, ...spatial.map((i) => i + 2)]);
  const remainder = input.map((size, i) => rest(w, i, size, output[i]!));
  const padEnd = w.padEnd.map((p, i) => (p >= remainder[i]! ? p - remainder[i]! : p));
  const full = emit.op(
    'Conv',
    [folded, kernels],
    [
      intsAttribute('kernel_shape', output),
      intsAttribute('strides', w.dilations),
      intsAttribute('dilations', w.strides),
      intsAttribute('pads', [...w.padBegin, ...padEnd]),
      intAttribute('group', group),
    ],
  );
  const gradient = emit.transpose(full, [1, 0, ...spatial.map((i) => i + 2)]);
  // where the remainder could not be taken from the padding there may be kernel cells too many
  const cut = spatial.filter(
    (i) => w.padEnd[i]! < remainder[i]! && remainder[i]! >= w.dilations[i]!,
  );
  if (cut.length === 0) return gradient;
  return emit.slice(
    gradient,
    cut.map(() => 0),
    cut.map((i) => w.kernel[i]!),
    cut.map((i) => i + 2),
  );
}

const overAllButChannels = (rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => i !== 1);

export const convolutionRules: Rules = {
  Conv({ node, emit, dy, needs, shape }) {
    const [x = '', weights = '', bias = ''] = node.input;
    const xShape = shape(x);
    const yShape = shape(node.output[0]!);
    const group = intOf(node, 'group', 1);
    const [input, output] = [xShape.slice(2), yShape.slice(2)];
    const w = windowsOf(node, shape(weights).slice(2), input, output);
    return [
      needs(0) ? transposedConvolution(emit, dy, weights, w, input, output, group) : undefined,
      needs(1) ? kernelGradient(emit, x, dy, w, xShape, yShape, group) : undefined,
      bias !== '' && needs(2)
        ? emit.reduceSum(dy, overAllButChannels(yShape.length), false)
        : undefined,
    ];
  },

  /** The adjoint of Conv from Y to X: so its gradients are those of Conv with the sides exchanged. */
  ConvTranspose({ node, emit, dy, needs, shape }) {
    const [x = '', weights = '', bias = ''] = node.input;
    const xShape = shape(x);
    const yShape = shape(node.output[0]!);
    const group = intOf(node, 'group', 1);
    const kernel = shape(weights).slice(2);
    const w = transposeWindows(node, kernel, xShape.slice(2), yShape.slice(2));
    const forward = (): string =>
      emit.op(
        'Conv',
        [dy, weights],
        [
          intsAttribute('kernel_shape', kernel),
          intsAttribute('strides', w.strides),
          intsAttribute('dilations', w.dilations),
          intsAttribute('pads', [...w.padBegin, ...w.padEnd]),
          intAttribute('group', group),
        ],
      );
    return [
      needs(0) ? forward() : undefined,
      needs(1) ? kernelGradient(emit, dy, x, w, yShape, xShape, group) : undefined,
      bias !== '' && needs(2)
        ? emit.reduceSum(dy, overAllButChannels(yShape.length), false)
        : undefined,
    ];
  },
};

/**
 * Pads of the Conv whose adjoint a ConvTranspose is. output_padding adds cells at the end that the
 * Conv does not read; with output_shape or auto_pad the pads follow from the sizes.
 */
function transposeWindows(
  node: Parameters<typeof windowsOf>[0],
  kernel: readonly number[],
  input: readonly number[],
  output: readonly number[],
): Windows {
  const automatic = node.attribute.some(
    (a) =>
      a.name === 'output_shape' ||
      (a.name === 'auto_pad' && new TextDecoder().decode(a.s).startsWith('SAME')),
  );
  const plain = windowsOf(node, kernel, output, input);
  if (!automatic) return plain;
  const outputPadding =
    node.attribute.find((a) => a.name === 'output_padding')?.ints.map(Number) ??
    kernel.map(() => 0);
  const total = kernel.map((k, i) =>
    Math.max(
      0,
      (input[i]! - 1) * plain.strides[i]! +
        outputPadding[i]! +
        plain.dilations[i]! * (k - 1) +
        1 -
        output[i]!,
    ),
  );
  const upper = node.attribute.some(
    (a) => a.name === 'auto_pad' && new TextDecoder().decode(a.s) === 'SAME_UPPER',
  );
  const small = total.map((t) => Math.floor(t / 2));
  const large = total.map((t, i) => t - small[i]!);
  return { ...plain, padBegin: upper ? small : large, padEnd: upper ? large : small };
}
