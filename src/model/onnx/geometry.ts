/**
 * The matrix a weight tensor is, and how it lies in the file. The operators between the tensor and
 * its layer are followed axis by axis; where they cannot be (a Reshape to a computed shape, gates
 * taken apart and joined anew), the tensor counts as it is stored: outputs x everything else.
 * Source: the operators' specifications; see `Geometry` for the terms.
 */
import type { Geometry, LayerKind } from '../model.ts';
import type { Axis } from './axis.ts';
import { einsumOperand } from './einsum.ts';
import type { GraphNode } from '../graph.ts';
import type { Hops } from './trace.ts';

const gatesOf: Readonly<Record<string, readonly string[]>> = {
  LSTM: ['i', 'o', 'f', 'c'],
  GRU: ['z', 'r', 'h'],
  RNN: ['i'],
};

/** Geometry of input `index` of `node`, for a tensor of `shape` that reaches it through `hops`. */
export function geometryOf(
  node: GraphNode,
  index: number,
  shape: readonly number[],
  hops: Hops | undefined,
): Geometry | undefined {
  if (shape.length === 0) return undefined;
  const { opType } = node;
  const axes = followAxes(shape, hops);
  if (opType === 'ConvTranspose') return convTranspose(node, shape, axes);
  if (/Conv(Integer)?$/.test(opType)) return conv(node, shape, axes);
  if (opType in gatesOf) return recurrent(gatesOf[opType], shape, axes);
  if (opType === 'DynamicQuantizeLSTM') return matrix(axes, shape, 'recurrent', true, false);
  if (opType === 'MatMulNBits') return stored(shape, 'fc', false);
  if (opType === 'Einsum') return einsumOperand(node, index, axes) ?? stored(shape, 'fc', true);
  // The rest are matrix products: the left operand has its outputs in rows, the right in columns.
  const left = index === 0;
  const swapped = (node.attributes.get(left ? 'transA' : 'transB')?.i ?? 0) !== 0;
  return matrix(axes ?? squeezed(shape, hops), shape, 'fc', !left, swapped);
}

/** The axes after all hops, or undefined where one cannot be followed. */
export function followAxes(
  shape: readonly number[],
  hops: Hops | undefined,
): readonly Axis[] | undefined {
  let axes: Axis[] = shape.map((size, from) => ({ size, from }));
  for (let hop = hops; hop !== undefined; hop = hop.rest) {
    const { opType, attributes, inputs } = hop.node;
    const listed = attributes.get('axes')?.ints;
    if (opType === 'Transpose') {
      const perm = attributes.get('perm')?.ints ?? axes.map((_, i) => axes.length - 1 - i);
      if (perm.length !== axes.length || new Set(perm).size !== perm.length) return undefined;
      if (!perm.every((p) => Number.isInteger(p) && p >= 0 && p < axes.length)) return undefined;
      axes = perm.map((p) => axes[p]);
    } else if (opType === 'Unsqueeze') {
      if (listed === undefined || listed.length > 8) return undefined;
      const rank = axes.length + listed.length;
      for (const at of listed.map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b)) {
        axes.splice(at, 0, { size: 1, from: -1 });
      }
    } else if (opType === 'Squeeze') {
      if (listed === undefined && inputs.length > 1) return undefined;
      const gone = listed?.map((a) => (a < 0 ? a + axes.length : a));
      axes = axes.filter(({ size }, i) => (gone === undefined ? size !== 1 : !gone.includes(i)));
    } else if (!/^(Identity|Cast|CastLike|DequantizeLinear|QuantizeLinear)$/.test(opType)) {
      return undefined;
    }
  }
  return axes;
}

/** Two axes longer than 1 survive any reshaping that only adds and drops axes of 1. */
function squeezed(shape: readonly number[], hops: Hops | undefined): readonly Axis[] | undefined {
  const axes = shape.map((size, from) => ({ size, from })).filter(({ size }) => size !== 1);
  if (axes.length !== 2) return undefined;
  let swap = false;
  for (let hop = hops; hop !== undefined; hop = hop.rest) {
    if (
      !/^(Transpose|Unsqueeze|Squeeze|Reshape|Flatten|Identity|Cast|CastLike|.*Linear)$/.test(
        hop.node.opType,
      )
    ) {
      return undefined;
    }
    if (hop.node.opType === 'Transpose') swap = !swap;
  }
  return swap ? [axes[1], axes[0]] : axes;
}

