/**
 * Where the mean of a layer's output can be corrected at no cost: the layer's own bias, the constant that
 * is added behind it, or the mean that the BatchNormalization behind it takes away. Rounding shifts the mean
 * output of every channel; these tensors take the shift back. Source: bias correction, Nagel et al., ICCV 2019.
 * Layers of bodies (If, Loop, Scan) have theirs like those of the main graph; a recurrent layer's gates
 * have an element each for inputs and for hidden states, however the graph puts its tensors together.
 * Limits: a tensor that anything else reads is left alone; layers of local functions are.
 */
import type { GraphNode } from '../../model/graph.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { Scope } from '../../model/onnx/scope.ts';
import type { Tensor } from '../../model/model.ts';
import { Readers, type Moved, type Trail } from './readers.ts';

export interface BiasTarget {
  readonly bias: Tensor;
  /** -1 where the tensor is subtracted. */
  readonly sign: 1 | -1;
  /** Element of the bias for every output of the weight (matrices x rows), -1 where there is none. */
  readonly places: Int32Array;
}

/** Targets by id of the weight. */
export function biasTargets(model: OnnxModel, weights: readonly Tensor[]): Map<number, BiasTarget> {
  const readers = new Readers(model);
  const wanted = new Map(weights.map((weight) => [weight.id, weight]));
  const found = recurrentTargets(readers, wanted);
  for (const { scope, node } of readers.sites) {
    if (node.domain !== '') continue;
    const name = node.inputs[1] ?? '';
    const producer = readers.producer(scope, name);
    const weight = producer?.kind === 'tensor' ? wanted.get(producer.id) : undefined;
    if (!weight?.geometry || readers.only(scope, name)?.node !== node) continue;
    const target = added(readers, scope, node);
    const bias = target && biasOf(readers, target.scope, target.name, target.node);
    const { rows, matrices } = weight.geometry;
    if (!bias || !isChannels(bias.shape, rows * matrices, target.spatial)) continue;
    const places = Int32Array.from({ length: rows * matrices }, (_, i) => i);
    found.set(weight.id, { bias, sign: target.sign, places });
  }
  return found;
}

interface Added {
  readonly scope: Scope;
  readonly node: GraphNode;
  readonly name: string;
  readonly sign: 1 | -1;
  /** Axes behind that of the channels. */
  readonly spatial: number;
}

/** What is added to (or taken from) the outputs of a layer, one number a channel. */
function added(readers: Readers, scope: Scope, node: GraphNode): Added | undefined {
  const { opType, attributes, inputs, outputs } = node;
  if (!['Conv', 'Gemm', 'MatMul'].includes(opType)) return undefined;
  if ((attributes.get('alpha')?.f ?? 1) !== 1 || (attributes.get('beta')?.f ?? 1) !== 1)
    return undefined;
  const own = opType === 'MatMul' ? '' : (inputs[2] ?? '');
  if (own !== '') return { scope, node, name: own, sign: 1, spatial: 0 };
  const [output = ''] = outputs;
  const next = readers.only(scope, output);
  if (next?.node.opType === 'BatchNormalization' && next.node.inputs[0] === output)
    return { ...next, name: next.node.inputs[3] ?? '', sign: -1, spatial: 0 };
  if (next?.node.opType === 'Add') {
    const name = next.node.inputs.find((input) => input !== output) ?? '';
    const spatial = attributes.get('kernel_shape')?.ints?.length ?? 2;
    return { ...next, name, sign: 1, spatial: opType === 'Conv' ? spatial : 0 };
  }
  return undefined;
}

/** Whether a constant of this shape is a number for each channel. */
function isChannels(shape: readonly number[], channels: number, spatial: number): boolean {
  const behind = shape.slice(shape.length - spatial);
  return (
    shape.length > spatial &&
    shape.reduce((a, b) => a * b, 1) === channels &&
    shape[shape.length - spatial - 1] === channels &&
    behind.every((d) => d === 1)
  );
}

function biasOf(
  readers: Readers,
  scope: Scope,
  name: string,
  owner: GraphNode,
): Tensor | undefined {
  const producer = readers.producer(scope, name);
  if (producer?.kind !== 'tensor' || readers.only(scope, name)?.node !== owner) return undefined;
  return usable(readers.model, producer.id);
}

/** A tensor of floats whose values can be replaced. */
function usable(model: OnnxModel, id: number): Tensor | undefined {
  const tensor = model.tensors[id]!;
  const float = /^float(16|32|64)$/.test(tensor.dtype);
  return float && model.writer.whyNotReplaceable(tensor) === undefined ? tensor : undefined;
}

