/** What the graph says of its outputs, for recognising what they mean (fidelity/kinds.ts). */
import type { OutputDescription } from '../../fidelity/compare.ts';
import type { OutputHint } from '../../fidelity/kinds.ts';
import type { Graph } from '../../train/graph.ts';
import { isWhole } from './values.ts';

/** Operators that only reshape what they are given. */
const transparent = ['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Cast', 'Transpose'];
/** Operators that end a classifier, when no softmax follows. */
const scoring = ['Gemm', 'MatMul', 'GlobalAveragePool'];

export function describeOutputs(graph: Graph, without: ReadonlySet<string>): OutputDescription[] {
  return graph.outputs
    .filter(({ name }) => !without.has(name))
    .map(({ name, type }) => ({ name, isInteger: isWhole(type), hint: hintOf(graph, name) }));
}

function hintOf(graph: Graph, output: string): OutputHint {
  let value = output;
  for (let i = 0; i < 8; i++) {
    const node = graph.nodes.find((candidate) => candidate.output.includes(value));
    if (!node) return undefined;
    if (node.opType === 'Softmax') return 'probabilities';
    if (node.opType === 'LogSoftmax') return 'log-probabilities';
    if (scoring.includes(node.opType)) return 'scores';
    if (node.opType === 'Add') {
      // a bias, behind the product it belongs to
      const computed = node.input.filter((name) => !graph.initializers.has(name));
      if (computed.length !== 1) return undefined;
      value = computed[0]!;
    } else if (transparent.includes(node.opType)) value = node.input[0]!;
    else return undefined;
  }
  return undefined;
}
