/**
 * Which output of a model is scored or trained: the one that is named, else the first of floating-point
 * numbers. Classifiers of scikit-learn and the like give a label and probabilities; auxiliary outputs
 * come last. What was chosen is part of the result.
 */
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { DeepCompressionError } from '../../model/errors.ts';
import { cloneGraph, encodeGraph, type Graph } from '../graph.ts';
import { removeUnused } from '../remove-unused.ts';

const floats: ReadonlySet<number> = new Set([DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE]);

export interface ChosenOutput {
  readonly name: string;
  /** Of all outputs, where there are several. */
  readonly among: readonly string[];
}

/** @throws DeepCompressionError `not-found`, `unsupported` when no output has numbers to score */
export function chooseOutput(graph: Graph, wanted: string | undefined): ChosenOutput {
  const names = graph.outputs.map(({ name }) => name);
  const among = names.length > 1 ? names : [];
  if (wanted !== undefined) {
    if (names.includes(wanted)) return { name: wanted, among };
    throw new DeepCompressionError(
      'not-found',
      `the model has no output ${wanted}: it has ${names.slice(0, 12).join(', ')}`,
    );
  }
  // a type that the file leaves out is known when it runs
  const found =
    graph.outputs.find(({ type }) => floats.has(type)) ??
    (names.length === 1 ? graph.outputs.find(({ type }) => type === 0) : undefined);
  if (found) return { name: found.name, among };
  throw new DeepCompressionError(
    'unsupported',
    `no output of the model has floating-point numbers, which scores and probabilities are (${names.slice(0, 12).join(', ') || 'it has none'})`,
  );
}

/** The model with that output alone: others may be of kinds that a runtime does not hand out. */
export function withOutput(
  bytes: Uint8Array<ArrayBuffer>,
  graph: Graph,
  { name, among }: ChosenOutput,
): Uint8Array<ArrayBuffer> {
  if (among.length === 0) return bytes;
  const alone = cloneGraph(graph);
  alone.outputs = graph.outputs.filter((output) => output.name === name);
  removeUnused(alone);
  return encodeGraph(alone);
}
