/**
 * Follows the channels of a model through its main graph, node by node: every value gets the slots of its
 * axes, and every tensor that meets one. What no rule knows keeps its inputs whole and says so.
 * Limits: the dimensions are those observed in a run (values without are not followed); bodies of If, Loop
 * and Scan, functions, and operators of other domains are boundaries.
 */
import { subgraphsOf, type ModelGraph, type GraphNode } from '../model/graph.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { Coupling } from './coupling.ts';
import { constants, lengthsOf, misuses, type Lengths } from './lengths.ts';
import { noAxes, type Axes, type Repair, type Rule, type Value } from './rule.ts';
import { elementwiseRules } from './rules/elementwise.ts';
import { layoutRules } from './rules/layout.ts';
import { productRules } from './rules/products.ts';
import { reshapeRules } from './rules/reshape.ts';

/** Dimensions of the values of the main graph by name. */
export type Observed = ReadonlyMap<string, readonly number[]>;

export interface Followed {
  readonly coupling: Coupling;
  /** Values and tensors of the main graph by name, as far as they were followed. */
  readonly values: ReadonlyMap<string, Value>;
  /** Ids of the tensors among them. */
  readonly tensors: ReadonlyMap<string, number>;
  readonly repairs: readonly Repair[];
}

const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...productRules,
  ...reshapeRules,
  ...layoutRules,
};

/** Longest list of numbers that is read as a shape, as indices or as a cut. */
const mostNumbers = 4096;

export function followChannels(model: OnnxModel, observed: Observed): Followed {
  const { graph } = model;
  const coupling = new Coupling();
  const tensors = tensorsByName(graph);
  const values = new Map<string, Value>();
  const numbers = new Map<string, Lengths | undefined>();
  const repairs: Repair[] = [];
  const opset = model.opsets['ai.onnx'] ?? 0;

  const valueOf = (name: string): Value | undefined => {
    const found = values.get(name);
    if (found || name === '') return found;
    const id = tensors.get(name);
    const dims = id === undefined ? observed.get(name) : model.tensors[id].shape;
    if (!dims) return undefined;
    const removable = id !== undefined && isRemovable(model, id);
    const value = {
      dims,
      axes: dims.map((d) => (removable && d > 1 ? coupling.make(d) : undefined)),
    };
    values.set(name, value);
    return value;
  };
  const numbersOf = (name: string): Lengths | undefined => {
    if (!numbers.has(name)) numbers.set(name, constantNumbers(model, tensors.get(name)));
    return numbers.get(name);
  };

  const readers = readersOf(graph);
  const meets = (opType: string, from: readonly string[]): boolean => {
    const seen = new Set<GraphNode>();
    for (const names = [...from]; names.length > 0;)
      for (const reader of readers.get(names.pop()!) ?? []) {
        if (reader.opType === opType) return true;
        if (seen.has(reader) || reader.opType === 'Reshape' || productRules[reader.opType])
          continue;
        seen.add(reader);
        for (const name of reader.outputs) names.push(name);
      }
    return false;
  };

  for (const { name } of graph.inputs) if (!tensors.has(name)) valueOf(name);
  for (const node of graph.nodes) {
    if (node.opType === 'Constant' && node.domain === '') continue;
    const where = `${node.opType} ${node.name || node.outputs[0]}`;
    for (const name of capturedBy(node)) keepWhole(valueOf(name), `a body of ${where} reads it`);
    const known = node.inputs.map(numbersOf);
    known.forEach((lengths, i) => {
      if (!misuses(node, i)) return;
      for (const length of lengths ?? [])
        if ('slots' in length) coupling.fixAll(length.slots, `${where} computes with their number`);
    });
    const made = lengthsOf(node, valueOf(node.inputs[0] ?? ''), known);
    if (made) numbers.set(node.outputs[0], made);

    const outputs = node.outputs.map((name) => observed.get(name));
    const stop = (why = `${where} is not followed`): Axes[] => {
      for (const name of node.inputs) keepWhole(valueOf(name), why);
      return outputs.map((dims) => noAxes(dims ?? []));
    };
    const rule =
      node.domain === '' && subgraphsOf(node).length === 0 ? rules[node.opType] : undefined;
    let axes: Axes[];
    if (node.opType === 'Shape' && node.domain === '')
      axes = outputs.map((dims) => noAxes(dims ?? []));
    else if (!rule || !outputs.every((dims, i) => dims || (i > 0 && node.outputs[i] === '')))
      axes = stop();
    else
      axes = rule({
        ...{ node, opset, coupling, where, stop },
        input: (i) => valueOf(node.inputs[i] ?? ''),
        outputs: outputs.map((dims) => dims ?? []),
        lengths: (i) => known[i],
        numbers: (i) => known[i] && constants(known[i]),
        meets: (opType) => meets(opType, node.outputs),
        repair: (change) => repairs.push({ node, change }),
      });
    node.outputs.forEach((name, i) => {
      const dims = outputs[i];
      if (name === '' || !dims) return;
      const own = axes[i] ?? noAxes(dims);
      if (own.length !== dims.length) keepWhole({ dims, axes: own }, `${where} is not followed`);
      values.set(name, {
        dims,
        axes: dims.map((d, axis) => (d > 1 && own.length === dims.length ? own[axis] : undefined)),
      });
    });
  }
  for (const { name } of graph.outputs) keepWhole(values.get(name), `it is the output ${name}`);
  return { coupling, values, tensors, repairs };

  function keepWhole(value: Value | undefined, why: string): void {
    for (const slots of value?.axes ?? []) coupling.fixAll(slots, why);
  }
}

function readersOf({ nodes }: ModelGraph): Map<string, GraphNode[]> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes)
    for (const name of node.inputs) {
      const own = readers.get(name);
      if (own) own.push(node);
      else readers.set(name, [node]);
    }
  return readers;
}

/** Initializers and constants by the name of their value. */
export function tensorsByName({ initializers, nodes }: ModelGraph): Map<string, number> {
  const tensors = new Map(initializers);
  for (const { opType, domain, attributes, outputs } of nodes) {
    const id =
      opType === 'Constant' && domain === '' ? attributes.get('value')?.tensors?.[0] : undefined;
    if (id !== undefined) tensors.set(outputs[0], id);
  }
  return tensors;
}

/** Whole numbers of 64 bits are shapes and indices: they are changed by rules, not cut. */
function isRemovable({ tensors }: OnnxModel, id: number): boolean {
  const { dtype, sparse } = tensors[id];
  return !sparse && /^(float(16|32|64)|bfloat16|u?int8|int32)$/.test(dtype);
}

function constantNumbers(model: OnnxModel, id: number | undefined): Lengths | undefined {
  if (id === undefined) return undefined;
  const tensor = model.tensors[id];
  if (!/^int(32|64)$/.test(tensor.dtype) || tensor.parameters > mostNumbers || tensor.sparse)
    return undefined;
  const values = new Float64Array(tensor.parameters);
  model.reader.readValues(tensor, 0, values);
  return [...values].map((number) => ({ number }));
}

/** Names that bodies of a node read from around it, and perhaps some of their own. */
function capturedBy(node: GraphNode): Set<string> {
  const names = new Set<string>();
  const visit = (graph: ModelGraph): void => {
    for (const inner of graph.nodes) {
      for (const name of inner.inputs) names.add(name);
      for (const body of subgraphsOf(inner)) visit(body);
    }
    for (const { name } of graph.outputs) names.add(name);
  };
  for (const body of subgraphsOf(node)) visit(body);
  return names;
}
