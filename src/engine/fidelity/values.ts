/** Tensors of a runtime as numbers, whatever their element type, and zeros of a type. */
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { DeepCompressionError } from '../../model/errors.ts';
import { fromFloat16 } from '../../model/half.ts';
import type { HostTensor, TensorData } from '../../train/runtime.ts';

/** The values as float32, or undefined for what is not numbers (strings). */
export function floatsOf({ type, data }: HostTensor): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  if (type === 'float16' && data instanceof Uint16Array)
    return Float32Array.from(data, fromFloat16);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Float32Array.from(data, Number);
  return ArrayBuffer.isView(data) ? Float32Array.from(data) : undefined;
}

/** Whether an output of this element type (TensorProto.DataType) holds whole numbers. */
export function isWhole(type: number): boolean {
  return wholeTypes.has(type);
}

const wholeTypes = new Set<number>([
  DataType.INT8,
  DataType.UINT8,
  DataType.INT16,
  DataType.UINT16,
  DataType.INT32,
  DataType.UINT32,
  DataType.INT64,
  DataType.UINT64,
  DataType.BOOL,
]);

/** @throws DeepCompressionError `unsupported` for element types that no state has */
export function zerosOf(type: number, dims: readonly number[]): HostTensor {
  const count = dims.reduce((a, b) => a * b, 1);
  const make = zeros[type];
  if (make) return { type: make.type, dims, data: make.of(count) };
  throw new DeepCompressionError('unsupported', `an input of element type ${type} cannot be fed`);
}

const zeros: Readonly<
  Record<number, { readonly type: string; readonly of: (count: number) => TensorData }>
> = {
  [DataType.FLOAT]: { type: 'float32', of: (n) => new Float32Array(n) },
  [DataType.DOUBLE]: { type: 'float64', of: (n) => new Float64Array(n) },
  [DataType.FLOAT16]: { type: 'float16', of: (n) => new Uint16Array(n) },
  [DataType.INT64]: { type: 'int64', of: (n) => new BigInt64Array(n) },
  [DataType.INT32]: { type: 'int32', of: (n) => new Int32Array(n) },
};
