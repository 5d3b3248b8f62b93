/**
 * A model as one run of bytes, external data put inside, as the compiler and the runtimes want it.
 * Limits: 2 GiB in all, which is protobuf's own, and as many nodes and tensors as a runtime opens in some seconds.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  type GraphProto,
  type TensorProto,
} from 'onnx-buf';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { checkLocation } from '../../model/location.ts';
import { subgraphsOf, type GraphNode, type ModelGraph } from '../../model/graph.ts';
import type { Model } from '../../model/model.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';

const mostBytes = 2 ** 31 - 1;
/** Nodes, inputs, outputs and initializers, bodies included; a runtime needs ten kilobytes for each. */
const mostParts = 50_000;
/** Bytes of all tensors, at most so many times those of the files: tied weights share a few. */
const mostShared = 8;

/** @throws DeepCompressionError `unsupported` when it is too large, `not-found` without its data */
export function wholeModel(model: OnnxModel): Uint8Array<ArrayBuffer> {
  const total = model.files.reduce((sum, f) => sum + f.source.size, 0);
  if (total > mostBytes)
    throw new DeepCompressionError(
      'unsupported',
      `${model.path}: models above 2 GiB cannot be run here`,
    );
  const { graph, functions } = model;
  const parts = partsOf(graph) + functions.reduce((sum, f) => sum + partsOfNodes(f.nodes), 0);
  if (parts > mostParts)
    throw new DeepCompressionError(
      'unsupported',
      `${model.path}: its graph has ${parts} nodes, inputs, outputs and initializers: models with more than ${mostParts} cannot be run here`,
    );
  const [main, ...external] = model.files;
  const bytes = readBytes(main.source, 0, main.source.size) as Uint8Array<ArrayBuffer>;
  if (external.length === 0) return bytes;
  const proto = fromBinary(ModelProtoSchema, bytes);
  // tensors may name the same stretch of a file again and again: what they make together is bounded
  const budget = { left: Math.min(mostBytes, mostShared * total) - main.source.size };
  const inGraph = (graph: GraphProto, depth: number): void => {
    if (depth > 32) throw new DeepCompressionError('invalid-model', 'subgraphs nest too deep');
    for (const tensor of graph.initializer) embed(tensor, model, budget);
    for (const node of graph.node)
      for (const { t, tensors, g, graphs } of node.attribute) {
        if (t) embed(t, model, budget);
        for (const tensor of tensors) embed(tensor, model, budget);
        if (g) inGraph(g, depth + 1);
        for (const sub of graphs) inGraph(sub, depth + 1);
      }
  };
  if (proto.graph) inGraph(proto.graph, 0);
  return toBinary(ModelProtoSchema, proto);
}

function partsOf({ nodes, inputs, outputs, initializers }: ModelGraph): number {
  return inputs.length + outputs.length + initializers.size + partsOfNodes(nodes);
}

function partsOfNodes(nodes: readonly GraphNode[]): number {
  return nodes.reduce(
    (sum, node) => subgraphsOf(node).reduce((inner, body) => inner + 1 + partsOf(body), sum + 1),
    0,
  );
}

interface Budget {
  left: number;
}

function embed(tensor: TensorProto, model: Model, budget: Budget): void {
  if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) return;
  const entry = (key: string): string | undefined =>
    tensor.externalData.find((e) => e.key === key)?.value;
  const location = checkLocation(entry('location') ?? '');
  const file = model.files.find((f, i) => i > 0 && f.location === location);
  if (!file)
    throw new DeepCompressionError(
      'not-found',
      `${model.path}: external data ${location} is missing`,
    );
  const offset = Number(entry('offset') ?? 0);
  const length = Number(entry('length') ?? file.source.size - offset);
  if (!(offset >= 0 && length >= 0) || offset + length > file.source.size)
    throw new DeepCompressionError(
      'invalid-model',
      `${model.path}: external data ${location} is too short: ${file.source.size} bytes of at least ${offset + length} are here`,
    );
  budget.left -= length;
  if (budget.left < 0)
    throw new DeepCompressionError(
      'unsupported',
      `${model.path}: its tensors name ${location} so often that they make more than ${mostShared} times their files: it cannot be run here`,
    );
  tensor.rawData = readBytes(file.source, offset, length);
  tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  tensor.externalData = [];
}
