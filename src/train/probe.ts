/**
 * Shapes, element types and constant values of every value in a graph, by running it once on zeros:
 * the runtime's own answer, for every operator it knows. Values that do not depend on the data
 * (computed from initializers and shapes alone) are kept when they are small: sizes, axes, pads.
 */
import type { NodeProto } from 'onnx-buf';
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { DeepCompressionError } from '../model/errors.ts';
import { cloneGraph, encodeGraph, shapeOf } from './graph.ts';
import type { Graph } from './graph.ts';
import type { HostTensor, Runtime, TensorData } from './runtime.ts';

export interface ValueFacts {
  readonly type: string;
  readonly shape: readonly number[];
  /** Elements, when they do not depend on the model's inputs and there are at most 4096. */
  readonly values?: readonly number[];
}

export type Facts = ReadonlyMap<string, ValueFacts>;

const mostValues = 4096;

/** @throws DeepCompressionError `invalid-model` with the runtime's reason when it cannot run. */
export async function probe(graph: Graph, runtime: Runtime): Promise<Facts> {
  const all = cloneGraph(graph);
  const made = graph.nodes.flatMap((node) => node.output).filter((name) => name !== '');
  // the type is left open: the runtime infers it
  all.outputs = made.map((name) => ({ name, type: 0, shape: [] }));
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, type, shape }) => [name, zeros(name, type, shape)]),
  );
  let results: Record<string, HostTensor>;
  try {
    const session = await runtime.open(encodeGraph(all));
    try {
      results = await session.run(feeds);
    } finally {
      await session.close();
    }
  } catch (cause) {
    const reason = String((cause as Error).message)
      .replace(/\s+/g, ' ')
      .slice(0, 300);
    throw new DeepCompressionError('invalid-model', `the model does not run: ${reason}`, { cause });
  }
  const facts = new Map<string, ValueFacts>();
  const fixed = dataIndependent(graph);
  const note = (name: string, { type, dims, data }: HostTensor): void => {
    const fact = { type, shape: [...dims] };
    const keep = fixed.has(name) && data.length <= mostValues;
    facts.set(name, keep ? { ...fact, values: Array.from(data as Int32Array, Number) } : fact);
  };
  for (const [name, tensor] of Object.entries(feeds)) note(name, tensor);
  for (const [name, tensor] of Object.entries(results)) note(name, tensor);
  for (const [name, tensor] of graph.initializers) {
    const fact = { type: typeNames[tensor.dataType] ?? 'other', shape: shapeOf(tensor) };
    const values = smallValues(tensor);
    facts.set(name, values ? { ...fact, values } : fact);
  }
  return facts;
}

/** Names of values that follow from initializers and shapes alone. */
function dataIndependent(graph: Graph): ReadonlySet<string> {
  const fixed = new Set(graph.initializers.keys());
  const random = /^(Random|Multinomial|Bernoulli)/;
  const hasBody = (node: NodeProto): boolean =>
    node.attribute.some((attribute) => attribute.g !== undefined || attribute.graphs.length > 0);
  for (const node of graph.nodes) {
    const shapeOnly = node.opType === 'Shape' || node.opType === 'Size';
    const known = node.input.every((name) => name === '' || fixed.has(name));
    if (shapeOnly || (known && !random.test(node.opType) && !hasBody(node)))
      for (const name of node.output) fixed.add(name);
  }
  return fixed;
}

const typeNames: Readonly<Record<number, string>> = {
  [DataType.FLOAT]: 'float32',
  [DataType.DOUBLE]: 'float64',
  [DataType.FLOAT16]: 'float16',
  [DataType.INT64]: 'int64',
  [DataType.INT32]: 'int32',
  [DataType.INT8]: 'int8',
  [DataType.UINT8]: 'uint8',
  [DataType.BOOL]: 'bool',
};

function smallValues(
  tensor: NonNullable<ReturnType<Graph['initializers']['get']>>,
): number[] | undefined {
  const count = shapeOf(tensor).reduce((a, b) => a * b, 1);
  if (count > mostValues) return undefined;
  const raw = tensor.rawData.slice().buffer;
  const whole = raw.byteLength > 0;
  switch (tensor.dataType as DataType) {
    case DataType.FLOAT:
      return whole ? Array.from(new Float32Array(raw)) : [...tensor.floatData];
    case DataType.DOUBLE:
      return whole ? Array.from(new Float64Array(raw)) : [...tensor.doubleData];
    case DataType.INT64:
      return whole ? Array.from(new BigInt64Array(raw), Number) : tensor.int64Data.map(Number);
    case DataType.INT32:
      return whole ? Array.from(new Int32Array(raw)) : [...tensor.int32Data];
    case DataType.BOOL:
    case DataType.UINT8:
      return whole ? Array.from(new Uint8Array(raw)) : [...tensor.int32Data];
    default:
      return undefined;
  }
}

const arrays: Readonly<Record<number, (length: number) => TensorData>> = {
  [DataType.FLOAT]: (n) => new Float32Array(n),
  [DataType.DOUBLE]: (n) => new Float64Array(n),
  [DataType.INT64]: (n) => new BigInt64Array(n),
  [DataType.INT32]: (n) => new Int32Array(n),
  [DataType.INT8]: (n) => new Int8Array(n),
  [DataType.UINT8]: (n) => new Uint8Array(n),
  [DataType.BOOL]: (n) => new Uint8Array(n),
};

function zeros(
  name: string,
  type: number,
  shape: readonly (number | string | undefined)[],
): HostTensor {
  const make = arrays[type];
  const typeName = typeNames[type];
  if (!make || !typeName)
    throw new DeepCompressionError(
      'unsupported',
      `input ${name} has an element type that training does not feed`,
    );
  const dims = shape.map((size) => {
    if (typeof size === 'number') return size;
    throw new DeepCompressionError(
      'invalid-input',
      `input ${name} has a dimension of unknown size`,
    );
  });
  return { type: typeName, dims, data: make(dims.reduce((a, b) => a * b, 1)) };
}
