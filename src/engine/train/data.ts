/**
 * Data sets from files: .npz (x and y, or the first two arrays), .npy, CSV, and IDX (the MNIST files,
 * gzipped or not) with the labels beside the images; or from a folder of pictures. What a file is follows
 * from its content.
 */
import { basename } from 'node:path';
import { existsSync, statSync } from 'node:fs';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { dataError, type DataArray } from '../../train/dataset/array.ts';
import { parseCsv } from '../../train/dataset/csv.ts';
import { datasetOf, type Dataset } from '../../train/dataset/dataset.ts';
import { gunzipped, isIdx, parseIdx } from '../../train/dataset/idx.ts';
import { isNpy, parseNpy, parseNpz } from '../../train/dataset/npy.ts';
import { openSource, pathsOf, sharedInput } from '../input.ts';
import type { DataInput } from '../protocol-train.ts';
import type { FileInput } from '../protocol-model.ts';
import { loadImages, type Reading } from './image-folder.ts';

/** Larger files do not fit into one typed array with its normalised batches beside it. */
const mostBytes = 2 ** 31;
/** A JavaScript string is not longer. */
const mostText = 2 ** 29 - 32;

/** @throws DeepCompressionError one line that names the file and what is wrong with it */
export async function loadDataset(input: DataInput, reading: Reading): Promise<Dataset> {
  if ('path' in input.file && isFolder(input.file.path))
    return loadImages(input.file.path, reading);
  return loadFile(input);
}

export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // opening it will say what is wrong
  }
}

/** Paths of the files of a data set that has one; of a folder the folder alone. */
export function dataFiles(input: DataInput | undefined): string[] {
  if (!input) return [];
  const labels = input.labels ?? labelsBeside(input.file);
  return [...pathsOf(input.file), ...(labels ? pathsOf(labels) : [])];
}

function loadFile(input: DataInput): Dataset {
  const name = nameOf(input.file);
  const bytes = contentOf(input.file, name);
  const labelled = (): DataArray | undefined => {
    const file = input.labels ?? labelsBeside(input.file);
    return file && readArray(contentOf(file, nameOf(file)), nameOf(file));
  };
  if (isZip(bytes)) {
    const { x, y } = pairOf(parseNpz(bytes, name), name);
    return datasetOf(x, y ?? labelled(), name);
  }
  if (isNpy(bytes) || isIdx(bytes)) return datasetOf(readArray(bytes, name), labelled(), name);
  if (!looksLikeText(bytes))
    throw dataError(
      name,
      'not a data set that can be read (.npz, .npy, IDX, CSV or a folder of images)',
    );
  if (bytes.length > mostText)
    throw new DeepCompressionError(
      'unsupported',
      `${name}: a table larger than 512 MiB: save it as .npz`,
    );
  const { x, y } = parseCsv(new TextDecoder().decode(bytes), name);
  return datasetOf(x, y, name);
}

function readArray(bytes: Uint8Array, name: string): DataArray {
  if (isNpy(bytes)) return parseNpy(bytes, name);
  if (isIdx(bytes)) return parseIdx(bytes, name);
  throw dataError(name, 'labels are read from .npy and IDX files');
}

function contentOf(file: FileInput, name: string): Uint8Array {
  const source = openSource(sharedInput(file));
  try {
    if (source.size === 0) throw dataError(name, 'the file is empty');
    if (source.size > mostBytes)
      throw new DeepCompressionError('unsupported', `${name}: larger than 2 GiB`);
    return gunzipped(readBytes(source, 0, source.size), name);
  } finally {
    source.close();
  }
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

function looksLikeText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 4096).every((b) => b >= 32 || b === 9 || b === 10 || b === 13);
}

function pairOf(
  arrays: ReadonlyMap<string, DataArray>,
  name: string,
): { readonly x: DataArray; readonly y: DataArray | undefined } {
  const named = (...names: string[]): DataArray | undefined => {
    const key = [...arrays.keys()].find((k) => names.includes(k.toLowerCase()));
    return key === undefined ? undefined : arrays.get(key);
  };
  const x = named('x', 'images', 'data', 'inputs') ?? [...arrays.values()][0];
  const y = named('y', 'labels', 'targets') ?? [...arrays.values()].find((a) => a !== x);
  if (!x) throw dataError(name, 'no array x');
  return { x, y };
}

/** MNIST's naming: …images-idx3-ubyte and …labels-idx1-ubyte; or x.npy and y.npy. */
function labelsBeside(file: FileInput): FileInput | undefined {
  if (!('path' in file)) return undefined;
  const folder = file.path.slice(0, file.path.length - basename(file.path).length);
  const own = basename(file.path);
  const candidates = [
    own.replace(/images[-.]idx3/, (m) => `labels${m[6]}idx1`),
    own.replace(/images/, 'labels'),
    own.replace(/^x(?=\.npy$)/, 'y'),
    own.replace(/_x(?=\.npy$)/, '_y'),
  ].filter((candidate) => candidate !== own);
  for (const candidate of candidates.flatMap((c) => [c, `${c}.gz`, c.replace(/\.gz$/, '')]))
    if (existsSync(folder + candidate)) return { path: folder + candidate };
  return undefined;
}

function nameOf(file: FileInput): string {
  return 'path' in file ? file.path : file.label;
}
