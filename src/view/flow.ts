/**
 * The data flow between the layers of a model, for a drawing that can be read: a node for every
 * operator of the main graph that uses weights or an embedding, an edge where the output of one
 * reaches another through any operators without. Values that come from weights alone (dequantized,
 * transposed) count as the weights themselves. Limit: 256 sources of one value are followed.
 */
import type { Model } from '../model/model.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { graphScope } from '../model/onnx/scope.ts';
import type { FlowGraph } from './types.ts';

const mostSources = 256;
const mostEdges = 1 << 17;

interface Value {
  /** Only tensors of the file went into it. */
  readonly constant: boolean;
  /** Layers, when constant; else flow nodes. */
  readonly from: readonly number[];
}

const nothing: Value = { constant: false, from: [] };

export interface NamedFlow extends FlowGraph {
  /** First output of every node's operator, by which other tools know it. */
  readonly outputs: readonly string[];
}

export function flowOf(model: Model | OnnxModel): NamedFlow {
  if (!('graph' in model)) return { nodes: [], edges: new Int32Array(0), outputs: [] };
  const scope = graphScope(model.graph);
  const values = new Map<string, Value>();
  for (const [name, producer] of scope.producers)
    if (producer.kind === 'tensor') values.set(name, { constant: true, from: [producer.id] });
  const nodes: { name: string; op: string; layers: readonly number[]; rank: number }[] = [];
  const outputs: string[] = [];
  const edges: number[] = [];
  for (const node of model.graph.nodes) {
    const inputs = node.inputs.filter((n) => n !== '').map((n) => values.get(n) ?? nothing);
    if (node.outputs.every((n) => values.get(n)?.constant === true)) continue; // a Constant
    const constants = merged(inputs.filter((v) => v.constant));
    const constant = inputs.length > 0 && inputs.every((v) => v.constant);
    const sources = merged(inputs.filter((v) => !v.constant));
    let value: Value = constant ? { constant, from: constants } : { constant, from: sources };
    const layers = constants.filter((id) => isLayer(model, id));
    if (!constant && layers.length > 0) {
      const at = nodes.length;
      const rank = sources.reduce((most, s) => Math.max(most, nodes[s].rank + 1), 0);
      nodes.push({ name: node.name || node.opType, op: node.opType, layers, rank });
      outputs.push(node.outputs[0] ?? '');
      for (const s of sources) if (edges.length < 2 * mostEdges) edges.push(s, at);
      value = { constant: false, from: [at] };
    }
    for (const name of node.outputs) if (name !== '') values.set(name, value);
  }
  return { nodes, edges: Int32Array.from(edges), outputs };
}

function isLayer(model: Model, id: number): boolean {
  const role = model.tensors.at(id)?.role;
  return role === 'weight' || role === 'embedding';
}

function merged(values: readonly Value[]): readonly number[] {
  if (values.length === 1) return values[0].from;
  const all = new Set<number>();
  for (const { from } of values) for (const one of from) if (all.size < mostSources) all.add(one);
  return [...all];
}
