/**
 * Payload fields of TensorProto: which types each may hold, how its elements are counted, and how
 * to step over one. Source: onnx.proto, the comments on TensorProto's fields.
 */
import { bitsOf, type DType } from '../dtype.ts';
import type { Storage } from '../model.ts';
import type { ChunkList, Wire } from './record.ts';
import { wireBytes, wireFixed32, wireFixed64, wireVarint, type WireReader } from './wire.ts';

export interface PayloadField {
  readonly storage: Storage;
  readonly wire: Wire;
  /** Types whose values this field may hold. */
  readonly dtypes: readonly DType[];
}

/** The fields of TensorProto that hold numbers or strings one by one, by field number. */
export const payloadFields: Readonly<Record<number, PayloadField>> = {
  4: { storage: 'float_data', wire: 'fixed32', dtypes: ['float32', 'complex64'] },
  5: {
    storage: 'int32_data',
    wire: 'varint',
    dtypes: [
      ...(['int32', 'int16', 'int8', 'uint16', 'uint8', 'bool', 'float16', 'bfloat16'] as const),
      ...(['float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz'] as const),
      ...(['float8e8m0', 'uint4', 'int4', 'float4e2m1', 'uint2', 'int2'] as const),
    ],
  },
  6: { storage: 'string_data', wire: 'bytes', dtypes: ['string'] },
  7: { storage: 'int64_data', wire: 'varint', dtypes: ['int64'] },
  10: { storage: 'double_data', wire: 'fixed64', dtypes: ['float64', 'complex128'] },
  11: { storage: 'uint64_data', wire: 'varint', dtypes: ['uint32', 'uint64'] },
};

const scalarWire: Readonly<Record<Wire, number>> = {
  bytes: wireBytes,
  fixed32: wireFixed32,
  fixed64: wireFixed64,
  varint: wireVarint,
};

/** Product of dimensions; fails on a negative one or above 2^53. */
export function countElements(reader: WireReader, what: string, shape: readonly number[]): number {
  let count = 1;
  for (const dim of shape) {
    if (dim < 0) reader.fail(`${what} has a negative dimension, ${dim}`);
    count *= dim;
  }
  // A zero makes the product 0 whatever the others are; a product of integers that overflowed is
  // Infinity or NaN, and neither is safe.
  if (!Number.isSafeInteger(count))
    reader.fail(`${what} has the absurd shape ${shape.join(' x ')}`);
  return count;
}

/** Reads a repeated int64 field, packed or not, into `target`. */
export function readInts(reader: WireReader, end: number, target: number[], most: number): void {
  if (reader.wire !== wireBytes) {
    reader.expect(wireVarint, `field ${reader.field}`);
    target.push(reader.int(end));
  } else {
    const limit = reader.length(end);
    while (reader.position < limit && target.length <= most) target.push(reader.int(limit));
    reader.position = limit;
  }
}

/** One element or one packed chunk of a numeric payload; steps over it. */
export function stepOver(reader: WireReader, end: number, wire: Wire, list: ChunkList): void {
  if (reader.wire === wireBytes) {
    const limit = reader.length(end);
    const width = wire === 'fixed32' ? 4 : wire === 'fixed64' ? 8 : 1;
    if ((limit - reader.position) % width !== 0) {
      reader.fail(`field ${reader.field} ends in the middle of a value`, reader.fieldStart);
    }
    list.packed(reader, reader.position, limit);
    reader.position = limit;
    return;
  }
  reader.expect(scalarWire[wire], `field ${reader.field}`);
  const start = reader.position;
  list.single(reader, start, reader.skip(end), wire !== 'varint');
}

/** Elements in a payload of fixed-width or varint elements: the least and the most there can be. */
export function elementRange(wire: Wire, list: ChunkList): readonly [number, number] {
  const width = wire === 'fixed64' ? 8 : 4;
  const { unpacked, packedBytes } = list;
  return wire === 'varint'
    ? [unpacked + Math.ceil(packedBytes / 10), unpacked + packedBytes]
    : [unpacked + packedBytes / width, unpacked + packedBytes / width];
}

/** Entries a payload field needs for `parameters` values. */
export function entriesFor(dtype: DType, parameters: number): number {
  if (dtype === 'complex64' || dtype === 'complex128') return 2 * parameters;
  // Types of less than a byte: each int32 holds one byte of them.
  const bits = bitsOf[dtype];
  return bits > 0 && bits < 8 ? Math.ceil((parameters * bits) / 8) : parameters;
}
