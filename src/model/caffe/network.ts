/**
 * A Caffe network description as a short list of operations with shapes. Blobs that layers compute
 * in place become separate values, dropout (inference) disappears, phases other than TEST are left
 * out. What each layer type means is in `layers.ts`; here is the bookkeeping of blobs
 * (net.cpp of Caffe): a bottom must exist, a top must be new unless in place, and the outputs are
 * the blobs that nobody reads.
 */
import { DeepCompressionError } from '../errors.ts';
import { operationOf } from './layers.ts';
import type { Operation } from './operation.ts';
import { prototxtError, quoted } from './prototxt-tokens.ts';
import type { Message } from './prototxt.ts';

export interface Layer {
  /** Unique in the network. */
  readonly name: string;
  readonly operation: Operation;
  /** Names of values: an input or the `output` of an earlier layer. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly shape: readonly number[];
  /** Shape of the trained kernel (out, in / group, …) where there is one; the bias is [out]. */
  readonly weights?: readonly number[];
}

export interface Network {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly layers: readonly Layer[];
  readonly outputs: readonly Value[];
}

export interface Value {
  readonly name: string;
  /** Dimensions; the first is the batch the prototxt states. */
  readonly shape: readonly number[];
}

const maxElements = 2 ** 28;

/** What the ONNX graph derives from a layer's name, with a dot between. */
const derivedNames = ['weight', 'bias', 'flat', 'pads', 'padded'] as const;

/** @throws DeepCompressionError `invalid-model` or `unsupported`, one line naming the layer. */
export function readNetwork(file: Message): Network {
  const blobs = new Map<string, Value>();
  const unread = new Set<string>();
  const names = new Set<string>();
  const inputs: Value[] = [];
  const layers: Layer[] = [];

  const unique = (name: string): string => {
    for (let i = 1; ; i++) {
      const candidate = i === 1 ? name : `${name}_${i}`;
      const family = [candidate, ...derivedNames.map((part) => `${candidate}.${part}`)];
      if (family.some((member) => names.has(member))) continue;
      for (const member of family) names.add(member);
      return candidate;
    }
  };
  const addInput = (blob: string, shape: readonly number[], line: number): void => {
    checkShape(shape, line, `input ${quoted(blob)}`);
    if (blob === '') throw prototxtError(line, 'an input has no name');
    if (blobs.has(blob)) throw prototxtError(line, `input ${quoted(blob)} occurs twice`);
    const value = { name: unique(blob), shape };
    inputs.push(value);
    blobs.set(blob, value);
    unread.add(blob);
  };

  for (const [blob, shape] of declaredInputs(file)) addInput(blob, shape, file.lineOf('input'));
  for (const layer of [...file.messages('layers'), ...file.messages('layer')]) {
    if (!inTestPhase(layer)) continue;
    const name = layer.string('name', '');
    const type = layerType(layer);
    const at = layer.line;
    if (name === '') throw prototxtError(at, `a ${type} layer has no name`);
    const bottoms = layer.strings('bottom');
    const tops = layer.strings('top');
    if (type === 'Input') {
      const shapes = layer.message('input_param').messages('shape');
      tops.forEach((top, i) => {
        const shape = shapes.length === 1 ? shapes[0] : shapes[i];
        if (!shape) throw prototxtError(at, `layer ${quoted(name)} states no shape`);
        addInput(top, shape.integers('dim', 1), at);
      });
      continue;
    }
    const values = bottoms.map((bottom) => {
      const value = blobs.get(bottom);
      if (value) return value;
      throw prototxtError(at, `layer ${quoted(name)} reads ${quoted(bottom)}, which no layer made`);
    });
    const shapes = values.map((value) => value.shape);
    const { operation, shape, weights } = operationOf(layer, name, type, shapes);
    if (tops.length !== 1 || tops[0] === '')
      throw prototxtError(at, `layer ${quoted(name)} must have one top`);
    const top = tops[0]!;
    checkShape(shape, at, `the output of layer ${quoted(name)}`);
    if (weights) checkShape(weights, at, `the weights of layer ${quoted(name)}`);
    if (blobs.has(top) && !bottoms.includes(top))
      throw prototxtError(at, `layer ${quoted(name)} writes ${quoted(top)}, which exists already`);
    for (const bottom of bottoms) unread.delete(bottom);
    unread.add(top);
    if (!operation) {
      blobs.set(top, values[0]!);
      continue;
    }
    const output = unique(name);
    const inputNames = values.map((value) => value.name);
    const known = { name: output, operation, inputs: inputNames, output, shape };
    layers.push(weights ? { ...known, weights } : known);
    blobs.set(top, { name: output, shape });
  }
  if (layers.length === 0)
    throw new DeepCompressionError('invalid-model', 'prototxt: the network has no layers');
  return { name: file.string('name', ''), inputs, ...nameOutputs(layers, blobs, unread, names) };
}

