/**
 * PyTorch files: the ZIP archive of torch.save since 1.6 (state_dicts, checkpoints, TorchScript) and the
 * pickles one after another of before. A pickle is read as data; nothing in it is executed. Source:
 * torch/serialization.py. Limits: tensors that are packed inside the pickle itself are not found.
 */
import { readBytes, type ByteSource } from '../bytes.ts';
import { bytesFor } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Format } from '../format.ts';
import type { Model } from '../model.ts';
import { plainModel, type PlainTensor } from '../plain/model.ts';
import { isZip, sealsOf, zipEntries, type ZipEntry } from '../zip/entries.ts';
import { readPickle, type Value } from './pickle.ts';
import { findTensors, isDense, spanOf, widthOf, type FoundTensor } from './tensors.ts';

/** The number that a file of before 1.6 begins with, as a pickle. */
const legacyMagic = 0x1950a86a20f9469cfc6cn;
const legacyStart = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const mostStorages = 1 << 20;

export const pytorchFormat: Format = {
  sniff: (head, source) => isLegacy(head) || (isZip(head) && holdsPickle(head, source)),
  open: (path, source) =>
    isLegacy(readBytes(source, 0, Math.min(source.size, legacyStart.length)))
      ? openLegacy(path, source)
      : openArchive(path, source),
};

function isLegacy(head: Uint8Array): boolean {
  return legacyStart.every((byte, i) => head[i] === byte);
}

function holdsPickle(head: Uint8Array, source: ByteSource): boolean {
  if (/\/(data\.pkl|version|byteorder|constants\.pkl|code\/)/.test(String.fromCharCode(...head)))
    return true;
  try {
    return zipEntries('', source).some(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  } catch (error) {
    if (error instanceof DeepCompressionError) return false;
    throw error;
  }
}

/** Where a storage lies: the bytes of it that are there. */
interface Storage {
  readonly offset: number;
  readonly bytes: number;
  readonly obstacle?: string;
}

function openArchive(path: string, source: ByteSource): Model {
  const entries = zipEntries(path, source);
  const pickle = entries.find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) return fail(path, 'it holds no data.pkl');
  if (!pickle.stored) return fail(path, 'its data.pkl is packed');
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const bigEndian = textOf(source, byName.get(`${folder}byteorder`)) === 'big';
  const version = textOf(
    source,
    byName.get(`${folder}version`) ?? byName.get(`${folder}.data/version`),
  );
  const { value } = readPickle(path, source, pickle.offset, pickle.offset + pickle.bytes);
  return modelOf(path, source, value, {
    version: version === '' ? '' : `archive ${version}`,
    bigEndian,
    entries,
    storageOf: (key) => {
      const entry = byName.get(`${folder}data/${key}`);
      return (
        entry && (entry.stored ? entry : { ...entry, obstacle: 'it is packed in the archive' })
      );
    },
  });
}

function openLegacy(path: string, source: ByteSource): Model {
  let at = 0;
  const next = (): Value => {
    const { value, end } = readPickle(path, source, at);
    at = end;
    return value;
  };
  if (next() !== legacyMagic) return fail(path, 'it begins as no file of PyTorch');
  next(); // protocol
  const system = next();
  const root = next();
  const keys = next();
  if (!Array.isArray(keys) || keys.length > mostStorages)
    return fail(path, 'its list of storages is damaged');
  const widths = new Map(findTensors(path, root).tensors.map((t) => [t.storage, widthOf(t)]));
  const storages = new Map<string, Storage>();
  for (const key of keys) {
    const name = String(key as string);
    if (at + 8 > source.size) return fail(path, 'it ends before its storages');
    const view = new DataView(readBytes(source, at, 8).buffer);
    const bytes =
      (view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true)) * (widths.get(name) ?? 0);
    if (!widths.get(name)) return fail(path, `the type of its storage ${name} is not known here`);
    storages.set(name, { offset: at + 8, bytes });
    at += 8 + bytes;
  }
  const little = system instanceof Map ? system.get('little_endian') : true;
  return modelOf(path, source, root, {
    ...{ version: 'pickle', bigEndian: little === false, entries: [] },
    storageOf: (key) => storages.get(key),
  });
}

interface Archive {
  readonly version: string;
  readonly bigEndian: boolean;
  readonly entries: readonly ZipEntry[];
  readonly storageOf: (key: string) => Storage | undefined;
}

function modelOf(
  path: string,
  source: ByteSource,
  root: Value,
  { version, bigEndian, entries, storageOf }: Archive,
): Model {
  const { tensors: found, calls } = findTensors(path, root);
  const tensors = found.map((tensor) => plainTensor(path, tensor, storageOf, bigEndian));
  const notes =
    calls.length === 0 ? [] : [`nothing in it was executed; it would call ${calls.join(', ')}`];
  return plainModel({
    ...{ path, format: 'pytorch', version, tensors, notes, kernels: 'outputs first' },
    ...{ files: [{ location: '', source }], seals: sealsOf(entries) },
  });
}

function plainTensor(
  path: string,
  tensor: FoundTensor,
  storageOf: (key: string) => Storage | undefined,
  bigEndian: boolean,
): PlainTensor {
  const { name, dtype, shape, strides, storage: key } = tensor;
  const width = widthOf(tensor);
  const storage = storageOf(key);
  if (!storage) return fail(path, `the storage ${key} of tensor ${name} is not there`);
  const offset = tensor.offset * width;
  const bytes = spanOf(tensor) * width;
  if (storage.obstacle !== undefined || width === 0) {
    const unreadable = storage.obstacle ?? 'its type is not known here';
    return {
      name,
      dtype: 'undefined',
      shape,
      bytes: 0,
      file: 0,
      offset: 0,
      role: 'other',
      unreadable,
    };
  }
  if (offset + bytes > storage.bytes)
    return fail(path, `tensor ${name} reaches beyond its storage ${key}`);
  const dense = isDense(tensor);
  return {
    ...{ name, dtype, shape, file: 0, offset: storage.offset + offset },
    bytes: dense
      ? bytesFor(
          dtype,
          shape.reduce((a, b) => a * b, 1),
        )
      : bytes,
    ...(!dense && { strides }),
    ...(bigEndian && width > 1 && { bigEndian }),
  };
}

function textOf(source: ByteSource, entry: ZipEntry | undefined): string {
  if (!entry?.stored || entry.bytes > 64) return '';
  return new TextDecoder().decode(readBytes(source, entry.offset, entry.bytes)).trim();
}

function fail(path: string, why: string): never {
  throw new DeepCompressionError('invalid-model', `${path}: ${why}`);
}
