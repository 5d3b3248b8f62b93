/**
 * Names in an ONNX file: which node, tensor or formal input a name stands for. A subgraph sees the
 * names of the graphs around it; a function body sees only its own. A formal input of a Loop or Scan
 * body stands for the input of that node; one of a function for whatever it is called with.
 */
import { subgraphsOf, type GraphFunction, type ModelGraph, type GraphNode } from '../graph.ts';

export type Producer =
  | { readonly kind: 'tensor'; readonly id: number }
  | { readonly kind: 'node'; readonly node: GraphNode; readonly output: number }
  | { readonly kind: 'formal'; readonly index: number };

export interface Scope {
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly string[];
  readonly producers: ReadonlyMap<string, Producer>;
  readonly parent: Scope | undefined;
  /** The node whose body this is. */
  readonly owner: GraphNode | undefined;
  readonly formals: number;
  /** Scopes of the graphs that this one's nodes hold. */
  readonly children: ReadonlyMap<ModelGraph, Scope>;
}

const noProducers: ReadonlyMap<string, Producer> = new Map();
const noChildren: ReadonlyMap<ModelGraph, Scope> = new Map();
const noNames: readonly string[] = [];

export function graphScope(graph: ModelGraph, parent?: Scope, owner?: GraphNode): Scope {
  const producers = new Producers();
  graph.inputs.forEach(({ name }, index) => producers.set(name, { kind: 'formal', index }));
  for (const [name, id] of graph.initializers) producers.set(name, { kind: 'tensor', id });
  for (const [name, { values }] of graph.sparseInitializers) {
    producers.set(name, { kind: 'tensor', id: values });
  }
  const outputs = graph.outputs.length === 0 ? noNames : graph.outputs.map((o) => o.name);
  return fill(graph.nodes, outputs, graph.inputs.length, producers, parent, owner);
}

export function functionScope(body: GraphFunction): Scope {
  const producers = new Producers();
  body.inputs.forEach((name, index) => producers.set(name, { kind: 'formal', index }));
  return fill(body.nodes, body.outputs, body.inputs.length, producers, undefined, undefined);
}

/** A map that is made when something is put into it: a file may hold a graph in every four bytes. */
class Producers {
  map: Map<string, Producer> | undefined;

  set(name: string, producer: Producer): void {
    (this.map ??= new Map()).set(name, producer);
  }
}

function fill(
  nodes: readonly GraphNode[],
  outputs: readonly string[],
  formals: number,
  producers: Producers,
  parent: Scope | undefined,
  owner: GraphNode | undefined,
): Scope {
  for (const node of nodes) {
    node.outputs.forEach((name, output) => {
      if (name !== '' && !producers.map?.has(name)) producers.set(name, producerOf(node, output));
    });
  }
  const scope = {
    ...{ nodes, outputs, parent, owner, formals },
    producers: producers.map ?? noProducers,
    children: noChildren,
  };
  let children: Map<ModelGraph, Scope> | undefined;
  for (const node of nodes) {
    for (const graph of subgraphsOf(node)) {
      if (!children) scope.children = children = new Map();
      children.set(graph, graphScope(graph, scope, node));
    }
  }
  return scope;
}

function producerOf(node: GraphNode, output: number): Producer {
  if (node.opType === 'Constant' && node.domain === '') {
    for (const { tensors, sparse } of node.attributes.values()) {
      const id = tensors?.[0] ?? sparse?.[0]?.values ?? -1;
      if (id >= 0) return { kind: 'tensor', id };
    }
  }
  return { kind: 'node', node, output };
}

/** The scope that defines `name`, from `scope` outwards. */
export function definingScope(scope: Scope, name: string): Scope | undefined {
  let place: Scope | undefined = scope;
  while (place !== undefined && !place.producers.has(name)) place = place.parent;
  return place;
}
