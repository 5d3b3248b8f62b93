/**
 * NumPy arrays, one in a `.npy` or several in a `.npz`, as bags of tensors. Source: NumPy's description of
 * the NPY format, versions 1 to 3. Limits: entries that are deflated are listed, not read; arrays of
 * records or Python objects are listed without numbers.
 */
import { readBytes, type ByteSource } from '../bytes.ts';
import type { DType } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Format } from '../format.ts';
import type { Model } from '../model.ts';
import { plainModel, type PlainTensor } from '../plain/model.ts';
import { isZip, sealsOf, zipEntries, type ZipEntry } from '../zip/entries.ts';

const dtypes: Readonly<Record<string, DType>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
  c8: 'complex64',
  c16: 'complex128',
};

const longestHeader = 1 << 20;

export const numpyFormat: Format = {
  sniff: (head, source) =>
    isArray(head) || (isZip(head) && firstName(head).endsWith('.npy') && source.size > 0),
  open: (path, source) => {
    if (isArray(readBytes(source, 0, Math.min(source.size, 6)))) return openArray(path, source);
    return openArchive(path, source);
  },
};

function isArray(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(0, 6)) === '\x93NUMPY';
}

/** Name in the first local header of a ZIP archive. */
function firstName(head: Uint8Array): string {
  const length = head[26] + 256 * head[27];
  return String.fromCharCode(...head.subarray(30, 30 + length));
}

function openArray(path: string, source: ByteSource): Model {
  const tensor = arrayAt(path, source, 0, source.size, 'array');
  return plainModel({
    ...{ path, format: 'numpy', files: [{ location: '', source }], tensors: [tensor] },
    kernels: 'outputs first',
  });
}

function openArchive(path: string, source: ByteSource): Model {
  const entries = zipEntries(path, source);
  const tensors = entries.map((entry): PlainTensor => {
    const name = entry.name.replace(/\.npy$/, '');
    return entry.stored && entry.name.endsWith('.npy')
      ? arrayAt(path, source, entry.offset, entry.bytes, name)
      : leftOut(entry, name);
  });
  return plainModel({
    ...{ path, format: 'numpy', files: [{ location: '', source }], tensors },
    ...{ seals: sealsOf(entries), kernels: 'outputs first' },
  });
}

function leftOut({ name: given, offset, bytes, stored }: ZipEntry, name: string): PlainTensor {
  const unreadable = stored
    ? `${given} is no array`
    : 'it is deflated: save it with numpy.savez, which does not pack';
  return {
    name,
    dtype: 'undefined',
    shape: [bytes],
    bytes,
    file: 0,
    offset,
    role: 'other',
    unreadable,
  };
}

function arrayAt(
  path: string,
  source: ByteSource,
  start: number,
  length: number,
  name: string,
): PlainTensor {
  const fail = (why: string): never => {
    throw new DeepCompressionError('invalid-model', `${path}: array ${name}: ${why}`);
  };
  if (length < 12) fail('it is cut off');
  const begin = readBytes(source, start, 12);
  if (!isArray(begin)) fail('it is no NumPy array');
  const view = new DataView(begin.buffer);
  const long = begin[6] > 1;
  const headerBytes = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const headerAt = long ? 12 : 10;
  if (begin[6] > 3) fail(`version ${begin[6]} of the format is not known here`);
  if (headerBytes > longestHeader || headerAt + headerBytes > length) fail('its header is cut off');
  const header = new TextDecoder().decode(readBytes(source, start + headerAt, headerBytes));
  const descr = /'descr'\s*:\s*'([<>|=]?)([a-zA-Z]\d*)'/.exec(header);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header);
  const dims = /'shape'\s*:\s*\(([\d\sL,]*)\)/.exec(header);
  if (!order || !dims) return fail('its header is damaged');
  const shape = [...dims[1].matchAll(/\d+/g)].map(([digits]) => Number(digits));
  const offset = start + headerAt + headerBytes;
  const there = length - headerAt - headerBytes;
  const dtype = descr ? dtypes[descr[2]] : undefined;
  if (dtype === undefined) {
    const unreadable = 'its elements are no plain numbers';
    return {
      name,
      dtype: 'undefined',
      shape,
      bytes: there,
      file: 0,
      offset,
      role: 'other',
      unreadable,
    };
  }
  if (shape.reduce((a, b) => a * b, 1) * (Number(descr![2].slice(1)) || 1) > there)
    fail(`its ${shape.join(' x ')} values are not all there`);
  const column = order[1] === 'True' && shape.length > 1;
  return {
    ...{ name, dtype, shape, file: 0, offset },
    ...(descr![1] === '>' && { bigEndian: true }),
    ...(column && { strides: columnStrides(shape) }),
  };
}

/** In elements, first axis fastest. */
function columnStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((length) => {
    const own = stride;
    stride *= length;
    return own;
  });
}
