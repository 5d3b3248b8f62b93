/**
 * Safetensors: eight bytes of a length, a JSON table of that length, payloads. A model in several files
 * has a JSON index that names the file of each tensor. Source: the format's description
 * (huggingface/safetensors). Limits: tables of up to 32 MB.
 */
import { readBytes, type ByteSource } from '../bytes.ts';
import { bytesFor, type DType } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Format, OpenCompanion } from '../format.ts';
import { asObject, asSizes, longestJson, readJson } from '../json.ts';
import { checkLocation } from '../location.ts';
import type { Model, ModelFile } from '../model.ts';
import { missingFile, plainModel, type PlainTensor } from '../plain/model.ts';

const dtypes: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8e4m3fn',
  F8_E5M2: 'float8e5m2',
  F8_E8M0: 'float8e8m0',
  F4: 'float4e2m1',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
  C64: 'complex64',
};

export const safetensorsFormat: Format = {
  sniff: (head, source) => isIndex(head) || isTable(head, source.size),
  open: (path, source, companion) => {
    const head = readBytes(source, 0, Math.min(source.size, 512));
    return isIndex(head) ? openSharded(path, source, companion) : openOne(path, source);
  },
};

function isTable(head: Uint8Array, size: number): boolean {
  if (head.length < 10) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(4, true) !== 0 || view.getUint32(0, true) + 8 > Math.max(size, longestJson))
    return false;
  return /^\{\s*("|\})/.test(String.fromCharCode(...head.subarray(8)));
}

function isIndex(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head);
  return /^\s*\{/.test(text) && /"weight_map"\s*:\s*\{/.test(text);
}

function openOne(path: string, source: ByteSource): Model {
  const { tensors, producer } = tableOf(path, source, 0);
  return plainModel({
    ...{ path, format: 'safetensors', producer, tensors, kernels: 'outputs first' },
    files: [{ location: '', source }],
  });
}

function openSharded(path: string, source: ByteSource, companion: OpenCompanion): Model {
  const map = asObject(readJson(path, source)['weight_map']);
  const files: ModelFile[] = [{ location: '', source }];
  const missing: string[] = [];
  const tensors: PlainTensor[] = [];
  const named = new Set(Object.values(map ?? {}));
  let producer = '';
  for (const given of named) {
    if (typeof given !== 'string') return fail(path, 'its index names a file that is no text');
    const location = checkLocation(given);
    const file = files.length;
    try {
      const shard = companion(location);
      files.push({ location, source: shard });
      const table = tableOf(location, shard, file);
      ({ producer } = table);
      for (const tensor of table.tensors) if (map?.[tensor.name] === given) tensors.push(tensor);
    } catch (error) {
      if (!(error instanceof DeepCompressionError) || error.code !== 'not-found') throw error;
      files.push({ location, source: missingFile(location, error) });
      missing.push(location);
    }
  }
  return plainModel({
    ...{ path, format: 'safetensors', version: `${named.size} files`, producer, files, missing },
    ...{ tensors, kernels: 'outputs first' },
  });
}

function tableOf(
  path: string,
  source: ByteSource,
  file: number,
): { readonly tensors: PlainTensor[]; readonly producer: string } {
  if (source.size < 8) return fail(path, 'it ends in the middle of its first number');
  const view = new DataView(readBytes(source, 0, 8).buffer);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  const table = readJson(path, source, 8, length);
  const producer = asObject(table['__metadata__'])?.['format'];
  const tensors: PlainTensor[] = [];
  for (const [name, entry] of Object.entries(table)) {
    if (name === '__metadata__') continue;
    const fields = asObject(entry);
    const shape = asSizes(fields?.['shape']);
    const [begin, end] = asSizes(fields?.['data_offsets']) ?? [];
    const type = typeof fields?.['dtype'] === 'string' ? fields['dtype'] : '';
    if (!shape || begin === undefined || end === undefined || end < begin)
      return fail(path, `the entry of tensor ${name} is damaged`);
    const dtype = dtypes[type] ?? 'undefined';
    const tensor = { name, dtype, shape, file, offset: 8 + length + begin };
    const bytes = end - begin;
    if (dtype === 'undefined')
      tensors.push({ ...tensor, bytes, unreadable: `its type ${type} is not known here` });
    else tensors.push({ ...tensor, ...claimed(path, tensor, bytes) });
  }
  tensors.sort((a, b) => a.offset - b.offset);
  return { tensors, producer: typeof producer === 'string' ? producer : '' };
}

/** The bytes that an entry claims must be those that its type and shape take. */
function claimed(
  path: string,
  { name, dtype, shape }: { name: string; dtype: DType; shape: readonly number[] },
  bytes: number,
): { bytes?: number } {
  const values = shape.reduce((a, b) => a * b, 1);
  const needed = bytesFor(dtype, values);
  if (needed !== bytes)
    fail(path, `tensor ${name} has ${bytes} bytes, but ${dtype} [${shape.join()}] takes ${needed}`);
  return {};
}

function fail(path: string, why: string): never {
  throw new DeepCompressionError('invalid-model', `${path}: ${why}`);
}