/** Weights of recurrent layers. Nodes may share them, where they share the bias likewise. */
function recurrentTargets(
  readers: Readers,
  wanted: ReadonlyMap<number, Tensor>,
): Map<number, BiasTarget> {
  const sites = readers.sites.filter((s) => s.node.domain === '' && isRecurrent(s.node));
  /** All nodes that pass weights and biases on, and those that use them. */
  const passed = new Set(sites.map((s) => s.node));
  const operands = sites.flatMap(({ scope, node }) =>
    [1, 2].flatMap((index) => {
      const trail: Trail = { values: [], passed };
      const rows = readers.moved(scope, node.inputs[index] ?? '', true, trail);
      const bias = readers.moved(scope, node.inputs[3] ?? '', false, trail);
      return rows && bias ? [{ node, index, rows, bias, values: trail.values }] : [];
    }),
  );
  const found = new Map<number, BiasTarget>();
  const unclear = new Set<number>();
  /** Nodes that see a tensor. */
  const seenBy = new Map<number, Set<GraphNode>>();
  for (const { node, index, rows, bias, values } of operands) {
    for (const id of new Set([...rows.tensors, ...bias.tensors]))
      seenBy.set(id, (seenBy.get(id) ?? new Set()).add(node));
    const private_ = readers.onlyRead(values, passed);
    for (const [id, target] of gatesOf(readers.model, node, index, { rows, bias }, wanted)) {
      const other = found.get(id);
      if (!private_ || (other && !sameTarget(other, target))) unclear.add(id);
      found.set(id, target);
    }
  }
  for (const [id, { bias }] of found)
    if (unclear.has(id) || !sameNodes(seenBy.get(id)!, seenBy.get(bias.id)!)) found.delete(id);
  return found;
}

function isRecurrent({ opType }: GraphNode): boolean {
  return /^(LSTM|GRU|RNN)$/.test(opType);
}

function sameNodes(a: ReadonlySet<GraphNode>, b: ReadonlySet<GraphNode>): boolean {
  return a.size === b.size && [...a].every((node) => b.has(node));
}

function sameTarget(a: BiasTarget, b: BiasTarget): boolean {
  return a.bias === b.bias && a.places.every((place, i) => place === b.places[i]);
}

/**
 * Outputs of a recurrent layer's weights (operand `index`: 1 of inputs, 2 of hidden states) in its bias,
 * [directions, 2 x gates x hidden]: those for inputs first. Source: ONNX Operators, LSTM.
 */
function gatesOf(
  model: OnnxModel,
  node: GraphNode,
  index: number,
  { rows, bias }: { readonly rows: Moved; readonly bias: Moved },
  wanted: ReadonlyMap<number, Tensor>,
): Map<number, BiasTarget> {
  const found = new Map<number, BiasTarget>();
  // a GRU without this multiplies the hidden part by what its gate lets through, whose mean is not known
  const mixed = node.opType === 'GRU' && (node.attributes.get('linear_before_reset')?.i ?? 0) === 0;
  const [directions = 0, height = 0] = rows.dims;
  const fits = rows.dims.length === 2 && bias.tensors.length === 2 * directions * height;
  if (!fits || (mixed && index === 2)) return found;
  for (let i = 0; i < rows.tensors.length; i++) {
    const weight = wanted.get(rows.tensors[i]!);
    if (!weight?.geometry) continue;
    const slot = i + Math.floor(i / height) * height + (index - 1) * height;
    let target = found.get(weight.id);
    if (!target) {
      const tensor = usable(model, bias.tensors[slot]!);
      if (!tensor) continue;
      const count = weight.geometry.rows * weight.geometry.matrices;
      target = { bias: tensor, sign: 1, places: new Int32Array(count).fill(-1) };
      found.set(weight.id, target);
    }
    const row = rows.places[i]!;
    if (target.bias.id === bias.tensors[slot] && row < target.places.length)
      target.places[row] = bias.places[slot]!;
  }
  return found;
}

/** The biases that take back `shift`, what the mean outputs of each weight lost, by id of the bias. */
export function correctedBiases(
  model: OnnxModel,
  targets: ReadonlyMap<number, BiasTarget>,
  shiftOf: (weight: number) => Float64Array | undefined,
): Map<number, Float64Array> {
  const found = new Map<number, Float64Array>();
  for (const [id, { bias, sign, places }] of targets) {
    const shift = shiftOf(id);
    if (!shift) continue;
    let values = found.get(bias.id);
    if (!values) {
      const stored = new (bias.dtype === 'float64' ? Float64Array : Float32Array)(bias.parameters);
      model.reader.readValues(bias, 0, stored);
      found.set(bias.id, (values = Float64Array.from(stored)));
    }
    for (let i = 0; i < places.length; i++)
      if (places[i]! >= 0) values[places[i]!]! += sign * shift[i]!;
  }
  return found;
}
