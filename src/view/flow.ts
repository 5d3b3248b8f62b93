/**
 * The data flow between the layers of a model, for a drawing that can be read: a node for every
 * operator that uses weights or an embedding, a join where values of different origin meet (a sum, a
 * concatenation, a gate), and the model's own inputs and outputs. Operators that only pass one of
 * these on are left out. Values that come from weights alone (dequantized, transposed) count as the
 * weights themselves; a shape is no data. Branches and bodies of If, Loop and Scan are walked in their
 * place; what a body carries to its next turn, and conditions, are not drawn. Bodies of the model's own
 * functions are not walked.
 */
import type { Model } from '../model/model.ts';
import { subgraphsOf, type ModelGraph, type GraphNode } from '../model/graph.ts';
import { graphScope, type Scope } from '../model/onnx/scope.ts';
import type { FlowGraph, FlowNode } from './types.ts';

/** More nodes than this are not drawn; what follows is joined to nothing. */
const mostNodes = 1 << 16;

/** Where a value comes from: `layers` it is made of when it is constant, else a node of the flow. */
type Value =
  | { readonly kind: 'constant'; readonly layers: readonly number[] }
  | { readonly kind: 'data'; readonly at: number }
  /** An input of the model that nothing has used yet. */
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'nothing' };

const nothing: Value = { kind: 'nothing' };

export interface NamedFlow extends FlowGraph {
  /** First output of every node's operator, by which other tools know it; '' where there is none. */
  readonly outputs: readonly string[];
}

export function flowOf(model: Model): NamedFlow {
  return model.graph
    ? new Walk(model, model.graph).result()
    : { nodes: [], edges: new Int32Array(0), outputs: [] };
}

/** Names of a graph and of those around it. */
class Names {
  private readonly own = new Map<string, Value>();
  constructor(private readonly outer: Names | undefined) {}

  get(name: string): Value {
    return this.own.get(name) ?? this.outer?.get(name) ?? nothing;
  }
  has(name: string): boolean {
    return this.own.has(name);
  }
  set(name: string, value: Value): void {
    if (name !== '') this.own.set(name, value);
  }
}

class Walk {
  readonly #nodes: Omit<FlowNode, 'rank'>[] = [];
  readonly #outputs: string[] = [];
  readonly #edges: number[] = [];
  readonly #inputs = new Map<string, number>();

  constructor(
    private readonly model: Model,
    private readonly graph: ModelGraph,
  ) {}

