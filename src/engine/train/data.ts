/**
 * Data sets from files: .npz, .npy, tables of text, and IDX (the MNIST files, gzipped or not) with the
 * labels beside the images; or from a folder of pictures. What a file is follows from its content; what
 * of it was taken for samples and labels is part of the answer.
 */
import { host } from '#host';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { archive, arrays as npzName, insteadOf, recognised } from '../../model/recognise.ts';
import { dataError, type DataArray } from '../../train/dataset/array.ts';
import { parseCsv } from '../../train/dataset/csv.ts';
import { datasetOf, type Dataset } from '../../train/dataset/dataset.ts';
import { gunzipped, isIdx, parseIdx } from '../../train/dataset/idx.ts';
import type { TextArray } from '../../train/dataset/labels.ts';
import { isNpy, parseNpy, parseNpyOrText } from '../../train/dataset/npy.ts';
import { chooseArrays, openNpz, type Npz } from '../../train/dataset/npz.ts';
import { listed, takenOf, type Source, type Taken } from '../../train/dataset/taken.ts';
import { decodedText, isText, labelLines } from '../../train/dataset/text.ts';
import { fitsInput } from '../../train/methods/samples.ts';
import { labelOf, openSource, pathsOf, sharedInput } from '../input.ts';
import type { DataInput } from '../protocol-train.ts';
import type { FileInput } from '../protocol-model.ts';
import { loadImages, picturesOf } from './image-folder.ts';
import { labelsFile } from './labels-file.ts';
import type { Reading } from './reading.ts';

/** Larger files do not fit into one typed array with its normalised batches beside it. */
const mostBytes = 2 ** 31;
/** Arrays whose names say nothing: of so many at most it is tried which one fits the model. */
const mostTried = 8;

export interface LoadedData {
  readonly data: Dataset;
  readonly taken: Taken;
}

interface Arrays {
  readonly x: DataArray;
  readonly y: DataArray | TextArray | undefined;
  /** For inputs of the model beside the first, by name. */
  readonly others?: ReadonlyMap<string, DataArray>;
  /** Names of the classes, where labels are columns of one each. */
  readonly columns?: readonly string[];
  readonly source: Source;
}

/** @throws DeepCompressionError one line that names the file and what is wrong with it, or what to answer */
export async function loadDataset(input: DataInput, reading: Reading): Promise<LoadedData> {
  const name = labelOf(input.file);
  const labels = labelsFile(input);
  if ('path' in input.file && host.files.isFolder(input.file.path)) {
    const { data, source } = await loadImages(
      input.file.path,
      reading,
      labels && readLabels(labels),
    );
    return { data, taken: takenOf(data, source) };
  }
  const read = readFile(input, name, labels, reading);
  const y = labels ? readLabels(labels) : read.y;
  const source = labels
    ? { ...read.source, labels: host.paths.basename(labelOf(labels)) }
    : read.source;
  const data = {
    ...datasetOf(read.x, y, name, labels ? [] : read.columns),
    ...otherInputs(read, name),
  };
  return { data, taken: takenOf(data, source) };
}

function otherInputs({ others, x }: Arrays, name: string): Pick<Dataset, 'others'> {
  for (const [input, { shape }] of others ?? [])
    if (shape[0] !== x.shape[0])
      throw dataError(name, `${x.shape[0]} samples but ${shape[0] ?? 0} of ${input}`);
  return others ? { others } : {};
}

/** Paths of the files of a data set that has one; of a folder those of its pictures. */
export function dataFiles(input: DataInput | undefined): string[] {
  if (!input) return [];
  const labels = labelsFile(input);
  const samples = pathsOf(input.file).flatMap((path) =>
    host.files.isFolder(path) ? picturesOf(path) : path,
  );
  return [...samples, ...(labels ? pathsOf(labels) : [])];
}

function readFile(
  input: DataInput,
  name: string,
  labels: FileInput | undefined,
  reading: Reading,
): Arrays {
  const bytes = contentOf(input.file, name);
  try {
    return arraysIn(bytes, input, name, labels !== undefined, reading);
  } catch (error) {
    const wanted = 'a data set (.npz, .npy, IDX, CSV or a folder of images)';
    throw wrongFile(error, bytes, name, wanted);
  }
}

/** What can be read says itself what is wrong in it. */
function wrongFile(error: unknown, bytes: Uint8Array, name: string, wanted: string): unknown {
  return isNpy(bytes) || isIdx(bytes)
    ? error
    : insteadOf(error, name, wanted, bytes, npzName, archive);
}

