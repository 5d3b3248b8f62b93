/**
 * TensorFlow Lite: tensors, operators and buffers in a FlatBuffers file, read table by table. Source:
 * TensorFlow Lite's schema, version 3; fields are named by their numbers in it. The names of tensors of
 * several subgraphs may be equal; their paths are not. Limits: no value of a sparse tensor is read.
 */
import type { ByteSource } from '../bytes.ts';
import { bytesFor, isFloat, type DType } from '../dtype.ts';
import type { Format } from '../format.ts';
import type { Attribute, GraphNode, ModelGraph, ValueInfo } from '../graph.ts';
import type { Geometry, Model, Quantization, Role } from '../model.ts';
import { codeOfDType } from '../dtype.ts';
import { plainModel, type PlainTensor } from '../plain/model.ts';
import { FlatBuffer, type Table } from './flatbuffer.ts';
import { builtinOperators } from './operators.ts';

/** By TensorType. */
const dtypes: readonly DType[] = [
  ...(['float32', 'float16', 'int32', 'uint8', 'int64', 'string', 'bool', 'int16'] as const),
  ...(['complex64', 'int8', 'float64', 'complex128', 'uint64', 'undefined', 'undefined'] as const),
  ...(['uint32', 'uint16', 'int4', 'bfloat16'] as const),
];
/** Operators that multiply by their second input: where the outputs are among its dimensions. */
const weighted: Readonly<Record<string, 'first' | 'last' | undefined>> = {
  CONV_2D: 'first',
  CONV_3D: 'last',
  DEPTHWISE_CONV_2D: 'last',
  FULLY_CONNECTED: 'first',
  TRANSPOSE_CONV: 'first',
  BATCH_MATMUL: 'last',
};
const custom = 32;
const deepest = 64;

export const tfliteFormat: Format = {
  sniff: (head) => String.fromCharCode(...head.subarray(4, 8)) === 'TFL3',
  open: (path, source) => openTflite(path, source),
};

interface Use {
  readonly op: string;
  readonly role: Role;
  readonly input: number;
}

function openTflite(path: string, source: ByteSource): Model {
  const file = new FlatBuffer(path, source);
  const root = file.root();
  const codes = root.tables(1).map(operatorName);
  const buffers = root.tables(4);
  const tensors: PlainTensor[] = [];
  const graphs = root.tables(2).map((subgraph, g) => readSubgraph(subgraph, g));
  const [graph] = graphs;

  /** Adds the constant tensors of a subgraph and describes its operators. */
  function readSubgraph(subgraph: Table, g: number): ModelGraph {
    const all = subgraph.tables(0);
    const operators = subgraph.tables(3);
    const names = all.map((t, i) => t.text(3) || `tensor ${i}`);
    const uses = usesOf(operators, codes);
    const initializers = new Map<string, number>();
    all.forEach((table, i) => {
      const buffer = buffers[table.uint(2, 4)] as Table | undefined;
      if (!buffer) file.fail(`tensor ${names[i]} lies in a buffer that is not there`);
      const place = placeOf(buffer!);
      if (place === undefined) return;
      initializers.set(names[i], tensors.length);
      tensors.push(constant(table, names[i], `subgraphs[${g}].tensors[${i}]`, place, uses.get(i)));
    });
    const value = (i: number): ValueInfo => ({
      name: names[i] ?? '',
      elemType: codeOfDType(typeOf(all[i])),
      shape: all[i]?.ints(0),
    });
    return {
      path: `subgraphs[${g}]`,
      name: subgraph.text(4),
      inputs: subgraph.ints(1).map(value),
      outputs: subgraph.ints(2).map(value),
      values: [],
      initializers,
      sparseInitializers: new Map(),
      nodes: operators.map((operator, n): GraphNode => {
        const named = (id: number): string[] => operator.ints(id).map((i) => names[i] ?? '');
        return {
          path: `subgraphs[${g}].operators[${n}]`,
          name: '',
          opType: codes[operator.uint(0, 4)] ?? '',
          domain: 'tflite',
          overload: '',
          inputs: named(1),
          outputs: named(2),
          attributes: new Map<string, Attribute>(),
        };
      }),
    };
  }

  return plainModel({
    ...{ path, format: 'tflite', version: `schema ${root.uint(0, 4)}`, producer: root.text(3) },
    ...{ tensors, kernels: 'outputs first', files: [{ location: '', source }] },
    ...(graph && { graph }),
  });
}

function operatorName(code: Table): string {
  // numbers above 127 are in a field of their own, so the larger one is right
  const number = Math.max(code.int(0, 1), code.int(3, 4));
  return number === custom
    ? code.text(1) || 'CUSTOM'
    : (builtinOperators[number] ?? `operator ${number}`);
}

