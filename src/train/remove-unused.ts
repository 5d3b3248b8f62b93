/** Dead code: what a compiled graph holds but no output needs. */
import type { NodeProto } from 'onnx-buf';
import type { Graph } from './graph.ts';

/** Drops nodes and initializers that no output needs: a final softmax, sizes, unused gradients. */
export function removeUnused(graph: Graph): void {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  const kept: NodeProto[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.output.some((name) => needed.has(name))) continue;
    kept.push(node);
    for (const name of node.input) needed.add(name);
    for (const attribute of node.attribute)
      for (const sub of attribute.g ? [attribute.g, ...attribute.graphs] : attribute.graphs)
        for (const name of namesIn(sub)) needed.add(name);
  }
  graph.nodes = kept.reverse();
  for (const name of graph.initializers.keys())
    if (!needed.has(name)) graph.initializers.delete(name);
}

/** Every name that a subgraph reads, its own values included (which is harmless). */
function namesIn(graph: NonNullable<NodeProto['attribute'][number]['g']>): string[] {
  return [
    ...graph.output.map(({ name }) => name),
    ...graph.node.flatMap((node) => [
      ...node.input,
      ...node.attribute.flatMap((a) => [
        ...(a.g ? namesIn(a.g) : []),
        ...a.graphs.flatMap(namesIn),
      ]),
    ]),
  ];
}