function arraysIn(
  bytes: Uint8Array,
  input: DataInput,
  name: string,
  labelled: boolean,
  reading: Reading,
): Arrays {
  if (isZip(bytes)) return fromNpz(openNpz(bytes, name), input, name, reading);
  const several = reading.inputs.length;
  if (several > 1)
    throw dataError(
      name,
      `the model has ${several} inputs (${listed(reading.inputs.map((i) => i.name))}): give an .npz with an array for each, of its name`,
    );
  const y = undefined;
  if (isNpy(bytes))
    return { y, x: parseNpy(bytes, name), source: { samples: 'its array', labels: null } };
  if (isIdx(bytes))
    return { y, x: parseIdx(bytes, name), source: { samples: 'its images', labels: null } };
  if (!isText(bytes))
    throw dataError(
      name,
      'not a data set that can be read (.npz, .npy, IDX, CSV or a folder of images)',
    );
  const [value] = reading.inputs;
  const dims = value?.shape.slice(1);
  const size = dims?.every((d) => typeof d === 'number' && d > 0)
    ? (dims as number[]).reduce((a, b) => a * b, 1)
    : undefined;
  return parseCsv(decodedText(bytes, name), name, {
    ...{ size, label: input.label, header: input.header },
    unlabelled: labelled,
  });
}

/** Arrays by their names; where these say nothing, the one array that fits the model and the one beside it. */
function fromNpz(npz: Npz, { split }: DataInput, name: string, reading: Reading): Arrays {
  const { names } = npz;
  const { inputs, prefer } = reading;
  const own = inputs.map((input) => input.name);
  const found = (
    x: string,
    y: string | undefined,
    more: Partial<Source>,
  ): Omit<Arrays, 'others'> => ({
    x: npz.array(x),
    y: y === undefined ? undefined : npz.arrayOrText(y),
    source: {
      samples: `array ${x}`,
      labels: y === undefined ? null : `array ${y}`,
      unused: names.filter((n) => n !== x && n !== y && !own.includes(n)).map((n) => `array ${n}`),
      ...more,
    },
  });
  if (inputs.length > 1) {
    const missing = own.filter((n) => !names.includes(n));
    if (missing.length > 0)
      throw dataError(
        name,
        `no array for the model's input ${listed(missing)}: it holds ${listed(names)}`,
      );
    const rest = names.filter((n) => !own.includes(n));
    // labels alone are looked for among what is left
    const labels = chooseArrays([own[0]!, ...rest], [own[0]!], prefer, name, split)?.labels;
    const others = new Map(own.slice(1).map((n) => [n, npz.array(n)]));
    return { ...found(own[0]!, labels, { samples: `arrays ${listed(own)}` }), others };
  }
  const chosen = chooseArrays(names, own, prefer, name, split);
  if (chosen) {
    const { samples, labels, split: taken } = chosen;
    const only = names.filter((n) => n !== samples);
    // one array beside the samples, whose name is unusual
    const y = labels ?? (only.length === 1 && taken === null ? only[0] : undefined);
    return found(samples, y, { split: taken });
  }
  const [value] = inputs;
  const arrays =
    names.length <= mostTried ? names.map((n) => [n, npz.arrayOrText(n)] as const) : [];
  const fitting = arrays.filter(
    ([, a]) => value && 'data' in a && fitsInput(value, a.shape.slice(1)),
  );
  const rows = fitting[0]?.[1].shape[0];
  const beside = arrays.filter(([n, a]) => n !== fitting[0]?.[0] && a.shape[0] === rows);
  if (fitting.length !== 1 || beside.length > 1)
    throw dataError(
      name,
      `which of ${listed(names)} are samples and labels is not clear: name them x and y`,
    );
  return found(fitting[0]![0], beside[0]?.[0], {});
}

/** Of a file of their own: .npy, IDX, or a table of one column. */
function readLabels(file: FileInput): DataArray | TextArray {
  const name = labelOf(file);
  const bytes = contentOf(file, name);
  try {
    return labelsIn(bytes, name);
  } catch (error) {
    throw wrongFile(error, bytes, name, 'a file of labels');
  }
}

function labelsIn(bytes: Uint8Array, name: string): DataArray | TextArray {
  if (isNpy(bytes)) return parseNpyOrText(bytes, name);
  if (isIdx(bytes)) return parseIdx(bytes, name);
  if (isZip(bytes)) {
    const npz = openNpz(bytes, name);
    if (npz.names.length === 1) return npz.arrayOrText(npz.names[0]!);
    throw dataError(name, `labels are one array, it holds ${listed(npz.names)}`);
  }
  // any text is labels a line, that of a git-LFS pointer too
  if (!isText(bytes) || recognised(bytes) !== undefined)
    throw dataError(name, 'labels are read from .npy, IDX and text files');
  return labelLines(decodedText(bytes, name), name);
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
