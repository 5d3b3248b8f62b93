/**
 * A model of a format whose tensors are plain ranges of its files: what such a reader has found becomes
 * a `Model` here. Ranges are checked, roles follow from names and shapes where the reader knows none.
 */
import type { ByteSource } from '../bytes.ts';
import { bytesFor, type DType } from '../dtype.ts';
import { DeepCompressionError } from '../errors.ts';
import type { FormatId } from '../format-names.ts';
import type { ModelGraph } from '../graph.ts';
import { mostTensors } from '../model.ts';
import type { Geometry, Model, ModelFile, Quantization, Role, Seal, Tensor } from '../model.ts';
import { PlainWriter } from './layout.ts';
import { guessUse, type Kernels } from './roles.ts';
import { PlainReader } from './values.ts';

/** Where and how the values of a tensor lie. */
export interface PlainPayload {
  /** Index into `Model.files`. */
  readonly file: number;
  /** Byte of the file at which the first value begins. */
  readonly offset: number;
  /** What `offset` counts in, where the payload lies in several files. */
  readonly source?: ByteSource;
  /** Highest byte first. */
  readonly bigEndian?: boolean;
  /** What stored integers stand for: scale times integer plus min. */
  readonly affine?: { readonly scale: number; readonly min: number };
  /** In elements, where values do not lie densely in the order of the shape. */
  readonly strides?: readonly number[];
  /** Why the payload may not be replaced. */
  readonly obstacle?: string;
  /** Why no value can be read. */
  readonly unreadable?: string;
}

export interface PlainTensor extends PlainPayload {
  readonly name: string;
  /** Where the format keeps it; the name when absent. */
  readonly path?: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes in the file where they do not follow from type and shape (packed, strided, sparse). */
  readonly bytes?: number;
  readonly role?: Role;
  readonly op?: string;
  readonly geometry?: Geometry;
  readonly quantization?: Quantization;
}

export interface PlainModel {
  readonly path: string;
  readonly format: FormatId;
  readonly version?: string;
  readonly producer?: string;
  readonly graph?: ModelGraph;
  readonly files: readonly ModelFile[];
  /** Locations of files that are named and not there. */
  readonly missing?: readonly string[];
  readonly tensors: readonly PlainTensor[];
  readonly notes?: readonly string[];
  readonly seals?: readonly Seal[];
  /** How kernels lie in memory, for roles from names and shapes. */
  readonly kernels: Kernels;
}

const deepestShape = 64;

/** @throws DeepCompressionError `invalid-model` for more tensors than are read */
export function checkCount(path: string, tensors: number): void {
  if (tensors > mostTensors)
    throw new DeepCompressionError('invalid-model', `${path}: more than ${mostTensors} tensors`);
}

/** @throws DeepCompressionError `invalid-model` for a payload that is not wholly inside its file */
export function plainModel(found: PlainModel): Model {
  const { path, format, files, kernels, missing = [] } = found;
  const fail = (line: string): never => {
    throw new DeepCompressionError('invalid-model', `${path}: ${line}`);
  };
  checkCount(path, found.tensors.length);
  const payloads: PlainPayload[] = [];
  const notes = [...(found.notes ?? []), ...missing.map((location) => `${location} is missing`)];
  const tensors = found.tensors.map((t, id): Tensor => {
    const { name, dtype, shape, file, offset } = t;
    if (shape.length > deepestShape) fail(`tensor ${name} has ${shape.length} dimensions`);
    if (!shape.every((d) => Number.isSafeInteger(d) && d >= 0))
      fail(`tensor ${name} has the shape [${shape.join()}]`);
    const parameters = shape.reduce((a, b) => a * b, 1);
    if (!Number.isSafeInteger(parameters))
      fail(`tensor ${name} has more values than a file can hold`);
    const bytes = t.bytes ?? bytesFor(dtype, parameters);
    const { size } = t.source ?? files[file].source;
    const absent = missing.includes(files[file].location);
    if (!absent && !(offset >= 0 && offset + bytes <= size))
      fail(`tensor ${name} lies at bytes ${offset} to ${offset + bytes} of a file of ${size}`);
    payloads.push(absent ? { ...t, unreadable: `its file ${files[file].location} is missing` } : t);
    const use =
      t.role === undefined
        ? guessUse(name, dtype, shape, kernels)
        : { role: t.role, ...(t.geometry && { geometry: t.geometry }) };
    return {
      ...{ id, name, path: t.path ?? name, dtype, shape, parameters, bytes, ...use },
      ...{ storage: 'plain', op: t.op ?? '', sparse: false, file },
      ...(t.quantization && { quantization: t.quantization }),
    };
  });
  return {
    ...{ path, format, files, tensors, notes },
    version: found.version ?? '',
    producer: found.producer ?? '',
    ...(found.graph && { graph: found.graph }),
    reader: new PlainReader(payloads, files),
    writer: new PlainWriter(tensors, payloads, files, missing, found.seals ?? []),
  };
}

/** A file that is named and not there: reading it says so. */
export function missingFile(location: string, cause: DeepCompressionError): ByteSource {
  return {
    name: location,
    size: 0,
    readInto() {
      throw new DeepCompressionError('not-found', cause.message, { cause });
    },
  };
}
