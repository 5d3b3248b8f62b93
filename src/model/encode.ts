/** Turns numbers into the bytes of a hole: the inverse of reading a densely packed tensor. */
import { narrowBfloat16, narrowFloat16 } from './half.ts';
import type { CompressibleDType } from './dtype.ts';

/** Bytes one value takes. */
export function encodedWidth(encoding: CompressibleDType): number {
  return encoding === 'float64' ? 8 : encoding === 'float32' ? 4 : 2;
}

/** Little-endian, densely packed, rounded to nearest even where the encoding is narrower. */
export function encodeValues(
  values: Float32Array | Float64Array,
  encoding: CompressibleDType,
): Uint8Array<ArrayBuffer> {
  if (encoding === 'float64') return new Uint8Array(Float64Array.from(values).buffer);
  if (encoding === 'float32') return new Uint8Array(Float32Array.from(values).buffer);
  const codes = new Uint16Array(values.length);
  if (encoding === 'float16') narrowFloat16(values, codes);
  else narrowBfloat16(values, codes);
  return new Uint8Array(codes.buffer);
}
