/**
 * int8-qdq: layers computed in whole numbers (products.ts). Weights are int8 with a scale for each output,
 * symmetric around zero; what goes into a layer and comes out of it is int8 with one scale and a zero point,
 * from the ranges that samples have shown; biases are int32 in units of both scales. QuantizeLinear and
 * DequantizeLinear say so in the graph, and a runtime without kernels of whole numbers computes the same
 * values in float32. Source: Jacob et al. 2018, section 2; int8 on both sides does not saturate on machines
 * without VNNI. Limits: the main graph; below operator set 13 a weight has one scale.
 */
import { DeepCompressionError } from '../model/errors.ts';
import type { ModelEdit } from '../model/onnx/edit.ts';
import type { GraphEdit, NodeEdit } from '../model/onnx/edit-graph.ts';
import type { Tensor } from '../model/model.ts';
import { productsOf, type Product } from './products.ts';
import { readersOf } from './readers.ts';
import {
  bytesOf,
  eachChannel,
  placeOf,
  removeWeight,
  type ExportContext,
  type ExportedLayer,
  type ValueRange,
} from './weights.ts';

const most = 127;
const least = -128;
/** An int32 bias uses half its range at most: sums are added to it. */
const mostBias = 2 ** 30;

/** The values whose ranges `toInt8Qdq` needs. */
export function rangesWanted(model: ExportContext['model']): string[] {
  const { products } = productsOf(model);
  const names = products.flatMap(({ input, output }) => [input, output]);
  return [...new Set(names)].filter((name) => name !== '');
}

/** @throws DeepCompressionError `unsupported` below operator set 10, which has no DequantizeLinear */
export function toInt8Qdq({ model, editor, ranges }: ExportContext): ExportedLayer[] {
  const opset = editor.opset('');
  if (opset < 10)
    throw new DeepCompressionError(
      'unsupported',
      `${model.path} imports operator set ${opset}: QuantizeLinear is there from 10 on`,
    );
  const { products, why } = productsOf(model);
  const perAxis = opset >= 13;
  const activations = new Activations(editor, ranges);
  const byWeight = new Map<number, Product[]>();
  for (const product of products) {
    const { id } = product.weight;
    byWeight.set(id, [...(byWeight.get(id) ?? []), product]);
  }
  const layers: ExportedLayer[] = [];
  for (const { id, name, shape, parameters, role } of model.tensors) {
    if (role !== 'weight' && role !== 'embedding') continue;
    const own = byWeight.get(id) ?? [];
    const refused = own.length === 0 ? (why.get(id) ?? onlyThese) : '';
    const result = refused === '' ? store(own, model, editor, activations, perAxis) : refused;
    const said = typeof result === 'string' ? { done: '', why: result } : { ...result, why: '' };
    layers.push({ name, shape, parameters, ...said });
  }
  return layers;
}

const onlyThese = 'Conv, MatMul and Gemm alone are computed in whole numbers';

/** Stores the weight that these products share; a text says why it was left alone. */
function store(
  own: readonly Product[],
  model: ExportContext['model'],
  editor: ModelEdit,
  activations: Activations,
  perAxis: boolean,
): { readonly done: string } | string {
  const [{ weight, axis }] = own;
  const graph = editor.graph;
  const nodes = own.map(({ node }) => editor.nodeAt(node));
  const [, read] = nodes[0].inputs;
  const place = placeOf(editor, weight);
  if (typeof place === 'string') return place;
  if (own.some((product) => product.axis !== axis) || readersIn(graph, read) !== own.length)
    return 'other operators read it too';
  const values = new Float32Array(weight.parameters);
  model.reader.readValues(weight, 0, values);
  if (!values.every(Number.isFinite)) return 'it holds values that are not finite';
  const unseen = own
    .flatMap(({ input, output }) => [input, output])
    .find((v) => !activations.has(v));
  if (unseen !== undefined) return `no finite value of ${unseen} was seen on the samples`;

  const biases = own.map(({ bias }) => {
    const floats = new Float32Array(bias?.parameters ?? 0);
    if (bias) model.reader.readValues(bias, 0, floats);
    return floats;
  });
  if (!biases.every((bias) => bias.every(Number.isFinite))) return 'its bias is not finite';
  const scales = weightScales(values, weight.shape, axis, perAxis, (c) =>
    own.reduce(
      (largest, { input }, i) =>
        Math.max(largest, Math.abs(biases[i][c] ?? 0) / activations.scale(input)),
      0,
    ),
  );
  const levels = new Int8Array(values.length);
  eachChannel(weight.shape, axis, (i, c) => {
    const level = Math.round(values[i] / scales[perAxis ? c : 0]);
    levels[i] = Math.max(-most, Math.min(most, level));
  });
  const restored = dequantized(editor, weight.name, {
    ...{ dtype: 'int8', shape: weight.shape, levels: bytesOf(levels), scales },
    axis: perAxis ? axis : undefined,
  });
  removeWeight(place, read);
  own.forEach((product, i) => {
    const node = nodes[i];
    const [, , ...rest] = node.inputs;
    node.inputs = [node.inputs[0], restored, ...rest];
    if (!product.bias) return;
    const units = Float32Array.from(
      biases[i],
      (_, c) => activations.scale(product.input) * scales[perAxis ? c : 0],
    );
    storeBias(editor, node, product.bias, biases[i], units, perAxis);
  });
  for (const { input, output } of own) for (const v of [input, output]) activations.quantize(v);
  const said = own.map(({ input, output }) => {
    const out = output === '' ? 'outputs float32' : `outputs ${activations.text(output)}`;
    return `inputs ${activations.text(input)}, ${out}`;
  });
  const count = perAxis ? `${scales.length} scales` : 'one scale (operator set below 13)';
  return { done: `int8, ${count}; ${said.join('; ')}` };
}