/** Where the bytes of a buffer are; undefined for one that has none. */
function placeOf(buffer: Table): { readonly offset: number; readonly bytes: number } | undefined {
  const data = buffer.vector(0, 1);
  if (data && data.length > 0) return { offset: data.start, bytes: data.length };
  // beyond 2 GB buffers lie behind the tables
  const offset = buffer.uint(1, 8);
  const bytes = buffer.uint(2, 8);
  return offset > 1 && bytes > 0 ? { offset, bytes } : undefined;
}

function typeOf(table: Table | undefined): DType {
  return (table && dtypes[table.int(1, 1)]) ?? 'undefined';
}

/** What constants are for: through DEQUANTIZE and DENSIFY, which only change how they are stored. */
function usesOf(operators: readonly Table[], codes: readonly string[]): Map<number, Use> {
  const uses = new Map<number, Use>();
  const passed = new Map<number, number>();
  for (const operator of operators) {
    const op = codes[operator.uint(0, 4)] ?? '';
    const inputs = operator.ints(1);
    if (op === 'DEQUANTIZE' || op === 'DENSIFY') {
      const [output] = operator.ints(2);
      if (output !== undefined && inputs[0] !== undefined) passed.set(output, inputs[0]);
      continue;
    }
    inputs.forEach((given, input) => {
      let tensor = given;
      for (let hop = 0; hop < deepest; hop++) tensor = passed.get(tensor) ?? tensor;
      const role = roleOf(op, input);
      if (!uses.has(tensor) || role === 'weight') uses.set(tensor, { op, role, input });
    });
  }
  return uses;
}

function roleOf(op: string, input: number): Role {
  if (weighted[op] && input === 1) return 'weight';
  if (weighted[op] && input === 2) return op === 'TRANSPOSE_CONV' ? 'other' : 'bias';
  if ((op === 'GATHER' && input === 0) || (op === 'EMBEDDING_LOOKUP' && input === 1))
    return 'embedding';
  if (op === 'UNIDIRECTIONAL_SEQUENCE_LSTM' && input >= 1 && input <= 8) return 'weight';
  if (op === 'PRELU' && input === 1) return 'other';
  if (/^(RESHAPE|PAD|TRANSPOSE|MEAN|STRIDED_SLICE|RESIZE_\w+|SLICE)$/.test(op) && input > 0)
    return 'shape';
  return 'other';
}

function constant(
  table: Table,
  name: string,
  path: string,
  { offset, bytes }: { readonly offset: number; readonly bytes: number },
  use: Use | undefined,
): PlainTensor {
  const dtype = typeOf(table);
  const shape = table.ints(0);
  const quantization = quantizationOf(table, dtype, shape);
  const stored = {
    name,
    path,
    dtype,
    shape,
    file: 0,
    offset,
    ...(quantization && { quantization }),
  };
  const used = { role: use?.role ?? 'other', op: use?.op ?? '' } as const;
  if (table.table(6))
    return { ...stored, ...used, bytes, unreadable: 'its values are stored sparsely' };
  const values = shape.reduce((a, b) => a * b, 1);
  if (dtype === 'string' || dtype === 'undefined' || bytesFor(dtype, values) !== bytes)
    return {
      ...stored,
      ...used,
      bytes,
      unreadable: `it has ${bytes} bytes, not those of ${dtype} [${shape.join()}]`,
    };
  return { ...stored, ...used, ...(use?.role === 'weight' && geometryOf(use.op, shape)) };
}

/** Scales and zero points of integers; undefined for floats, and where they do not fit the shape. */
function quantizationOf(
  table: Table,
  dtype: DType,
  shape: readonly number[],
): Quantization | undefined {
  const stated = table.table(4);
  if (!stated || isFloat(dtype)) return undefined;
  const { file } = table;
  const axis = stated.int(6, 4);
  const { length } = stated.vector(2, 4) ?? { length: 0 };
  if (length !== 1 && length !== shape[axis]) return undefined;
  const scales = stated.each(2, 4, (at) => file.float(at));
  const zeroPoints = stated.each(3, 8, (at) => file.int(at, 8));
  if (zeroPoints.length === 0) return { scales, zeroPoints: scales.map(() => 0), axis };
  return zeroPoints.length === length ? { scales, zeroPoints, axis } : undefined;
}

function geometryOf(op: string, shape: readonly number[]): { geometry: Geometry } | undefined {
  const rank = shape.length;
  const outputs = weighted[op];
  if (rank < 2 || outputs === undefined || shape.includes(0)) return undefined;
  const rows = outputs === 'first' ? shape[0] : shape[rank - 1];
  const cols = shape.reduce((a, b) => a * b, 1) / rows;
  const kind = rank === 2 || op === 'BATCH_MATMUL' ? 'fc' : 'conv';
  return { geometry: { kind, rows, cols, matrices: 1, transposed: outputs === 'last' } };
}
