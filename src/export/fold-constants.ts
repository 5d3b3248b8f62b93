/**
 * Constant folding: what nodes make of constants alone becomes a constant, where that is no larger than a
 * kilobyte or than what it was made of: weights that are stored smaller stay so. Limits: the main graph;
 * standard operators without bodies and without chance, that give tensors.
 */
import { bitsOf } from '../model/dtype.ts';
import { subgraphsOf, type GraphNode } from '../model/graph.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import type { ModelEdit } from '../model/onnx/edit.ts';
import type { NewTensor } from '../model/onnx/edit-parts.ts';
import { graphScope } from '../model/onnx/scope.ts';
import { readersOf } from './readers.ts';

const left = /^(Random|Bernoulli|Multinomial|Dropout|Sequence|SplitToSequence|Optional)/;
const alwaysFits = 1024;

/** Nodes that read constants alone, in their order; what a constant of them makes counts as one. */
export function constantNodes({ graph }: OnnxModel): GraphNode[] {
  const { producers } = graphScope(graph);
  const overridable = new Set(graph.inputs.map(({ name }) => name));
  const made = new Set<string>();
  const isConstant = (name: string): boolean =>
    name === '' ||
    made.has(name) ||
    (producers.get(name)?.kind === 'tensor' && !overridable.has(name));
  const shown = new Set(graph.outputs.map(({ name }) => name));
  return graph.nodes.filter((node) => {
    const { opType, domain, inputs, outputs } = node;
    const folds =
      domain === '' &&
      opType !== 'Constant' &&
      !left.test(opType) &&
      inputs.length > 0 &&
      inputs.every(isConstant) &&
      subgraphsOf(node).length === 0 &&
      !outputs.some((name) => shown.has(name));
    if (folds) outputs.forEach((name) => made.add(name));
    return folds;
  });
}

/**
 * Takes nodes out and puts in what they give.
 * @param values what the outputs of `nodes` are, by name; a node without all of its values stays
 * @returns how many nodes went
 */
export function foldConstants(
  model: OnnxModel,
  editor: ModelEdit,
  nodes: readonly GraphNode[],
  values: ReadonlyMap<string, NewTensor>,
): number {
  const { graph } = editor;
  const { producers } = graphScope(model.graph);
  const bytesOf = (name: string): number => {
    const producer = producers.get(name);
    const value = values.get(name);
    if (value) return (value.shape.reduce((a, b) => a * b, 1) * bitsOf[value.dtype]) / 8;
    return producer?.kind === 'tensor' ? model.tensors[producer.id].bytes : 0;
  };
  const sum = (names: readonly string[]): number => names.reduce((n, name) => n + bytesOf(name), 0);
  const gone = nodes.filter(({ inputs, outputs }) => {
    const used = outputs.filter((name) => name !== '');
    return used.every((name) => values.has(name)) && sum(used) <= Math.max(alwaysFits, sum(inputs));
  });
  const unused = new Set(gone.flatMap(({ inputs }) => inputs));
  const edits = gone.map(({ path }) => editor.nodeAt(path));
  edits.forEach((node) => graph.removeNode(node));
  for (const { outputs } of gone)
    for (const name of outputs) {
      const value = values.get(name);
      if (value && readersOf(graph).has(name)) graph.setInitializer(name, value);
    }
  let count = gone.length;
  for (const { path, inputs, outputs } of nodes.filter((node) => !gone.includes(node)).reverse()) {
    const readers = readersOf(graph);
    if (outputs.some((name) => readers.has(name))) continue;
    graph.removeNode(editor.nodeAt(path));
    inputs.forEach((name) => unused.add(name));
    count++;
  }
  removeUnread(editor, unused);
  return count;
}

/** Takes out constants of these names that nothing reads any more. */
export function removeUnread({ graph }: ModelEdit, names: ReadonlySet<string>): void {
  const readers = readersOf(graph);
  const shown = new Set(graph.outputs.map(({ name }) => name));
  const unread = new Set([...names].filter((name) => !readers.has(name) && !shown.has(name)));
  for (const { name } of graph.initializers) if (unread.has(name)) graph.removeInitializer(name);
  for (const node of [...graph.nodes])
    if (node.opType === 'Constant' && unread.has(node.outputs[0])) graph.removeNode(node);
}
