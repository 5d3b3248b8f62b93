/**
 * Imports a TensorFlow.js layers model: the layers as ONNX operators, weights widened to float32. Inputs and
 * outputs are as in Keras, channels last. Limits: the layers of rules.ts and window-rules.ts; channels-last
 * models; one length of batch for all inputs.
 */
import { DeepCompressionError } from '../errors.ts';
import { asArray, asObject, readJson } from '../json.ts';
import type { Model } from '../model.ts';
import { modelBytes } from '../proto-model.ts';
import { Builder, type ReadWeight, type Value } from './builder.ts';
import { kerasModel } from './calls.ts';
import { weightsByLayer } from './layers-graph.ts';
import { ruleOf } from './rules.ts';

/** @throws DeepCompressionError `unsupported` for a graph model, or a layer that is not imported */
export function importTfjs(model: Model): Uint8Array<ArrayBuffer> {
  const topology = asObject(readJson(model.path, model.files[0]!.source)['modelTopology']) ?? {};
  if (asArray(topology['node']))
    throw new DeepCompressionError(
      'unsupported',
      `${model.path}: only layers models are imported, and this is a graph model: convert it with tf2onnx`,
    );
  const keras = kerasModel(model.path, topology);
  const builder = new Builder(model.path, weightReader(model));
  const values = new Map<string, Value>();
  for (const input of keras.inputs) values.set(input.name, { ...input, first: false });
  for (const call of keras.calls) {
    builder.begin(call);
    const inputs = call.inputs.map((name) => values.get(name)!);
    values.set(call.output, builder.end(ruleOf(builder, call.className)(builder, inputs)));
  }
  const outputs = keras.outputs.map((name) => {
    builder.begin({ className: '', layer: name, config: {}, inputs: [], output: name });
    return builder.plain(values.get(name)!);
  });
  return modelBytes(keras.name, builder.nodes, builder.initializers, keras.inputs, outputs);
}

function weightReader({ tensors, reader }: Model): ReadWeight {
  const byLayer = weightsByLayer(tensors);
  return (layer, weight) => {
    const id = byLayer.get(layer)?.get(weight);
    if (id === undefined) return undefined;
    const tensor = tensors[id]!;
    const values = new Float32Array(tensor.parameters);
    reader.readValues(tensor, 0, values);
    return { name: tensor.name, shape: tensor.shape, values };
  };
}
