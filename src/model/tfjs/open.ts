/**
 * TensorFlow.js: `model.json` with the topology (a Keras model or a graph of TensorFlow) and a manifest of
 * weights, which lie in files beside it. Sources: tfjs-core io/types.ts, tfjs-layers models.ts.
 */
import type { ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Format, OpenCompanion } from '../format.ts';
import { asArray, asObject, readJson } from '../json.ts';
import type { Model } from '../model.ts';
import { plainModel } from '../plain/model.ts';
import { kerasModel } from './calls.ts';
import { graphOfModel } from './graph-model.ts';
import { layersGraph } from './layers-graph.ts';
import { readManifest } from './manifest.ts';

export const tfjsFormat: Format = {
  sniff: (head) => {
    const text = new TextDecoder().decode(head).trimStart();
    return (
      text.startsWith('{') &&
      /"(modelTopology|weightsManifest)"\s*:|"format"\s*:\s*"(layers|graph)-model"/.test(text)
    );
  },
  open: openTfjs,
};

function openTfjs(path: string, source: ByteSource, companion: OpenCompanion): Model {
  const json = readJson(path, source);
  const topology = asObject(json['modelTopology']);
  if (!topology)
    throw new DeepCompressionError('invalid-model', `${path}: it has no modelTopology`);
  const weights = readManifest(path, source, json, companion);
  const isGraph = asArray(topology['node']) !== undefined;
  const { graph, tensors } = isGraph
    ? graphOfModel(topology, weights.tensors)
    : layersGraph(kerasModel(path, topology), weights.tensors);
  const { generatedBy } = json;
  const keras = topology['keras_version'];
  const version = isGraph
    ? 'graph model'
    : typeof keras === 'string'
      ? `Keras ${keras}`
      : 'layers model';
  return plainModel({
    ...{ path, format: 'tfjs', version, graph, tensors, kernels: 'outputs last' },
    ...{ files: weights.files, missing: weights.missing },
    producer: typeof generatedBy === 'string' ? generatedBy : '',
  });
}
