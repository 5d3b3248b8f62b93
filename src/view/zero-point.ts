/**
 * What zero means in a quantized tensor: the zero point that the format states beside it, or that of the
 * operator that consumes it: one value, one a channel, or one a block of a channel. Source: the ONNX operators
 * that take a weight together with its zero point. Limits: both must be tensors of the file themselves (nothing
 * computed in between), and functions are not looked into.
 */
import type { Model, Tensor } from '../model/model.ts';
import { definingScope, graphScope, type Scope } from '../model/onnx/scope.ts';
import type { GraphNode } from '../model/graph.ts';

/** Where the zero point of a tensor is. */
export interface ZeroPointPlace {
  /** Id of the tensor that holds it. */
  readonly tensor: number;
  readonly axis: number;
  /** Values along the axis that share one; 0: one for the whole channel. */
  readonly block: number;
}

export interface ZeroPoint {
  readonly values: Float64Array;
  /** Weights one step along the axis apart, the length of the axis, and `ZeroPointPlace.block`. */
  readonly inner: number;
  readonly length: number;
  readonly block: number;
}

/** Inputs [weight, zero point, axis]; `axis`: the node's attribute says. */
const operands: Readonly<Record<string, readonly (readonly [number, number, number | 'axis'])[]>> =
  {
    DequantizeLinear: [[0, 2, 'axis']],
    QLinearConv: [[3, 5, 0]],
    ConvInteger: [[1, 3, 0]],
    MatMulInteger: [
      [0, 2, -2],
      [1, 3, -1],
    ],
    QLinearMatMul: [
      [0, 2, -2],
      [3, 5, -1],
    ],
    DynamicQuantizeMatMul: [[1, 3, -1]],
    MatMulIntegerToFloat: [
      [0, 4, -2],
      [1, 5, -1],
    ],
  };

/** Zero points by the id of the tensor they belong to; no payload is read. */
export function findZeroPoints(model: Model): ReadonlyMap<number, ZeroPointPlace> {
  const found = new Map<number, ZeroPointPlace>();
  if (!model.graph) return found;
  const visit = (scope: Scope): void => {
    for (const node of scope.nodes) {
      for (const [weight, zero, axis] of operands[node.opType] ?? []) {
        const tensor = tensorOf(scope, node.inputs[weight]);
        const holder = tensorOf(scope, node.inputs[zero]);
        if (tensor === undefined || holder === undefined || found.has(tensor)) continue;
        const place = placeOf(model, node, tensor, holder, axis);
        if (place !== undefined) found.set(tensor, place);
      }
    }
    for (const child of scope.children.values()) visit(child);
  };
  visit(graphScope(model.graph));
  return found;
}

function tensorOf(scope: Scope, name: string | undefined): number | undefined {
  if (name === undefined || name === '') return undefined;
  const producer = definingScope(scope, name)?.producers.get(name);
  return producer?.kind === 'tensor' ? producer.id : undefined;
}

function placeOf(
  model: Model,
  node: GraphNode,
  id: number,
  holder: number,
  rule: number | 'axis',
): ZeroPointPlace | undefined {
  const tensor = model.tensors.at(id);
  const zero = model.tensors.at(holder);
  if (tensor === undefined || zero === undefined) return undefined;
  const rank = tensor.shape.length;
  const given = rule === 'axis' ? (node.attributes.get('axis')?.i ?? 1) : rule;
  const axis = given < 0 ? given + rank : given;
  if (zero.parameters === 1) return { tensor: holder, axis: 0, block: 0 };
  if (!Number.isInteger(axis) || axis < 0 || axis >= rank) return undefined;
  const length = tensor.shape[axis];
  const block = rule === 'axis' ? (node.attributes.get('block_size')?.i ?? 0) : 0;
  if (Number.isInteger(block) && block > 0) {
    const blocks = Math.ceil(length / block);
    const fits =
      zero.shape.length === rank &&
      zero.shape.every((d, i) => d === (i === axis ? blocks : tensor.shape[i]));
    return fits ? { tensor: holder, axis, block } : undefined;
  }
  return zero.parameters === length ? { tensor: holder, axis, block: 0 } : undefined;
}

const mostValues = 1 << 22;

/** Reads a zero point; undefined when every value of it is 0, or when it is absurdly large. */
export function readZeroPoint(
  model: Model,
  id: number,
  place: ZeroPointPlace,
): ZeroPoint | undefined {
  const holder = model.tensors[place.tensor];
  if (holder.parameters > mostValues) return undefined;
  const values = new Float64Array(holder.parameters);
  model.reader.readValues(holder, 0, values);
  if (values.every((v) => v === 0)) return undefined;
  if (values.length === 1) return { values, inner: 1, length: 1, block: 0 };
  const { shape } = model.tensors[id];
  const inner = shape.slice(place.axis + 1).reduce((a, b) => a * b, 1);
  return { values, inner, length: shape[place.axis], block: place.block };
}

/** The zero point that a format states beside a tensor; undefined where that is 0, or none is stated. */
export function statedZeroPoint({ quantization, shape }: Tensor): ZeroPoint | undefined {
  if (!quantization || quantization.zeroPoints.every((z) => z === 0)) return undefined;
  const { zeroPoints, axis } = quantization;
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return { values: Float64Array.from(zeroPoints), inner, length: shape[axis] ?? 1, block: 0 };
}

/** Zero point of the weight at flat index `i`. */
export function zeroAt({ values, inner, length, block }: ZeroPoint, i: number): number {
  if (values.length === 1) return values[0];
  const outer = Math.floor(i / inner);
  const channel = outer % length;
  if (block === 0) return values[channel];
  const blocks = Math.ceil(length / block);
  const row = Math.floor(outer / length) * blocks + Math.floor(channel / block);
  return values[row * inner + (i % inner)];
}