  result(): NamedFlow {
    const { graph } = this;
    const names = new Names(undefined);
    for (const { name } of graph.inputs) names.set(name, { kind: 'input', name });
    this.#graph(graphScope(graph), names);
    for (const { name } of graph.outputs) {
      const at = this.#sourceOf(names.get(name));
      if (at >= 0) this.#add({ kind: 'output', name, op: '', layers: [] }, '', [at]);
    }
    const edges = Int32Array.from(this.#edges);
    const ranks = ranksOf(this.#nodes.length, edges);
    const nodes = this.#nodes.map((n, i) => ({ ...n, rank: ranks[i] }));
    return { nodes, edges, outputs: this.#outputs };
  }

  /** Walks the nodes of a graph, whose formal inputs `names` knows already. */
  #graph(scope: Scope, names: Names): void {
    for (const [name, producer] of scope.producers)
      if (producer.kind === 'tensor')
        names.set(name, { kind: 'constant', layers: this.#isLayer(producer.id) });
    for (const node of scope.nodes) this.#node(node, scope, names);
  }

  #node(node: GraphNode, scope: Scope, names: Names): void {
    if (node.outputs.every((n) => names.has(n) && names.get(n).kind === 'constant')) return; // a Constant
    const bodies = subgraphsOf(node).flatMap((graph) => {
      const inner = scope.children.get(graph);
      return inner ? [{ graph, inner }] : [];
    });
    if (bodies.length > 0) return this.#bodies(node, bodies, names);
    const inputs = node.inputs.map((n) => names.get(n));
    const layers = distinct(inputs.flatMap((v) => (v.kind === 'constant' ? v.layers : [])));
    let value: Value;
    if (/^(Shape|Size)$/.test(node.opType) && node.domain === '') value = nothing;
    else if (inputs.length > 0 && inputs.every((v) => v.kind === 'constant'))
      value = { kind: 'constant', layers };
    else value = this.#data(node, layers, inputs);
    for (const name of node.outputs) names.set(name, value);
  }

  /** What a node makes of its inputs: itself when it has weights, a join, or what it passes on. */
  #data(node: GraphNode, layers: readonly number[], inputs: readonly Value[]): Value {
    const origins = new Map(inputs.flatMap((v) => (isData(v) ? [[keyOf(v), v] as const] : [])));
    const [first] = origins.values();
    if (layers.length === 0 && origins.size < 2) return first ?? nothing;
    const sources = [...origins.values()].map((v) => this.#sourceOf(v)).filter((at) => at >= 0);
    const { opType: op } = node;
    const kind = layers.length > 0 ? 'layers' : 'join';
    return this.#add({ kind, name: node.name || op, op, layers }, node.outputs[0] ?? '', sources);
  }

  /** If: the branches see what is around them. Loop and Scan: the body is called once. */
  #bodies(
    node: GraphNode,
    bodies: readonly { readonly graph: ModelGraph; readonly inner: Scope }[],
    names: Names,
  ): void {
    const results = bodies.map(({ graph, inner }) => {
      const own = new Names(names);
      // of a Loop's body the first two are the count and the condition
      const skip = node.opType === 'Loop' ? 2 : 0;
      graph.inputs.forEach(({ name }, i) =>
        own.set(name, i < skip ? nothing : names.get(node.inputs[i] ?? '')),
      );
      this.#graph(inner, own);
      return graph.outputs.slice(node.opType === 'Loop' ? 1 : 0).map((o) => own.get(o.name));
    });
    node.outputs.forEach((name, i) => {
      const values = results.map((r) => r[i] ?? nothing);
      names.set(name, this.#data(node, [], values));
    });
  }

  #sourceOf(value: Value): number {
    if (value.kind === 'data') return value.at;
    if (value.kind !== 'input') return -1;
    const known = this.#inputs.get(value.name);
    if (known !== undefined) return known;
    const made = this.#add({ kind: 'input', name: value.name, op: '', layers: [] }, '', []);
    const at = made.kind === 'data' ? made.at : -1;
    this.#inputs.set(value.name, at);
    return at;
  }

  #add(node: Omit<FlowNode, 'rank'>, output: string, sources: readonly number[]): Value {
    if (this.#nodes.length >= mostNodes) return nothing;
    const at = this.#nodes.length;
    this.#nodes.push(node);
    this.#outputs.push(output);
    for (const source of sources) this.#edges.push(source, at);
    return { kind: 'data', at };
  }

  #isLayer(id: number): number[] {
    const role = this.model.tensors.at(id)?.role;
    return role === 'weight' || role === 'embedding' ? [id] : [];
  }
}

/**
 * The longest way from a beginning to every node; what nothing leads to stands just before what it
 * leads to. Every edge goes from a lower position to a higher one.
 */
export function ranksOf(nodes: number, edges: Int32Array): Int32Array {
  const ranks = new Int32Array(nodes);
  const led = new Uint8Array(nodes);
  const next = new Int32Array(nodes).fill(-1);
  // edges are in the order of their ends
  for (let i = 0; i < edges.length; i += 2) {
    const [from, to] = [edges[i], edges[i + 1]];
    ranks[to] = Math.max(ranks[to], ranks[from] + 1);
    led[to] = 1;
  }
  for (let i = 0; i < edges.length; i += 2) {
    const [from, to] = [edges[i], edges[i + 1]];
    if (next[from] < 0 || ranks[to] < next[from]) next[from] = ranks[to];
  }
  for (let i = 0; i < nodes; i++) if (led[i] === 0 && next[i] > 0) ranks[i] = next[i] - 1;
  return ranks;
}

type Data = Extract<Value, { kind: 'data' | 'input' }>;

const isData = (value: Value): value is Data => value.kind === 'data' || value.kind === 'input';
const keyOf = (value: Data): number | string => (value.kind === 'data' ? value.at : value.name);

function distinct(values: readonly number[]): readonly number[] {
  return values.length < 2 ? values : [...new Set(values)];
}
