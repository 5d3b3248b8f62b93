/**
 * Opens an ONNX model: indexes the file, finds its external data, and says what every tensor is for.
 * No payload is read. Limits: one file of up to 2^53 bytes; graphs nested up to 40 deep.
 */
import type { ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Format } from '../format.ts';
import { checkLocation } from '../location.ts';
import type { Model, ModelFile, Tensor } from '../model.ts';
import type { GraphFunction, ModelGraph } from '../graph.ts';
import { OnnxWriter } from './layout.ts';
import { parseModel } from './parse-model.ts';
import { OnnxReader } from './read-values.ts';
import type { TensorRecord } from './record.ts';
import { findUses } from './roles.ts';

/** A model with its graph, for rooms that need more than tensors. */
export interface OnnxModel extends Model {
  readonly format: 'onnx';
  readonly irVersion: number;
  /** e.g. { 'ai.onnx': 17 } */
  readonly opsets: Readonly<Record<string, number>>;
  readonly graph: ModelGraph;
  readonly functions: readonly GraphFunction[];
  /** Initialization and algorithm graphs of training_info. */
  readonly training: readonly ModelGraph[];
}

/**
 * @param path what to call the model
 * @param source the model file
 * @param resolve opens external data by its location; a `not-found` error becomes a note, and reading
 * such a tensor later throws it
 * @throws DeepCompressionError `invalid-model` (one line, with the byte where the trouble is)
 */
export function openOnnx(
  path: string,
  source: ByteSource,
  resolve: (location: string) => ByteSource,
): OnnxModel {
  const parsed = parseModel(source);
  const records = parsed.tensors;
  const { files, missing, notes } = openExternal(records, source, resolve);
  const uses = findUses(parsed);
  const tensors = records.map((record): Tensor => {
    const use = uses[record.id];
    return {
      id: record.id,
      name: record.name || record.path,
      path: record.path,
      dtype: record.dtype,
      shape: record.shape,
      parameters: record.parameters,
      storage: record.storage,
      bytes: record.bytes,
      role: use.role,
      op: use.op,
      ...(use.geometry !== undefined && { geometry: use.geometry }),
      sparse: record.sparse !== undefined,
      file: record.file,
    };
  });
  return {
    path,
    format: 'onnx',
    version: versionText(parsed.irVersion, parsed.opsets),
    irVersion: parsed.irVersion,
    opsets: Object.fromEntries(parsed.opsets),
    producer: parsed.producer,
    files,
    tensors,
    notes,
    reader: new OnnxReader(records, files),
    writer: new OnnxWriter(records, files, missing),
    graph: parsed.graph,
    functions: parsed.functions,
    training: parsed.training,
  };
}

/** ONNX has no mark: a file is one when it opens. */
export const onnxFormat: Format = { sniff: () => false, open: openOnnx };

export function isOnnx(model: Model): model is OnnxModel {
  return model.format === 'onnx';
}

function versionText(irVersion: number, opsets: ReadonlyMap<string, number>): string {
  return [`IR ${irVersion}`, ...[...opsets].map(([domain, v]) => `${domain} ${v}`)].join(', ');
}

function openExternal(
  records: readonly TensorRecord[],
  source: ByteSource,
  resolve: (location: string) => ByteSource,
): { files: ModelFile[]; missing: Map<string, string>; notes: string[] } {
  const files: ModelFile[] = [{ location: '', source }];
  const missing = new Map<string, string>();
  const notes: string[] = [];
  const known = new Map<string, number>();
  /** Files that end before a tensor does, and where the last of these ends. */
  const short = new Map<number, number>();
  for (const record of records) {
    if (record.external === undefined) continue;
    const location = checkLocation(record.external.location);
    let file = known.get(location);
    if (file === undefined) {
      file = files.length;
      known.set(location, file);
      try {
        files.push({ location, source: resolve(location) });
      } catch (error) {
        if (!(error instanceof DeepCompressionError) || error.code !== 'not-found') throw error;
        files.push({ location, source: missingSource(location, error) });
        missing.set(location, 'is missing');
        notes.push(`external data ${location} is missing`);
      }
    }
    record.file = file;
    const { size } = files[file].source;
    const end = record.external.offset + record.bytes;
    if (end > size && !missing.has(location)) short.set(file, Math.max(end, short.get(file) ?? 0));
  }
  for (const [file, end] of short) {
    const { location, source: part } = files[file];
    const short = `is too short: ${part.size} bytes of at least ${end} are here`;
    notes.push(`external data ${location} ${short}`);
    missing.set(location, short);
  }
  return { files, missing, notes };
}

function missingSource(location: string, error: DeepCompressionError): ByteSource {
  return {
    name: location,
    size: 0,
    readInto() {
      throw new DeepCompressionError('not-found', error.message, { cause: error });
    },
  };
}
