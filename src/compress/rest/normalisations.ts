/**
 * BatchNormalization as it is at inference: y = scale (x - mean) / sqrt(variance + epsilon) + shift has four
 * numbers a channel and says two. `folded` gives the mean 0 and the variance 1 and changes scale and shift so
 * that y stays what it was, but for rounding to float32; two of four tensors then cost nothing.
 * Limits: main graph; operands that are float32 tensors of the file, and read by nothing else.
 */
import type { Model, Tensor } from '../../model/model.ts';
import type { GraphNode } from '../../model/graph.ts';
import { graphScope, type Scope } from '../../model/onnx/scope.ts';

/** ONNX's default. */
const usualEpsilon = 1e-5;

export interface Normalisation {
  readonly node: GraphNode;
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly epsilon: number;
}

export function normalisationsOf(model: Model): Normalisation[] {
  if (!model.graph) return [];
  const scope = graphScope(model.graph);
  const readers = countReaders(scope);
  const found: Normalisation[] = [];
  for (const node of scope.nodes) {
    if (node.opType !== 'BatchNormalization' || node.domain !== '' || trains(node)) continue;
    const operands = node.inputs.slice(1).flatMap((name) => {
      const producer = scope.producers.get(name);
      const lone = producer?.kind === 'tensor' && readers.get(name) === 1;
      return lone ? [model.tensors[producer.id]] : [];
    });
    const [scale, shift, mean, variance] = operands;
    const { length } = new Set(operands.map(({ id }) => id)).size === 4 ? operands : [];
    if (length !== 4 || !operands.every((t) => fits(t, scale))) continue;
    const epsilon = node.attributes.get('epsilon')?.f ?? usualEpsilon;
    found.push({ node, scale, shift, mean, variance, epsilon });
  }
  return found;
}

/** The new values of the four tensors by id, or undefined where they are no finite float32 numbers. */
export function folded(
  { scale, shift, mean, variance, epsilon }: Omit<Normalisation, 'node'>,
  read: (tensor: Tensor) => Float32Array,
): Map<number, Float32Array> | undefined {
  const s = read(scale);
  const b = read(shift);
  const m = read(mean);
  const v = read(variance);
  const newScale = new Float32Array(s.length);
  const newShift = new Float32Array(s.length);
  for (let c = 0; c < s.length; c++) {
    const factor = s[c] / Math.sqrt(v[c] + epsilon);
    newScale[c] = factor * Math.sqrt(1 + epsilon);
    newShift[c] = b[c] - factor * m[c];
    if (!Number.isFinite(newScale[c]) || !Number.isFinite(newShift[c])) return undefined;
  }
  return new Map([
    [scale.id, newScale],
    [shift.id, newShift],
    [mean.id, new Float32Array(s.length)],
    [variance.id, new Float32Array(s.length).fill(1)],
  ]);
}

function fits(tensor: Tensor, scale: Tensor): boolean {
  return tensor.dtype === 'float32' && !tensor.sparse && tensor.parameters === scale.parameters;
}

/** Whether statistics of the batch are taken: by the attribute, or by outputs for them. */
function trains({ attributes, outputs }: GraphNode): boolean {
  return (attributes.get('training_mode')?.i ?? 0) !== 0 || outputs.slice(1).some((o) => o !== '');
}

/** How often each name is read, in bodies too, where another thing may have the name. */
function countReaders(scope: Scope, counts = new Map<string, number>()): Map<string, number> {
  const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  scope.outputs.forEach(count);
  for (const { inputs } of scope.nodes) inputs.forEach(count);
  for (const body of scope.children.values()) countReaders(body, counts);
  return counts;
}
