/**
 * IDX, the format of the MNIST files (yann.lecun.com/exdb/mnist): two zero bytes, an element type, a
 * rank, big-endian sizes, big-endian values. Gzipped files are unpacked.
 */
import { gunzipSync } from 'fflate';
import { checkInflation, dataError, elementsOf } from './array.ts';
import type { ArrayData, DataArray } from './array.ts';

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

export function isIdx(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0 && widths[bytes[2]!] !== undefined && bytes[3]! <= 8;
}

/** Unpacks gzip; other bytes pass. The size that the file states is checked before it is believed. */
export function gunzipped(bytes: Uint8Array, name: string): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 18) throw dataError(name, 'a gzip file that is cut off');
  checkInflation(bytes.length, view.getUint32(bytes.length - 4, true), name);
  try {
    return gunzipSync(bytes);
  } catch {
    throw dataError(name, 'a damaged gzip file');
  }
}

/** @throws DeepCompressionError `invalid-input`. */
export function parseIdx(file: Uint8Array, name: string): DataArray {
  const bytes = gunzipped(file, name);
  const width = bytes.length >= 4 && isIdx(bytes) ? widths[bytes[2]!] : undefined;
  if (width === undefined) throw dataError(name, 'not an IDX file');
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw dataError(name, 'an IDX header that is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = elementsOf(name, shape);
  if (bytes.length - start !== count * width)
    throw dataError(
      name,
      `holds ${bytes.length - start} bytes where its sizes ask for ${count * width}`,
    );
  return { shape, data: read(view, bytes, start, count) };
}

/** Bytes an element, by IDX type. */
const widths: Readonly<Record<number, number>> = {
  0x08: 1,
  0x09: 1,
  0x0b: 2,
  0x0c: 4,
  0x0d: 4,
  0x0e: 8,
};

function read(view: DataView, bytes: Uint8Array, start: number, count: number): ArrayData {
  const fill = <T extends ArrayData>(target: T, get: (at: number) => number): T => {
    const step = target.BYTES_PER_ELEMENT;
    for (let i = 0; i < count; i++) target[i] = get(start + i * step);
    return target;
  };
  switch (bytes[2]) {
    case 0x08:
      return bytes.slice(start);
    case 0x09:
      return fill(new Int8Array(count), (at) => view.getInt8(at));
    case 0x0b:
      return fill(new Int16Array(count), (at) => view.getInt16(at));
    case 0x0c:
      return fill(new Int32Array(count), (at) => view.getInt32(at));
    case 0x0d:
      return fill(new Float32Array(count), (at) => view.getFloat32(at));
    default:
      return fill(new Float64Array(count), (at) => view.getFloat64(at));
  }
}
