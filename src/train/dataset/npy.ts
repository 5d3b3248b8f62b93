/**
 * NumPy's .npy (format versions 1 to 3). Numbers and booleans of up to 8 bytes, and texts (labels),
 * either byte order, C or Fortran order; 64-bit integers and float16 are widened to float64 and float32.
 * No pickled objects: they are programs, not data.
 */
import { fromFloat16 } from '../../model/half.ts';
import { dataError, elementsOf } from './array.ts';
import type { ArrayData, DataArray } from './array.ts';
import type { TextArray } from './labels.ts';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** An array of numbers. @throws DeepCompressionError `invalid-input` */
export function parseNpy(bytes: Uint8Array, name: string): DataArray {
  const array = parseNpyOrText(bytes, name);
  if ('text' in array) throw dataError(name, 'an array of text where numbers are needed');
  return array;
}

/** An array of numbers or of text. @throws DeepCompressionError `invalid-input` */
export function parseNpyOrText(bytes: Uint8Array, name: string): DataArray | TextArray {
  const bad = (what: string): Error => dataError(name, what);
  const { order, kind, width, fortran, shape, from } = headerOf(bytes, name);
  const little = order !== '>';
  const count = elementsOf(name, shape);
  const size = kind === 'U' ? 4 * width : width;
  if (bytes.length - from < count * size)
    throw bad(`ends early: ${count} elements of ${size} bytes do not fit`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (kind === 'U' || kind === 'S') {
    if (width === 0 && count > bytes.length) throw bad('texts without characters');
    if (fortran && shape.length > 1) throw bad('text in Fortran order');
    const body = bytes.subarray(from, from + count * size);
    const text =
      kind === 'U' ? wideTexts(view, from, count, width, little, bad) : texts(body, count, width);
    return { text, shape };
  }
  const read = readers[`${kind}${width}`];
  if (!read) throw bad(`elements of type ${kind}${width}, which are not numbers this reads`);
  const values = read.make(count);
  if (width === 1 && values.BYTES_PER_ELEMENT === 1)
    new Uint8Array(values.buffer).set(bytes.subarray(from, from + count));
  else for (let i = 0; i < count; i++) values[i] = read.get(view, from + i * width, little);
  return { shape, data: fortran ? fromFortran(values, shape, read.make) : values };
}

interface Header {
  readonly order: string;
  readonly kind: string;
  /** Bytes an element, characters of a text of kind U. */
  readonly width: number;
  readonly fortran: boolean;
  readonly shape: readonly number[];
  /** Where the elements begin. */
  readonly from: number;
}

function headerOf(bytes: Uint8Array, name: string): Header {
  const bad = (what: string): Error => dataError(name, what);
  if (!isNpy(bytes) || bytes.length < 12) throw bad('not a .npy array');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (bytes[6]! < 1 || bytes[6]! > 3 || start + length > bytes.length || length > 65_536)
    throw bad('a .npy header that does not fit');
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  if (/'descr':\s*'\|O/.test(header))
    throw bad(
      'Python objects (pickled), which are programs and are not read: save numbers or text, e.g. y.astype(str)',
    );
  const descr = /'descr':\s*'([<>|=])([a-zA-Z])(\d{1,6})'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const dims = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!descr || !order || !dims) throw bad('a .npy header that is not of plain numbers or text');
  const shape = dims[1]!
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
    .map(Number);
  return {
    ...{ order: descr[1]!, kind: descr[2]!, width: Number(descr[3]) },
    ...{ fortran: order[1] === 'True', shape, from: start + length },
  };
}

/** UTF-32, padded with zeros. */
function wideTexts(
  view: DataView,
  from: number,
  count: number,
  width: number,
  little: boolean,
  bad: (what: string) => Error,
): string[] {
  const result: string[] = [];
  for (let i = 0, at = from; i < count; i++, at += 4 * width) {
    let text = '';
    for (let c = 0; c < width; c++) {
      const point = view.getUint32(at + 4 * c, little);
      if (point > 0x10ffff) throw bad('text with characters that do not exist');
      if (point === 0) break;
      text += String.fromCodePoint(point);
    }
    result.push(text);
  }
  return result;
}

/** Bytes, padded with zeros. */
function texts(body: Uint8Array, count: number, width: number): string[] {
  const decoder = new TextDecoder();
  return Array.from({ length: count }, (_, i) => {
    const own = body.subarray(i * width, (i + 1) * width);
    const end = own.indexOf(0);
    return decoder.decode(end < 0 ? own : own.subarray(0, end));
  });
}

interface Reader {
  make(count: number): ArrayData;
  get(view: DataView, at: number, little: boolean): number;
}

const readers: Readonly<Record<string, Reader>> = {
  f2: { make: (n) => new Float32Array(n), get: (v, at, le) => fromFloat16(v.getUint16(at, le)) },
  f4: { make: (n) => new Float32Array(n), get: (v, at, le) => v.getFloat32(at, le) },
  f8: { make: (n) => new Float64Array(n), get: (v, at, le) => v.getFloat64(at, le) },
  b1: { make: (n) => new Uint8Array(n), get: (v, at) => v.getUint8(at) },
  u1: { make: (n) => new Uint8Array(n), get: (v, at) => v.getUint8(at) },
  i1: { make: (n) => new Int8Array(n), get: (v, at) => v.getInt8(at) },
  u2: { make: (n) => new Uint16Array(n), get: (v, at, le) => v.getUint16(at, le) },
  i2: { make: (n) => new Int16Array(n), get: (v, at, le) => v.getInt16(at, le) },
  u4: { make: (n) => new Uint32Array(n), get: (v, at, le) => v.getUint32(at, le) },
  i4: { make: (n) => new Int32Array(n), get: (v, at, le) => v.getInt32(at, le) },
  u8: { make: (n) => new Float64Array(n), get: (v, at, le) => Number(v.getBigUint64(at, le)) },
  i8: { make: (n) => new Float64Array(n), get: (v, at, le) => Number(v.getBigInt64(at, le)) },
};

/** Column-major to row-major. */
function fromFortran(
  values: ArrayData,
  shape: readonly number[],
  make: (count: number) => ArrayData,
): ArrayData {
  const result = make(values.length);
  const at = shape.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    let flat = 0;
    for (let d = 0; d < shape.length; d++) flat = flat * shape[d]! + at[d]!;
    result[flat] = values[i]!;
    for (let d = 0; d < shape.length && ++at[d]! === shape[d]; d++) at[d] = 0;
  }
  return result;
}
