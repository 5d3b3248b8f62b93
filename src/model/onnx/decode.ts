/**
 * Turns stored bytes into numbers, a block at a time: little-endian, densely packed, as raw_data
 * and external data hold them. Hosts are little-endian (every one that Node and VS Code run on).
 */
import { bitsOf, type DType } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import { widenBfloat16, widenFloat16 } from '../half.ts';
import { smallValues } from '../small-formats.ts';

export type Numbers = Float32Array | Float64Array;

/** Values that a block of `blockBytes` always holds a whole number of bytes of. */
export const blockBytes = 1 << 18;

/** @throws DeepCompressionError `unsupported` for types whose elements are not single numbers. */
export function checkNumeric(dtype: DType, name: string): void {
  if (dtype === 'string' || dtype === 'undefined' || dtype.startsWith('complex')) {
    throw new DeepCompressionError('unsupported', `${name} holds no real numbers but ${dtype}`);
  }
}

/**
 * Decodes `target.length` elements of `dtype` from `bytes`, whose buffer offset is a multiple of 8.
 * `skip`: elements of less than a byte to pass over at the front.
 */
export function decodeBytes(dtype: DType, bytes: Uint8Array, target: Numbers, skip = 0): void {
  const count = target.length;
  const { buffer, byteOffset } = bytes;
  switch (dtype) {
    case 'float32':
      return target.set(new Float32Array(buffer, byteOffset, count));
    case 'float64':
      return target.set(new Float64Array(buffer, byteOffset, count));
    case 'float16':
      return widenFloat16(new Uint16Array(buffer, byteOffset, count), target);
    case 'bfloat16':
      return widenBfloat16(new Uint16Array(buffer, byteOffset, count), target);
    case 'uint16':
      return target.set(new Uint16Array(buffer, byteOffset, count));
    case 'int16':
      return target.set(new Int16Array(buffer, byteOffset, count));
    case 'uint32':
      return target.set(new Uint32Array(buffer, byteOffset, count));
    case 'int32':
      return target.set(new Int32Array(buffer, byteOffset, count));
    case 'int64':
    case 'uint64': {
      const words = new Uint32Array(buffer, byteOffset, 2 * count);
      for (let i = 0; i < count; i++) target[i] = wide(dtype, words[2 * i], words[2 * i + 1]);
      return;
    }
    default: {
      const values = small(dtype);
      const bits = bitsOf[dtype];
      if (bits === 8) {
        for (let i = 0; i < count; i++) target[i] = values[bytes[i]];
        return;
      }
      const perByte = 8 / bits;
      for (let i = 0; i < count; i++) target[i] = element(values, bits, bytes, i + skip, perByte);
    }
  }
}

/** Value of one varint entry of int32_data, int64_data or uint64_data (not for sub-byte types). */
export function decodeEntry(dtype: DType, low: number, high: number): number {
  switch (dtype) {
    case 'int32':
      return low | 0;
    case 'uint32':
      return low;
    case 'int16':
      return (low << 16) >> 16;
    case 'uint16':
      return low & 0xffff;
    case 'int64':
    case 'uint64':
      return wide(dtype, low, high);
    default:
      return small(dtype)[low & 0xff];
  }
}

function wide(dtype: DType, low: number, high: number): number {
  return (dtype === 'int64' ? high | 0 : high) * 4294967296 + low;
}

function small(dtype: DType): Float32Array {
  const values = smallValues(dtype);
  if (values === undefined)
    throw new DeepCompressionError('unsupported', `${dtype} is not numeric`);
  return values;
}

/** Sub-byte element `i`: the first lies in the lowest bits. */
function element(
  values: Float32Array,
  bits: number,
  bytes: Uint8Array,
  i: number,
  perByte: number,
): number {
  const byte = bytes[Math.floor(i / perByte)];
  return values[(byte >>> ((i % perByte) * bits)) & ((1 << bits) - 1)];
}
