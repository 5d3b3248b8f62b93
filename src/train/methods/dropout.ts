/**
 * Which layer a Dropout stands before: its rate follows how many of that layer's connections are left
 * (Han et al. 2015, section 3.2: D_r = D_o sqrt(C_ir / C_io)).
 */
import type { Graph } from '../graph.ts';

/** Names of trained weights by the output of the Dropout node before them. */
export function weightsAfterDropout(
  graph: Graph,
  isWeight: (name: string) => boolean,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const node of graph.nodes) {
    if (node.opType !== 'Dropout') continue;
    let values = [node.output[0]!];
    for (let hops = 0; hops < 8 && values.length > 0; hops++) {
      const readers = graph.nodes.filter((n) => n.input.some((i) => values.includes(i)));
      const weight = readers.flatMap((n) => n.input).find(isWeight);
      if (weight !== undefined) {
        found.set(node.output[0]!, weight);
        break;
      }
      values = readers.flatMap((n) => n.output);
    }
  }
  return found;
}
