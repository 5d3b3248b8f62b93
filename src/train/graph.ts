/**
 * The graph a compiler pass works on: ONNX messages with nodes, initializers and value names made
 * easy to reach. Constant nodes become initializers. Decoding keeps all tensors in memory: training
 * needs them anyway.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from 'onnx-buf';
import { DeepCompressionError } from '../model/errors.ts';

export interface GraphValue {
  readonly name: string;
  /** TensorProto.DataType */
  readonly type: number;
  /** A name, or undefined, stands for a dimension that is not fixed. */
  readonly shape: readonly (number | string | undefined)[];
  /** Not even the number of dimensions is known; `shape` is empty then. */
  readonly rankless?: boolean;
}

export interface Graph {
  /** ir_version, opset imports other than ONNX's own, local functions, metadata. */
  readonly model: ModelProto;
  /** Version of the ONNX operator set. */
  opset: number;
  nodes: NodeProto[];
  readonly initializers: Map<string, TensorProto>;
  inputs: GraphValue[];
  outputs: GraphValue[];
  /** Every value name in use, those inside subgraphs included. */
  readonly names: Set<string>;
}

/** @throws DeepCompressionError `invalid-model` or `unsupported`. */
export function decodeGraph(bytes: Uint8Array): Graph {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new DeepCompressionError('invalid-model', 'not an ONNX model', { cause });
  }
  const proto = model.graph;
  if (!proto) throw new DeepCompressionError('invalid-model', 'the model has no graph');
  const opset = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (!opset) throw new DeepCompressionError('invalid-model', 'the model names no ONNX opset');
  if (proto.sparseInitializer.length > 0)
    throw new DeepCompressionError('unsupported', 'training a model with sparse initializers');
  const initializers = new Map<string, TensorProto>();
  for (const tensor of proto.initializer) {
    if (tensor.dataLocation === TensorProto_DataLocation.EXTERNAL)
      throw new DeepCompressionError(
        'unsupported',
        `initializer ${tensor.name} lies in an external file: load it into the model first`,
      );
    initializers.set(tensor.name, tensor);
  }
  const nodes: NodeProto[] = [];
  for (const node of proto.node) {
    const constant = node.opType === 'Constant' ? constantTensor(node) : undefined;
    if (constant) initializers.set(node.output[0]!, constant);
    else nodes.push(node);
  }
  const names = new Set<string>();
  collectNames(proto, names, 0);
  return {
    model,
    opset: Number(opset.version),
    nodes,
    initializers,
    inputs: proto.input.map(graphValue).filter(({ name }) => !initializers.has(name)),
    outputs: proto.output.map(graphValue),
    names,
  };
}

/** ONNX model bytes of the graph. `irVersion` is raised to what the opset needs. */
export function encodeGraph(graph: Graph): Uint8Array<ArrayBuffer> {
  const { model } = graph;
  const others = model.opsetImport.filter(({ domain }) => domain !== '' && domain !== 'ai.onnx');
  const irVersion = Math.max(
    Number(model.irVersion),
    graph.opset >= 21 ? 10 : graph.opset >= 19 ? 9 : 8,
  );
  const message = create(ModelProtoSchema, {
    irVersion: BigInt(irVersion),
    producerName: 'deep-compression',
    opsetImport: [{ domain: '', version: BigInt(graph.opset) }, ...others],
    functions: model.functions,
    metadataProps: model.metadataProps,
    graph: {
      name: model.graph!.name || 'graph',
      node: graph.nodes,
      initializer: [...graph.initializers].map(([name, tensor]) => ({ ...tensor, name })),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
    },
  });
  return toBinary(ModelProtoSchema, message);
}

/** A copy whose passes do not touch the original (messages are shared until replaced). */
export function cloneGraph(graph: Graph): Graph {
  return {
    ...graph,
    nodes: [...graph.nodes],
    initializers: new Map(graph.initializers),
    inputs: [...graph.inputs],
    outputs: [...graph.outputs],
    names: new Set(graph.names),
  };
}

/** A value name that is not in use yet, and now is. */
export function freshName(graph: Graph, wanted: string): string {
  let name = wanted;
  for (let i = 1; graph.names.has(name); i++) name = `${wanted}_${i}`;
  graph.names.add(name);
  return name;
}

