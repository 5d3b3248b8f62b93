/**
 * A BatchNormalization behind a convolution goes into it: the weights of output c are multiplied by
 * f = scale / sqrt(variance + epsilon), its bias becomes f (bias - mean) + shift. Runtimes do this when they
 * load a model; done in the file it makes this smaller and gives quantization the weights that are computed
 * with. Limits: normalisations.ts; a Conv of the main graph with float32 constants that nothing else reads.
 */
import { normalisationsOf, type Normalisation } from '../compress/rest/normalisations.ts';
import type { GraphNode } from '../model/graph.ts';
import type { Tensor } from '../model/model.ts';
import type { ModelEdit } from '../model/onnx/edit.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { graphScope } from '../model/onnx/scope.ts';
import { removeUnread } from './fold-constants.ts';
import { readersOf } from './readers.ts';
import { bytesOf, placeOf, removeWeight } from './weights.ts';

export interface Folding {
  /** Normalisations that went into convolutions. */
  readonly folded: number;
  /** Those that stay: what they are called and why. */
  readonly left: readonly string[];
}

export function foldNormalisations(model: OnnxModel, editor: ModelEdit): Folding {
  const left: string[] = [];
  const found = normalisationsOf(model);
  for (const normalisation of found) {
    const why = fold(normalisation, model, editor);
    if (why !== '') left.push(`${normalisation.node.outputs[0]}: ${why}`);
  }
  return { folded: found.length - left.length, left };
}

/** Says why it stays; '': it is gone. */
function fold(normalisation: Normalisation, model: OnnxModel, editor: ModelEdit): string {
  const { node, scale, shift, mean, variance, epsilon } = normalisation;
  const { producers } = graphScope(model.graph);
  const producer = producers.get(node.inputs[0]);
  const conv = producer?.kind === 'node' ? producer.node : undefined;
  if (conv?.opType !== 'Conv' || conv.domain !== '') return 'there is no Conv before it';
  const readers = readersOf(editor.graph);
  const lone = (name: string): boolean => readers.get(name)?.length === 1;
  const shown = model.graph.outputs.some(({ name }) => name === conv.outputs[0]);
  if (!lone(conv.outputs[0]) || shown) return 'the output of its Conv is read elsewhere too';
  const constant = (name: string | undefined): Tensor | undefined => {
    const found = producers.get(name ?? '');
    const tensor = found?.kind === 'tensor' ? model.tensors[found.id] : undefined;
    return tensor?.dtype === 'float32' && !tensor.sparse && lone(name!) ? tensor : undefined;
  };
  const [, w, b = ''] = conv.inputs;
  const weight = constant(w);
  const bias = b === '' ? undefined : constant(b);
  if (!weight || (b !== '' && !bias))
    return 'weights of its Conv are no float32 constants of its own';
  const read = (tensor: Tensor): Float32Array<ArrayBuffer> => {
    const values = new Float32Array(tensor.parameters);
    model.reader.readValues(tensor, 0, values);
    return values;
  };
  const [s, h, m, v] = [scale, shift, mean, variance].map(read);
  const factors = s.map((value, c) => value / Math.sqrt(v[c] + epsilon));
  const values = read(weight);
  const size = values.length / factors.length;
  for (let i = 0; i < values.length; i++) values[i] *= factors[Math.floor(i / size)];
  const old = bias ? read(bias) : new Float32Array(factors.length);
  const moved = old.map((value, c) => factors[c] * (value - m[c]) + h[c]);
  if (![...values, ...moved].every(Number.isFinite)) return 'its numbers are not finite';
  const biasName = b === '' ? editor.freshName(`${conv.outputs[0]}_bias`) : b;
  replaceValues(editor, weight, w, weight.shape, values);
  replaceValues(editor, bias, biasName, [moved.length], moved);
  const edit = editor.nodeAt(conv.path);
  edit.inputs = [...conv.inputs.slice(0, 2), biasName];
  edit.outputs = [node.outputs[0]];
  editor.graph.removeNode(editor.nodeAt(node.path));
  removeUnread(editor, new Set(operandsOf(node)));
  return '';
}

const operandsOf = ({ inputs }: GraphNode): readonly string[] => inputs.slice(1);

function replaceValues(
  editor: ModelEdit,
  tensor: Tensor | undefined,
  name: string,
  shape: readonly number[],
  values: Float32Array<ArrayBuffer>,
): void {
  const place = tensor && placeOf(editor, tensor);
  if (place && typeof place !== 'string' && place.constant) removeWeight(place, name);
  editor.graph.setInitializer(name, { dtype: 'float32', shape, data: bytesOf(values) });
}