/** Gives the network's outputs the names of their blobs, as users of Caffe know them. */
function nameOutputs(
  layers: readonly Layer[],
  blobs: ReadonlyMap<string, Value>,
  unread: ReadonlySet<string>,
  names: ReadonlySet<string>,
): Pick<Network, 'layers' | 'outputs'> {
  const made = new Set(layers.map((layer) => layer.output));
  const renamed = new Map<string, string>();
  for (const blob of unread) {
    const value = blobs.get(blob)!.name;
    if (made.has(value) && !renamed.has(value) && !names.has(blob)) renamed.set(value, blob);
  }
  const now = (name: string): string => renamed.get(name) ?? name;
  const outputs = new Map<string, Value>();
  for (const blob of unread) {
    const { name, shape } = blobs.get(blob)!;
    if (made.has(name)) outputs.set(now(name), { name: now(name), shape });
  }
  return {
    layers: layers.map((layer) => ({
      ...layer,
      inputs: layer.inputs.map(now),
      output: now(layer.output),
    })),
    outputs: [...outputs.values()],
  };
}

/** The old way to declare inputs: `input` with four `input_dim` each, or one `input_shape` each. */
function declaredInputs(file: Message): readonly (readonly [string, readonly number[]])[] {
  const names = file.strings('input');
  const dims = file.integers('input_dim', 1);
  const shapes = file.messages('input_shape').map((shape) => shape.integers('dim', 1));
  if (dims.length > 0 && shapes.length > 0)
    throw prototxtError(file.lineOf('input_dim'), 'input_dim and input_shape exclude each other');
  if (dims.length !== 0 && dims.length !== 4 * names.length)
    throw prototxtError(file.lineOf('input_dim'), 'every input needs four input_dim');
  if (dims.length === 0 && shapes.length !== names.length)
    throw prototxtError(file.lineOf('input'), 'every input needs its input_shape or input_dim');
  return names.map((name, i) => [
    name,
    dims.length > 0 ? dims.slice(4 * i, 4 * i + 4) : shapes[i]!,
  ]);
}

/** Caffe's rule for `include` and `exclude` with a phase; other conditions are not judged. */
function inTestPhase(layer: Message): boolean {
  const isTest = (rule: Message): boolean =>
    rule.enumeration('phase', ['TRAIN', 'TEST'], 'TEST') === 'TEST';
  const included = layer.messages('include');
  if (included.length > 0) return included.some(isTest);
  return !layer.messages('exclude').some((rule) => rule.has('phase') && isTest(rule));
}

/** Type names of the old `layers { type: CONVOLUTION }` form that have a counterpart here. */
const oldTypes: Readonly<Record<string, string>> = {
  CONCAT: 'Concat',
  CONVOLUTION: 'Convolution',
  DROPOUT: 'Dropout',
  INNER_PRODUCT: 'InnerProduct',
  LRN: 'LRN',
  POOLING: 'Pooling',
  RELU: 'ReLU',
  SOFTMAX: 'Softmax',
};

function layerType(layer: Message): string {
  if (layer.name === 'layer') return layer.string('type', '');
  const old = Object.keys(oldTypes);
  const name = layer.string('name', '');
  try {
    return oldTypes[layer.enumeration('type', old, '')]!;
  } catch (cause) {
    throw new DeepCompressionError(
      'unsupported',
      `prototxt line ${layer.lineOf('type')}: layer ${quoted(name)} has a type other than ${old.join(', ')}`,
      { cause },
    );
  }
}

function checkShape(shape: readonly number[], line: number, what: string): void {
  const elements = shape.reduce((product, dim) => product * dim, 1);
  if (shape.length > 8 || !(elements <= maxElements))
    throw prototxtError(line, `${what} is too large: ${quoted(shape.join(' x '))}`);
  if (shape.some((dim) => !(dim >= 1)))
    throw prototxtError(line, `${what} would be empty: ${quoted(shape.join(' x '))}`);
}