/** The last two axes are one matrix, those before count matrices. */
function matrix(
  axes: readonly Axis[] | undefined,
  shape: readonly number[],
  kind: LayerKind,
  right: boolean,
  swapped: boolean,
): Geometry {
  if (axes === undefined) return stored(shape, kind, right !== swapped);
  if (axes.length < 2) {
    const size = axes[0]?.size ?? 1;
    return { kind, rows: 1, cols: size, matrices: 1, transposed: false };
  }
  const [first, second] = axes.slice(-2);
  const outputsLast = right !== swapped;
  const outputs = outputsLast ? second : first;
  const inputs = outputsLast ? first : second;
  const batch = axes.slice(0, -2);
  const lowest = [first, second].reduce(
    (least, a) => (a.size > 1 ? Math.min(least, a.from) : least),
    Infinity,
  );
  if (batch.some((axis) => axis.size > 1 && axis.from > lowest))
    return stored(shape, kind, outputsLast);
  return {
    kind,
    rows: outputs.size,
    cols: inputs.size,
    matrices: product(batch),
    transposed: inputs.from >= 0 && outputs.from >= 0 ? inputs.from < outputs.from : outputsLast,
  };
}

function spatial(node: GraphNode, kernel: readonly number[]): Partial<Geometry> {
  const list = (name: string): readonly number[] => {
    const ints = node.attributes.get(name)?.ints;
    return ints?.length === kernel.length ? ints : kernel.map(() => 1);
  };
  return { kernel, strides: list('strides'), dilations: list('dilations') };
}

/** Conv: outputs x inputs/groups x kernel, the groups one after another. */
function conv(
  node: GraphNode,
  shape: readonly number[],
  axes: readonly Axis[] | undefined,
): Geometry {
  const groups = node.attributes.get('group')?.i ?? 1;
  if (axes === undefined || axes.length < 2) return stored(shape, 'conv', false);
  const [outputs, ...inner] = axes;
  const order = inner.filter((a) => a.size > 1).map((a) => a.from);
  const first = order.every((from) => from > outputs.from);
  const last = groups === 1 && order.every((from) => from < outputs.from);
  if (!Number.isInteger(outputs.size / groups) || groups < 1) return stored(shape, 'conv', false);
  if (!first && !last && outputs.size > 1) return stored(shape, 'conv', false);
  return {
    kind: 'conv',
    rows: outputs.size / groups,
    cols: product(inner),
    matrices: groups,
    transposed: !first && last,
    groups,
    ...spatial(
      node,
      inner.slice(1).map((a) => a.size),
    ),
  };
}

/** ConvTranspose: inputs x outputs/groups x kernel, so each group stores inputs x outputs. */
function convTranspose(
  node: GraphNode,
  shape: readonly number[],
  axes: readonly Axis[] | undefined,
): Geometry {
  const groups = node.attributes.get('group')?.i ?? 1;
  const straight = axes?.every((a, i) => a.from === i) && axes.length === shape.length;
  const inputs = shape[0] / groups;
  if (!straight || shape.length < 2 || groups < 1 || !Number.isInteger(inputs)) {
    return stored(shape, 'conv', true);
  }
  return {
    kind: 'conv',
    rows: shape.slice(1).reduce((a, b) => a * b, 1),
    cols: inputs,
    matrices: groups,
    transposed: true,
    groups,
    ...spatial(node, shape.slice(2)),
  };
}

/** LSTM, GRU, RNN: directions x (gates x hidden) x inputs; PyTorch's own tensors lack directions. */
function recurrent(
  gates: readonly string[],
  shape: readonly number[],
  axes: readonly Axis[] | undefined,
): Geometry {
  const long = axes ?? shape.map((size, from) => ({ size, from }));
  const [rows, cols] = long.slice(-2);
  if (cols === undefined || rows.size % gates.length !== 0 || rows.from > cols.from) {
    return stored(shape, 'recurrent', false);
  }
  return {
    kind: 'recurrent',
    rows: rows.size / gates.length,
    cols: cols.size,
    matrices: product(long.slice(0, -2)) * gates.length,
    transposed: false,
    // Where the gates are cut and joined anew on the way, the stored order is not ONNX's.
    ...(axes !== undefined && { gates }),
  };
}

/** The tensor as it is stored: its first axis against all others. */
function stored(shape: readonly number[], kind: LayerKind, transposed: boolean): Geometry {
  const first = shape[0];
  const rest = shape.slice(1).reduce((a, b) => a * b, 1);
  const [rows, cols] = transposed ? [rest, first] : [first, rest];
  return { kind, rows, cols, matrices: 1, transposed };
}

function product(axes: readonly Axis[]): number {
  return axes.reduce((all, axis) => all * axis.size, 1);
}
