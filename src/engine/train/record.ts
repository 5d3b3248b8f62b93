/**
 * The training record of a .dcz: NAME.training.json beside NAME.dcz, so that a report can show accuracy
 * and curves without the container growing. It states length and checksum of the .dcz it speaks of; the
 * record of any other file is never shown. media/training.schema.json is its definition.
 */
import { host } from '#host';
import { Ajv, type ValidateFunction } from 'ajv';
import schema from '../../../media/training.schema.json';
import { piecesOf, readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OutputRule } from '../../platform/port.ts';
import { recordFormat, recordKind } from '../output-kinds.ts';
import type { TrainingRecord } from '../protocol-accuracy.ts';

interface RecordFile extends TrainingRecord {
  readonly format: string;
  readonly version: number;
  readonly dcz: { readonly bytes: number; readonly sha256: string };
}

export interface FoundRecord {
  readonly record: TrainingRecord | undefined;
  /** Why a record that is there is not shown. */
  readonly notes: readonly string[];
}

/** A record is kept beside the .dcz it is of, whoever asks for it: it is replaced like a part of it. */
const recordRule: OutputRule = { kind: recordKind, overwrite: true, inputs: [] };
const mostBytes = 64 * 2 ** 20;
let compiled: ValidateFunction<RecordFile> | undefined;
/** Compiled with the first record that is read: it would be a part of every start of the worker. */
const validator = (): ValidateFunction<RecordFile> =>
  (compiled ??= new Ajv({ strict: true, allowUnionTypes: true }).compile<RecordFile>(schema));

/** @param dcz path of the .dcz */
export function recordPath(dcz: string): string {
  return `${dcz.replace(/\.dcz$/i, '')}.training.json`;
}

/** The record of a .dcz, when there is one and it is of this very file. Never throws for a bad record. */
export function readRecord(dcz: string): FoundRecord {
  const path = recordPath(dcz);
  if (!host.files.exists(path)) return { record: undefined, notes: [] };
  const name = host.paths.basename(path);
  try {
    const file = parsed(path);
    if (!file) return hidden(`${name} is no training record that can be read, so it is not shown`);
    if (!isOf(file, dcz))
      return hidden(`${name} is of an earlier ${host.paths.basename(dcz)}, so it is not shown`);
    const { retraining, sensitivity } = file;
    return {
      record: { ...(retraining && { retraining }), ...(sensitivity && { sensitivity }) },
      notes: [],
    };
  } catch (error) {
    if (!(error instanceof DeepCompressionError)) throw error;
    return hidden(error.message);
  }
}

/**
 * Puts what has been found out into the record of a .dcz, beside what is there about this very file.
 * @returns the record's path
 */
export async function writeRecord(dcz: string, found: TrainingRecord): Promise<string> {
  const path = recordPath(dcz);
  const { record } = readRecord(dcz);
  const file: RecordFile = {
    format: recordFormat,
    version: 1,
    dcz: identity(dcz),
    ...record,
    ...found,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(file, null, 2)}\n`);
  await host.files.write(path, recordRule, (sink) => sink.write(bytes));
  return path;
}

/** @throws DeepCompressionError `invalid-input` when another kind of file has the record's name */
export function checkRecordPath(dcz: string): void {
  host.files.place(recordPath(dcz), recordRule);
}

/** undefined: not a record of this version. */
function parsed(path: string): RecordFile | undefined {
  const value = jsonIn(path);
  return validator()(value) ? value : undefined;
}

function jsonIn(path: string): unknown {
  const file = host.files.open(path);
  try {
    if (file.size > mostBytes) return undefined;
    return JSON.parse(new TextDecoder().decode(readBytes(file, 0, file.size)));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  } finally {
    file.close();
  }
}

function isOf({ dcz: of }: RecordFile, dcz: string): boolean {
  const file = host.files.open(dcz);
  file.close();
  return file.size === of.bytes && identity(dcz).sha256 === of.sha256;
}

function identity(path: string): RecordFile['dcz'] {
  const file = host.files.open(path);
  try {
    return { bytes: file.size, sha256: host.sha256(piecesOf(file)) };
  } finally {
    file.close();
  }
}

function hidden(note: string): FoundRecord {
  return { record: undefined, notes: [note] };
}