/**
 * One scale an output, or one alone. A bias must fit 32 bits in units of its scale: where an output's
 * weights are next to nothing, the scale grows.
 * @param bias the largest bias of an output, in units of the inputs' scale
 */
function weightScales(
  values: Float32Array,
  shape: readonly number[],
  axis: number,
  perAxis: boolean,
  bias: (channel: number) => number,
): Float32Array<ArrayBuffer> {
  const scales = new Float32Array(perAxis ? shape[axis] : 1);
  eachChannel(shape, axis, (i, c) => {
    const at = perAxis ? c : 0;
    scales[at] = Math.max(scales[at], Math.abs(values[i]) / most);
  });
  for (let c = 0; c < shape[axis]; c++) {
    const at = perAxis ? c : 0;
    scales[at] = Math.max(scales[at], bias(c) / mostBias);
  }
  return scales.map((scale) => (scale > 0 ? scale : 1));
}

/** @param units what one step of each output's bias is */
function storeBias(
  editor: ModelEdit,
  node: NodeEdit,
  tensor: Tensor,
  bias: Float32Array,
  units: Float32Array<ArrayBuffer>,
  perAxis: boolean,
): void {
  const { graph } = editor;
  const [x, w, name, ...rest] = node.inputs;
  const levels = Int32Array.from(bias, (value, c) => Math.round(value / units[c]));
  const stored = dequantized(editor, tensor.name, {
    ...{ dtype: 'int32', shape: [bias.length], levels: bytesOf(levels) },
    ...(perAxis ? { scales: units, axis: 0 } : { scales: units.slice(0, 1), axis: undefined }),
  });
  node.inputs = [x, w, stored, ...rest];
  const place = placeOf(editor, tensor);
  if (typeof place !== 'string' && readersIn(graph, name) === 0) removeWeight(place, name);
}

interface Quantized {
  readonly dtype: 'int8' | 'int32';
  readonly shape: readonly number[];
  readonly levels: Uint8Array;
  readonly scales: Float32Array<ArrayBuffer>;
  /** undefined: one scale for all. */
  readonly axis: number | undefined;
}

/** Stores a tensor as whole numbers; answers the name of the floats that DequantizeLinear makes of them. */
function dequantized(editor: ModelEdit, name: string, { dtype, shape, ...q }: Quantized): string {
  const { graph } = editor;
  const [levels, scale, restored] = ['quantized', 'scale', 'restored'].map((suffix) =>
    editor.freshName(`${name}_${suffix}`),
  );
  graph.setInitializer(levels, { dtype, shape, data: q.levels });
  const scaleShape = q.axis === undefined ? [] : [q.scales.length];
  graph.setInitializer(scale, { dtype: 'float32', shape: scaleShape, data: bytesOf(q.scales) });
  graph.addNode(
    {
      ...{ opType: 'DequantizeLinear', inputs: [levels, scale], outputs: [restored] },
      ...(q.axis !== undefined && { attributes: { axis: { int: q.axis } } }),
    },
    graph.nodes[0],
  );
  return restored;
}

function readersIn(graph: GraphEdit, name: string): number {
  return readersOf(graph).get(name)?.length ?? 0;
}

/** QuantizeLinear and DequantizeLinear behind values, each put there once. */
class Activations {
  readonly #done = new Set<string>();

  constructor(
    private readonly editor: ModelEdit,
    private readonly ranges: ReadonlyMap<string, ValueRange>,
  ) {}

  /** '' is an output of the model, which stays as it is. */
  has(name: string): boolean {
    return name === '' || this.ranges.has(name);
  }

  scale(name: string): number {
    const { low, high } = this.#range(name);
    return Math.fround((high - low) / (most - least)) || 1;
  }

  text(name: string): string {
    const { low, high } = this.#range(name);
    return `in [${low.toPrecision(3)}, ${high.toPrecision(3)}]`;
  }

  quantize(name: string): void {
    if (name === '' || this.#done.has(name)) return;
    this.#done.add(name);
    const { editor } = this;
    const { graph } = editor;
    const [scale, zero, levels, restored] = ['scale', 'zero', 'quantized', 'restored'].map(
      (suffix) => editor.freshName(`${name}_${suffix}`),
    );
    const step = this.scale(name);
    const zeroPoint = Math.round(least - this.#range(name).low / step);
    const scaleBytes = bytesOf(Float32Array.of(step));
    const zeroBytes = bytesOf(Int8Array.of(Math.max(least, Math.min(most, zeroPoint))));
    graph.setInitializer(scale, { dtype: 'float32', shape: [], data: scaleBytes });
    graph.setInitializer(zero, { dtype: 'int8', shape: [], data: zeroBytes });
    const maker = graph.nodes.findIndex(({ outputs }) => outputs.includes(name));
    graph.reconnect(name, restored);
    const next = graph.nodes.at(maker + 1);
    const parameters = [scale, zero];
    const quantizer = { inputs: [name, ...parameters], outputs: [levels] };
    const restorer = { inputs: [levels, ...parameters], outputs: [restored] };
    graph.addNode({ opType: 'QuantizeLinear', ...quantizer }, next);
    graph.addNode({ opType: 'DequantizeLinear', ...restorer }, next);
  }

  /** Zero is always inside, so that it is a level: padding is exact. */
  #range(name: string): ValueRange {
    const { low, high } = this.ranges.get(name)!;
    return { low: Math.min(0, low), high: Math.max(0, high) };
  }
}
