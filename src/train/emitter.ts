/**
 * Appends ordinary ONNX operators to a graph: the vocabulary in which gradient rules, losses and
 * lowerings are written. Hides what differs between opsets 17 and later, and shares constants.
 */
import type { AttributeProto, NodeProto, TensorProto } from 'onnx-buf';
import { intAttribute, intsAttribute } from '../model/proto-attributes.ts';
import { floatTensor, freshName, int64Tensor, makeNode } from './graph.ts';
import type { Graph } from './graph.ts';

export class Emitter {
  readonly #constants = new Map<string, string>();

  constructor(
    readonly graph: Graph,
    /** Where nodes go: the graph's own list, or a list that a pass splices in. */
    readonly nodes: NodeProto[],
    /** Prefix of the names of emitted values. */
    readonly prefix: string,
  ) {}

  /** One node with one output; '' stands for an absent optional input. Returns the output's name. */
  op(type: string, inputs: readonly string[], attributes: AttributeProto[] = []): string {
    return this.ops(type, inputs, 1, attributes)[0]!;
  }

  ops(
    type: string,
    inputs: readonly string[],
    outputs: number,
    attributes: AttributeProto[] = [],
  ): string[] {
    const names = Array.from({ length: outputs }, () =>
      freshName(this.graph, `${this.prefix}${type}`),
    );
    this.nodes.push(makeNode(type, inputs, names, attributes));
    return names;
  }

  /** A node whose outputs have given names. */
  into(
    outputs: readonly string[],
    type: string,
    inputs: readonly string[],
    attributes: AttributeProto[] = [],
  ): void {
    this.nodes.push(makeNode(type, inputs, outputs, attributes));
  }

  /** An int64 vector. */
  ints(values: readonly number[]): string {
    return this.#constant(`i${values.join()}`, () => int64Tensor([values.length], values));
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.#constant(`f${value}`, () => floatTensor([], Float32Array.of(value)));
  }

  floats(dims: readonly number[], values: Float32Array): string {
    const name = freshName(this.graph, `${this.prefix}constant`);
    this.graph.initializers.set(name, floatTensor(dims, values));
    return name;
  }

  zeros(shape: readonly number[]): string {
    return this.op('Expand', [this.scalar(0), this.ints(shape)]);
  }

  add = (a: string, b: string): string => this.op('Add', [a, b]);
  sub = (a: string, b: string): string => this.op('Sub', [a, b]);
  mul = (a: string, b: string): string => this.op('Mul', [a, b]);
  div = (a: string, b: string): string => this.op('Div', [a, b]);
  neg = (a: string): string => this.op('Neg', [a]);

  scale(a: string, factor: number): string {
    return factor === 1 ? a : this.mul(a, this.scalar(factor));
  }

  where(condition: string, then: string, otherwise: string): string {
    return this.op('Where', [condition, then, otherwise]);
  }

  reshape(a: string, shape: readonly number[]): string {
    // allowzero, so that a dimension of 0 means 0
    return this.op('Reshape', [a, this.ints(shape)], [intAttribute('allowzero', 1)]);
  }

  expand(a: string, shape: readonly number[]): string {
    return this.op('Expand', [a, this.ints(shape)]);
  }

  transpose(a: string, perm: readonly number[]): string {
    if (perm.every((axis, i) => axis === i)) return a;
    return this.op('Transpose', [a], [intsAttribute('perm', perm)]);
  }

  concat(parts: readonly string[], axis: number): string {
    return parts.length === 1 ? parts[0]! : this.op('Concat', parts, [intAttribute('axis', axis)]);
  }

  split(a: string, sizes: readonly number[], axis: number): string[] {
    const inputs = [a, this.ints(sizes)];
    return this.ops('Split', inputs, sizes.length, [intAttribute('axis', axis)]);
  }

  slice(
    a: string,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
  ): string {
    return this.op('Slice', [a, this.ints(starts), this.ints(ends), this.ints(axes)]);
  }

  /** Pads with zeros; `pads` as ONNX has them: all begins, then all ends. */
  pad(a: string, pads: readonly number[]): string {
    return pads.every((p) => p === 0) ? a : this.op('Pad', [a, this.ints(pads)]);
  }

  reduceSum(a: string, axes: readonly number[], keep: boolean): string {
    return this.op('ReduceSum', [a, this.ints(axes)], [intAttribute('keepdims', keep ? 1 : 0)]);
  }

  reduceMean(a: string, axes: readonly number[], keep: boolean): string {
    const keepdims = intAttribute('keepdims', keep ? 1 : 0);
    return this.graph.opset >= 18
      ? this.op('ReduceMean', [a, this.ints(axes)], [keepdims])
      : this.op('ReduceMean', [a], [intsAttribute('axes', axes), keepdims]);
  }

  #constant(key: string, make: () => TensorProto): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = freshName(this.graph, `${this.prefix}constant`);
    this.graph.initializers.set(name, make());
    this.#constants.set(key, name);
    return name;
  }

  /** Sums what broadcasting from shape `to` to shape `from` repeated. */
  reduceTo(a: string, from: readonly number[], to: readonly number[]): string {
    const lead = from.length - to.length;
    const axes = from
      .map((size, i) => (i < lead || (to[i - lead] === 1 && size !== 1) ? i : -1))
      .filter((i) => i >= 0);
    if (axes.length === 0) return a;
    return lead === 0
      ? this.reduceSum(a, axes, true)
      : this.reshape(this.reduceSum(a, axes, false), to);
  }
}
