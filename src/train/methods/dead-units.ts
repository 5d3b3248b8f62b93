/**
 * Dead neurons (Han et al. 2015, section 3.5): a unit that nothing reaches, or that reaches nothing, is
 * removed with all its connections and its bias. Units are the rows of a layer that a later layer
 * reads as columns; pairs of layers are found in the graph, through activations with f(0) = 0, pooling
 * and flattening. Conv with groups, and values that several nodes read, are left alone.
 */
import type { NodeProto } from 'onnx-buf';
import { intOf, shapeOf, type Graph } from '../graph.ts';
import type { Parameter } from './parameters.ts';

/** How a layer's output units lie in two weight tensors. */
export interface LayerPair {
  readonly from: string;
  readonly bias: string | undefined;
  readonly to: string;
  readonly units: number;
  /** Flat indices of unit u's weights: base + u * step + 0 .. of `from` and of `to`. */
  readonly fromAxis: 0 | 1;
  readonly toAxis: 0 | 1;
}

const passing = new Set([
  ...['Relu', 'LeakyRelu', 'PRelu', 'Tanh', 'Identity', 'Dropout', 'Flatten'],
  ...['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'],
]);

export function layerPairs(graph: Graph): LayerPair[] {
  const readers = new Map<string, NodeProto[]>();
  for (const node of graph.nodes)
    for (const name of node.input) readers.set(name, [...(readers.get(name) ?? []), node]);
  const outputs = new Set(graph.outputs.map((o) => o.name));
  const pairs: LayerPair[] = [];
  for (const node of graph.nodes) {
    const from = layerOf(node, graph);
    if (!from) continue;
    let value = node.output[0]!;
    for (let i = 0; i < graph.nodes.length; i++) {
      const [next, ...others] = readers.get(value) ?? [];
      if (!next || others.length > 0 || outputs.has(value) || next.input[0] !== value) break;
      const to = layerOf(next, graph);
      if (to) {
        const units = from.shape[from.outputs]!;
        if (to.shape[to.inputs]! % units === 0)
          pairs.push({
            from: from.weight,
            bias: from.bias,
            to: to.weight,
            units,
            fromAxis: from.outputs,
            toAxis: to.inputs,
          });
        break;
      }
      if (!passing.has(next.opType)) break;
      value = next.output[0]!;
    }
  }
  return pairs;
}

interface LayerNode {
  readonly weight: string;
  readonly bias: string | undefined;
  readonly shape: readonly number[];
  /** Axes of outputs and inputs in the weight tensor. */
  readonly outputs: 0 | 1;
  readonly inputs: 0 | 1;
}

function layerOf(node: NodeProto, graph: Graph): LayerNode | undefined {
  const weight = node.input[1] ?? '';
  const tensor = graph.initializers.get(weight);
  if (!tensor) return undefined;
  const shape = shapeOf(tensor);
  const bias = node.input[2] && graph.initializers.has(node.input[2]) ? node.input[2] : undefined;
  if (node.opType === 'Conv' && intOf(node, 'group', 1) === 1)
    return { weight, bias, shape, outputs: 0, inputs: 1 };
  if (node.opType === 'Gemm' && intOf(node, 'transA', 0) === 0 && shape.length === 2)
    return intOf(node, 'transB', 0) === 1
      ? { weight, bias, shape, outputs: 0, inputs: 1 }
      : { weight, bias, shape, outputs: 1, inputs: 0 };
  return undefined;
}

/** Removes dead units until there are none; gives how many it found. Values and masks change. */
export function removeDeadUnits(
  parameters: ReadonlyMap<string, Parameter>,
  pairs: readonly LayerPair[],
): number {
  let removed = 0;
  for (let found = true; found;) {
    found = false;
    for (const pair of pairs) {
      const from = parameters.get(pair.from);
      const to = parameters.get(pair.to);
      if (!masked(from) || !masked(to)) continue;
      const bias = pair.bias === undefined ? undefined : parameters.get(pair.bias);
      for (let unit = 0; unit < pair.units; unit++) {
        const into = unitWeights(from, pair.fromAxis, pair.units, unit);
        const out = unitWeights(to, pair.toAxis, pair.units, unit);
        const reached = into.some((i) => from.values[i] !== 0);
        const reaches = out.some((i) => to.values[i] !== 0);
        if (reached && reaches) continue;
        if (!reached && !reaches && (!bias || bias.values[unit] === 0)) continue;
        for (const i of into) clear(from, i);
        for (const i of out) clear(to, i);
        if (bias) clear(bias, unit);
        removed++;
        found = true;
      }
    }
  }
  return removed;
}

/** Only layers that were pruned lose units. */
function masked(parameter: Parameter | undefined): parameter is Parameter {
  return parameter?.structure.kind === 'dense' && parameter.structure.mask !== undefined;
}

function clear(parameter: Parameter, index: number): void {
  parameter.values[index] = 0;
  const { structure } = parameter;
  if (structure.kind !== 'dense') return;
  if (!structure.mask)
    parameter.structure = { kind: 'dense', mask: new Uint8Array(parameter.values.length).fill(1) };
  const { mask } = parameter.structure as { mask: Uint8Array };
  mask[index] = 0;
}

/**
 * Flat indices of the weights of one unit: along the axis of the tensor that counts units, which may
 * hold several entries a unit (a flattened feature map).
 */
function unitWeights(
  { shape, values }: Parameter,
  axis: 0 | 1,
  units: number,
  unit: number,
): Uint32Array {
  const rows = shape[0]!;
  const columns = shape[1]!;
  const rest = values.length / (rows * columns);
  const each = shape[axis]! / units;
  const others = axis === 0 ? columns : rows;
  const indices = new Uint32Array(each * others * rest);
  let at = 0;
  for (let e = unit * each; e < (unit + 1) * each; e++)
    for (let o = 0; o < others; o++) {
      const base = (axis === 0 ? e * columns + o : o * columns + e) * rest;
      for (let r = 0; r < rest; r++) indices[at++] = base + r;
    }
  return indices;
}
