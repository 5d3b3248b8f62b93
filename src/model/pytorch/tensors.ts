/**
 * Finds the tensors in what a pickle of PyTorch describes, with the names that lead to them. Source:
 * torch.serialization and torch._utils (`_rebuild_tensor_v2`, `_rebuild_parameter`).
 */
import { bitsOf, type DType } from '../dtype.ts';
import { checkCount } from '../plain/model.ts';
import { Built, Named, Outside, type Value } from './pickle.ts';

/** A tensor as a view of a storage; offset and strides in elements. */
export interface FoundTensor {
  readonly name: string;
  readonly storage: string;
  readonly dtype: DType;
  readonly elements: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export interface FoundTensors {
  readonly tensors: readonly FoundTensor[];
  /** What the file would have called, and what is not done, each once. */
  readonly calls: readonly string[];
}

const storages: Readonly<Record<string, DType>> = {
  FloatStorage: 'float32',
  DoubleStorage: 'float64',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  ComplexFloatStorage: 'complex64',
  ComplexDoubleStorage: 'complex128',
  Float8_e4m3fnStorage: 'float8e4m3fn',
  Float8_e5m2Storage: 'float8e5m2',
};

/** Data and nothing else: not worth a word. */
const plain =
  /^(collections\.OrderedDict|torch\._utils\._rebuild_(tensor_v2|tensor|parameter)|torch\.(Size|device)|builtins\.\w+|__builtin__\.\w+|torch\.jit\._pickle\.build_\w+)$/;
const mostListed = 16;
const deepest = 64;
/** A name is put together from those of all that a tensor lies in, and cut here. */
const longestName = 1024;

/**
 * A tensor that many places name is found in each of them.
 * @throws DeepCompressionError `invalid-model` for more tensors than are read
 */
export function findTensors(path: string, root: Value): FoundTensors {
  const tensors: FoundTensor[] = [];
  const calls = new Set<string>();
  const seen = new Set<object>();
  const visit = (value: Value, name: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > deepest) return;
    const tensor = tensorOf(value, name);
    if (tensor) {
      checkCount(path, tensors.push(tensor));
      return;
    }
    if (seen.has(value)) return;
    seen.add(value);
    const inner = (key: Value): string => below(name, key);
    if (Array.isArray(value)) value.forEach((v, i) => visit(v, inner(i), depth + 1));
    else if (value instanceof Map) for (const [key, v] of value) visit(v, inner(key), depth + 1);
    else if (value instanceof Built) {
      if (!plain.test(value.of) && calls.size < mostListed) calls.add(value.of);
      visit(value.args, name, depth + 1);
      visit(value.items, name, depth + 1);
      if (value.of !== 'collections.OrderedDict') visitState(value.state, name, depth);
    }
  };
  /** Modules keep their tensors in three dictionaries whose names are no part of a tensor's. */
  const visitState = (state: Value, name: string, depth: number): void => {
    if (!(state instanceof Map)) return visit(state, name, depth + 1);
    for (const [key, v] of state) {
      const holder = key === '_parameters' || key === '_buffers' || key === '_modules';
      visit(v, holder ? name : below(name, key), depth + 1);
    }
  };
  visit(root, '', 0);
  return { tensors, calls: [...calls] };
}

function below(name: string, key: Value): string {
  const own = text(key).slice(0, longestName);
  return name === '' ? own : `${name}.${own}`.slice(0, longestName);
}

function tensorOf(value: Value, name: string): FoundTensor | undefined {
  if (!(value instanceof Built) || !Array.isArray(value.args)) return undefined;
  if (/\._rebuild_parameter(_with_state)?$/.test(value.of)) return tensorOf(value.args[0], name);
  if (!/\._rebuild_tensor(_v2|_v3)?$/.test(value.of)) return undefined;
  const [storage, offset, size, stride] = value.args;
  if (!(storage instanceof Outside) || !Array.isArray(storage.id)) return undefined;
  const [, type, key, , elements] = storage.id;
  const shape = sizes(size);
  const strides = sizes(stride);
  const kind = type instanceof Named ? type.name.split('.').at(-1) : undefined;
  if (!shape || shape.length !== strides?.length || typeof offset !== 'number') return undefined;
  return {
    ...{ name, storage: text(key), dtype: storages[kind ?? ''] ?? 'undefined', shape, strides },
    ...{ offset, elements: typeof elements === 'number' ? elements : 0 },
  };
}

function sizes(value: Value): number[] | undefined {
  const list = value instanceof Built ? value.args : value;
  if (!Array.isArray(list)) return undefined;
  const numbers = list.flat();
  const fine = numbers.every((n) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0);
  return fine ? (numbers as number[]) : undefined;
}

function text(key: Value): string {
  return typeof key === 'string' || typeof key === 'number' ? String(key) : '?';
}

/** Whether values lie one after another in the order of the shape. */
export function isDense({ shape, strides }: FoundTensor): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis];
  }
  return true;
}

/** Elements from the first one to the last one that a view looks at. */
export function spanOf({ shape, strides }: FoundTensor): number {
  if (shape.includes(0)) return 0;
  return 1 + shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], 0);
}

/** Bytes of one element; 0 for types that are not known here. */
export function widthOf({ dtype }: FoundTensor): number {
  return bitsOf[dtype] / 8;
}
