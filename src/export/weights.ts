/**
 * What the exports share: which tensors are weights that can be stored in another form, and how one is
 * replaced by nodes that make it again from what is stored. The nodes give the value its old name, so that
 * every reader, those in bodies included, stays as it is.
 * Limits: float32 weights; constants inside functions are left alone.
 */
import type { DataFile } from './data-file.ts';
import type { Model, Tensor } from '../model/model.ts';
import type { ModelEdit } from '../model/onnx/edit.ts';
import type { GraphEdit, NodeEdit } from '../model/onnx/edit-graph.ts';
import type { NewNode, NewTensor } from '../model/onnx/edit-parts.ts';

/** What an export did to one weight. */
export interface ExportedLayer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly parameters: number;
  /** In a few words; '' when it was left alone. */
  readonly done: string;
  /** Why it was left alone, else ''. */
  readonly why: string;
}

/** Least and greatest of what a value was on the samples. */
export interface ValueRange {
  readonly low: number;
  readonly high: number;
}

export interface ExportContext {
  /** All of it in one file. */
  readonly model: Model;
  readonly editor: ModelEdit;
  /** By name, of the values that the form asks for (`ExportFormat.ranges`). */
  readonly ranges: ReadonlyMap<string, ValueRange>;
  /** Takes what does not lie in the model's own file. */
  readonly data: DataFile;
}

/** Where a tensor stands in the graph. */
export interface Place {
  readonly graph: GraphEdit;
  /** A Constant that holds it; undefined: it is an initializer. */
  readonly constant: NodeEdit | undefined;
}

/** Fewer values are not worth a node: scales, shapes and small biases. */
const leastValues = 256;

/**
 * Applies `store` to every weight. It says how a weight is stored, or in a text why it is left alone.
 */
export function storeWeights(
  { model, editor }: ExportContext,
  store: (tensor: Tensor, values: Float32Array<ArrayBuffer>) => Stored | string,
): ExportedLayer[] {
  const layers: ExportedLayer[] = [];
  for (const tensor of model.tensors) {
    if (tensor.role !== 'weight' && tensor.role !== 'embedding') continue;
    const { name, shape, parameters } = tensor;
    const outcome = (): string | { readonly done: string } => {
      if (tensor.dtype !== 'float32') return `its values are ${tensor.dtype}, not float32`;
      if (parameters < leastValues) return `it has fewer than ${leastValues} values`;
      if (tensor.sparse) return 'it is sparse';
      const place = placeOf(editor, tensor);
      if (typeof place === 'string') return place;
      const values = new Float32Array(parameters);
      model.reader.readValues(tensor, 0, values);
      if (!values.every(Number.isFinite)) return 'it holds values that are not finite';
      const stored = store(tensor, values);
      if (typeof stored === 'string') return stored;
      replace(editor, place, name, stored);
      return stored;
    };
    const result = outcome();
    const said =
      typeof result === 'string' ? { done: '', why: result } : { done: result.done, why: '' };
    layers.push({ name, shape, parameters, ...said });
  }
  return layers;
}

/** A weight in another form. */
export interface Stored {
  /** What was done, in a few words. */
  readonly done: string;
  /** Tensors that are stored, by what is put behind the weight's name. */
  readonly tensors: Readonly<Record<string, NewTensor>>;
  /** Nodes that make the weight `output` of the stored tensors (their names by the same keys). */
  readonly nodes: (
    names: Readonly<Record<string, string>>,
    output: string,
    fresh: (suffix: string) => string,
  ) => readonly NewNode[];
}

/** Where a tensor can be replaced, or why it cannot. */
export function placeOf(editor: ModelEdit, { path, name }: Tensor): Place | string {
  const initializer = /^(.*)\.initializer\[\d+\]$/.exec(path)?.[1];
  if (path.startsWith('functions[') || path.startsWith('training_info['))
    return 'it lies inside a function or a training graph';
  if (initializer !== undefined) {
    const graph = editor.graphAt(initializer);
    if (graph.outputs.some((value) => value.name === name)) return 'it is an output of its graph';
    return { graph, constant: undefined };
  }
  const constant = /^(.*)\.node\[\d+\]\.attribute\[value\]\.t$/.exec(path)?.[1];
  if (constant === undefined) return 'it is held by an attribute';
  const graph = editor.graphAt(constant);
  const node = editor.nodeAt(path.slice(0, -'.attribute[value].t'.length));
  return { graph, constant: node };
}

function replace(
  editor: ModelEdit,
  { graph, constant }: Place,
  name: string,
  stored: Stored,
): void {
  const names = Object.fromEntries(
    Object.keys(stored.tensors).map((key) => [key, editor.freshName(`${name}_${key}`)]),
  );
  const output = constant?.outputs[0] ?? name;
  const before = constant ?? graph.nodes[0];
  for (const [key, tensor] of Object.entries(stored.tensors))
    graph.setInitializer(names[key], tensor);
  const fresh = (suffix: string): string => editor.freshName(`${name}_${suffix}`);
  for (const node of stored.nodes(names, output, fresh)) graph.addNode(node, before);
  removeWeight({ graph, constant }, name);
}

export function removeWeight({ graph, constant }: Place, name: string): void {
  if (constant) graph.removeNode(constant);
  else graph.removeInitializer(name);
}

/** The axis along which a weight's outputs lie. */
export function channelAxis({ op, shape, geometry }: Tensor): number {
  if (op === 'ConvTranspose' || geometry?.kind === 'recurrent') return 1;
  return geometry?.transposed === true ? shape.length - 1 : 0;
}

/** Calls `visit` with the channel along `axis` of every value, in order. */
export function eachChannel(
  shape: readonly number[],
  axis: number,
  visit: (index: number, channel: number) => void,
): void {
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const channels = shape[axis];
  const outer = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  let i = 0;
  for (let o = 0; o < outer; o++)
    for (let c = 0; c < channels; c++) for (let k = 0; k < inner; k++) visit(i++, c);
}

export const bytesOf = (values: { buffer: ArrayBuffer }): Uint8Array =>
  new Uint8Array(values.buffer);
