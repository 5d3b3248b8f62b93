/** Who reads a value: nodes of a graph and of its bodies by the names they read. */
import type { GraphEdit, NodeEdit } from '../model/onnx/edit-graph.ts';

/** A name that a body hides counts as read there too: rather one reader too many. */
export function readersOf(graph: GraphEdit): Map<string, NodeEdit[]> {
  const readers = new Map<string, NodeEdit[]>();
  const walk = (g: GraphEdit): void => {
    for (const node of g.nodes) {
      for (const name of node.inputs) {
        const known = readers.get(name);
        if (known) known.push(node);
        else readers.set(name, [node]);
      }
      node.bodies.forEach(walk);
    }
  };
  walk(graph);
  return readers;
}