export function makeNode(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: AttributeProto[] = [],
): NodeProto {
  return create(NodeProtoSchema, { opType, input: [...input], output: [...output], attribute });
}

export function floatTensor(dims: readonly number[], values: Float32Array): TensorProto {
  const rawData = new Uint8Array(values.slice().buffer);
  return create(TensorProtoSchema, { dims: dims.map(BigInt), dataType: DataType.FLOAT, rawData });
}

export function int64Tensor(dims: readonly number[], values: readonly number[]): TensorProto {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return create(TensorProtoSchema, { dims: dims.map(BigInt), dataType: DataType.INT64, rawData });
}

export function shapeOf(tensor: TensorProto): number[] {
  return tensor.dims.map(Number);
}

/** Values of a float32 tensor, however it stores them. */
export function floatValues(tensor: TensorProto, name: string): Float32Array {
  const count = shapeOf(tensor).reduce((a, b) => a * b, 1);
  const values =
    tensor.dataType !== DataType.FLOAT
      ? undefined
      : tensor.rawData.length > 0
        ? new Float32Array(tensor.rawData.slice().buffer, 0, tensor.rawData.length >> 2)
        : Float32Array.from(tensor.floatData);
  if (values?.length === count) return values;
  throw new DeepCompressionError(
    'unsupported',
    `tensor ${name} is not a well-formed float32 tensor`,
  );
}

export function attributeOf(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}
export function intOf(node: NodeProto, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  return attribute ? Number(attribute.i) : otherwise;
}
export function intsOf(node: NodeProto, name: string): number[] | undefined {
  return attributeOf(node, name)?.ints.map(Number);
}
export function floatOf(node: NodeProto, name: string, otherwise: number): number {
  return attributeOf(node, name)?.f ?? otherwise;
}
export function stringOf(node: NodeProto, name: string, otherwise: string): string {
  const attribute = attributeOf(node, name);
  return attribute ? new TextDecoder().decode(attribute.s) : otherwise;
}

/** What a Constant node holds, where it is a tensor. */
export function constantTensor(node: NodeProto): TensorProto | undefined {
  const attribute = node.attribute[0];
  switch (attribute?.name) {
    case 'value':
      return attribute.t;
    case 'value_float':
      return floatTensor([], Float32Array.of(attribute.f));
    case 'value_floats':
      return floatTensor([attribute.floats.length], Float32Array.from(attribute.floats));
    case 'value_int':
      return int64Tensor([], [Number(attribute.i)]);
    case 'value_ints':
      return int64Tensor([attribute.ints.length], attribute.ints.map(Number));
    default:
      return undefined;
  }
}

function graphValue(info: GraphProto['input'][number]): GraphValue {
  const tensor = info.type?.value.case === 'tensorType' ? info.type.value.value : undefined;
  return {
    name: info.name,
    type: tensor?.elemType ?? 0,
    ...(tensor && !tensor.shape && { rankless: true }),
    // some exporters write 0 or -1 for a dimension that is open
    shape: (tensor?.shape?.dim ?? []).map(({ value }) =>
      value.case === 'dimValue'
        ? value.value > 0n
          ? Number(value.value)
          : undefined
        : value.case === 'dimParam' && value.value !== ''
          ? value.value
          : undefined,
    ),
  };
}

export function valueInfo(value: GraphValue): GraphProto['input'][number] {
  const { name, type, shape } = value;
  if (type === 0) return create(ValueInfoProtoSchema, { name });
  if (value.rankless)
    return create(ValueInfoProtoSchema, {
      name,
      type: { value: { case: 'tensorType', value: { elemType: type } } },
    });
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size ?? '' },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: type, shape: { dim } } } },
  });
}

function collectNames(graph: GraphProto, names: Set<string>, depth: number): void {
  if (depth > 32) throw new DeepCompressionError('invalid-model', 'subgraphs nest too deep');
  for (const { name } of [...graph.input, ...graph.output, ...graph.initializer]) names.add(name);
  for (const node of graph.node) {
    for (const name of [...node.input, ...node.output]) names.add(name);
    for (const attribute of node.attribute) {
      if (attribute.g) collectNames(attribute.g, names, depth + 1);
      for (const sub of attribute.graphs) collectNames(sub, names, depth + 1);
    }
  }
}
