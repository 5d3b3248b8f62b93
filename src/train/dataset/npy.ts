/**
 * NumPy's .npy (format versions 1 to 3) and .npz (a ZIP of them, stored or deflated). Numbers and
 * booleans of up to 8 bytes, either byte order, C or Fortran order; 64-bit integers and float16 are
 * widened to float64 and float32. No pickled objects: they are programs, not data.
 */
import { unzipSync, type UnzipFileInfo } from 'fflate';
import { fromFloat16 } from '../../model/half.ts';
import { dataError, elementsOf, mostInflated, plausibleInflation } from './array.ts';
import type { ArrayData, DataArray } from './array.ts';

const mostEntries = 65_535;
const isArray = (file: UnzipFileInfo): boolean => file.name.endsWith('.npy');

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

export function isNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

/** @throws DeepCompressionError `invalid-input`. */
export function parseNpy(bytes: Uint8Array, name: string): DataArray {
  const bad = (what: string): Error => dataError(name, what);
  if (!isNpy(bytes) || bytes.length < 12) throw bad('not a .npy array');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6]! >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (bytes[6]! < 1 || bytes[6]! > 3 || start + length > bytes.length || length > 65_536)
    throw bad('a .npy header that does not fit');
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([<>|=])([a-zA-Z])(\d+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header);
  const dims = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (!descr || !order || !dims) throw bad('a .npy header that is not of plain numbers');
  const shape = (dims[1] ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '')
    .map(Number);
  const kind = `${descr[2]}${descr[3]}`;
  const read = readers[kind];
  if (!read) throw bad(`elements of type ${kind}, which are not numbers this reads`);
  const count = elementsOf(name, shape);
  const width = Number(descr[3]);
  const from = start + length;
  if (bytes.length - from < count * width)
    throw bad(`ends early: ${count} elements of ${width} bytes do not fit`);
  const values = read.make(count);
  const little = descr[1] !== '>';
  if (width === 1 && values.BYTES_PER_ELEMENT === 1)
    new Uint8Array(values.buffer).set(bytes.subarray(from, from + count));
  else for (let i = 0; i < count; i++) values[i] = read.get(view, from + i * width, little);
  return { shape, data: order[1] === 'True' ? fromFortran(values, shape, read.make) : values };
}

/** Arrays of an .npz by name, without `.npy`. */
export function parseNpz(bytes: Uint8Array, name: string): Map<string, DataArray> {
  let files: Record<string, Uint8Array>;
  let entries = 0;
  let total = 0;
  // a directory can claim billions of entries, all of them the same bytes: looked at before unpacking
  const check = (file: UnzipFileInfo): boolean => {
    if (++entries > mostEntries) throw dataError(name, `more than ${mostEntries} files in it`);
    if (!isArray(file)) return false;
    if (!plausibleInflation(file.size, file.originalSize))
      throw dataError(name, `${file.name} claims an impossible size`);
    total += file.originalSize;
    if (total > mostInflated) throw dataError(name, 'more than 2 GiB when it is unpacked');
    return false;
  };
  try {
    unzipSync(bytes, { filter: check });
    files = unzipSync(bytes, { filter: isArray });
  } catch (cause) {
    if ((cause as Error).name === 'DeepCompressionError') throw cause;
    throw dataError(name, 'not a readable .npz (ZIP) file');
  }
  const arrays = new Map<string, DataArray>();
  for (const [file, content] of Object.entries(files))
    arrays.set(file.slice(0, -4), parseNpy(content, `${name}, ${file}`));
  if (arrays.size === 0) throw dataError(name, 'an .npz without arrays');
  return arrays;
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
