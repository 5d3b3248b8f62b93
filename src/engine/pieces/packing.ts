/**
 * A job's input as another machine can have it: in the place of every file that it names stand the hashes
 * of what this consists of, found by the declaration of the job, so that none can be forgotten. Unpacked it
 * names files below one folder, and nothing else: a path that somebody wrote into it is refused.
 */
import { host } from '#host';
import { piecesOf } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { checkRestorable } from '../../model/location.ts';
import { declaredJobs } from '../jobs/all.ts';
import type { AnyPieces, JobDeclaration } from '../jobs/define.ts';
import { pathsOfModel } from '../jobs/files.ts';
import { dataInput, fileInput, outputPath } from '../jobs/inputs.ts';
import type { JobName } from '../protocol.ts';
import type { FileInput } from '../protocol-model.ts';
import type { DataInput } from '../protocol-train.ts';
import {
  type AnyShape,
  filledText,
  integerFrom,
  isRecord,
  listOf,
  record,
  replacedIn,
  Rules,
} from '../shape.ts';
import { dataFiles } from '../train/data.ts';
import { labelsFile } from '../train/labels-file.ts';
import { checkInput } from '../validate.ts';

/** One file of what a `FileInput` names: a model's own, its external data, a picture of a folder. */
export interface Part {
  /** Where it lies below the folder that it is unpacked to. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** In the place of a `FileInput`. */
interface Sent {
  /** Its path as whoever asked wrote it, and the name it has. */
  readonly path: string;
  readonly sent: string;
  readonly parts: readonly Part[];
}

export interface Packed {
  /** Plain JSON. */
  readonly input: object;
  /** Where the parts are, by hash. */
  readonly files: ReadonlyMap<string, string>;
}

/** Hashes of files that were read before, by path: most inputs of a run name the same. */
export type Hashed = Map<string, Omit<Part, 'name'>>;

/** The declaration of a job that other machines may do. @throws DeepCompressionError for any other */
export function distributable(job: string): {
  readonly input: AnyShape;
  readonly pieces: AnyPieces;
} {
  if (Object.hasOwn(declaredJobs, job)) {
    const {
      input,
      pieces,
    }: Pick<JobDeclaration<never, unknown>, 'input' | 'pieces'> = declaredJobs[job as JobName];
    if (pieces) return { input, pieces };
  }
  throw refused(`'${job}' is no job that other machines do`);
}

/** @throws DeepCompressionError `not-found`, `io` where a file cannot be read */
export function pack(job: JobName, input: object, hashed: Hashed = new Map()): Packed {
  const files = new Map<string, string>();
  const part = (path: string, name: string): Part => {
    const known = hashed.get(path) ?? hashOf(path);
    hashed.set(path, known);
    files.set(known.sha256, path);
    return { name, ...known };
  };
  const send = (file: FileInput, paths: (path: string) => readonly string[]): Sent => {
    if (!('path' in file)) throw refused('other machines take files from a disk alone');
    const folder = host.paths.dirname(host.paths.resolve(file.path));
    const parts = paths(file.path).map((path) =>
      part(
        path,
        host.paths.resolve(path).slice(folder.length).replaceAll('\\', '/').replace(/^\//, ''),
      ),
    );
    return { path: file.path, sent: host.paths.basename(host.paths.resolve(file.path)), parts };
  };
  const sendData = (data: DataInput): object => {
    const labels = labelsFile(data);
    return {
      ...data,
      file: send(data.file, () => dataFiles({ ...data, labels: emptyLabels })),
      ...(labels && { labels: send(labels, (path) => [path]) }),
    };
  };
  const rules = new Rules()
    .with(fileInput, (file) => send(file, (path) => pathsOfModel({ path })))
    .with(dataInput, sendData)
    .with(outputPath, (path) => host.paths.basename(path));
  return { input: replacedIn(declaredJobs[job].input, input, rules), files };
}

/** Labels that have no path of their own, so that only the samples' files are told. */
const emptyLabels = { label: '', bytes: new Uint8Array() };

export interface Unpacked {
  readonly input: object;
  /** Every part and the path that the input expects it at. */
  readonly parts: readonly (Part & { readonly path: string })[];
  /** What stands for the paths of the folder where people read them. */
  readonly names: ReadonlyMap<string, string>;
}

/**
 * @param folder that all files are below: `in/` what is read, `out/` what is written
 * @throws DeepCompressionError for whatever `pack` does not make
 */
export function unpack(job: string, packed: unknown, folder: string): Unpacked {
  const declared = distributable(job);
  const parts: Unpacked['parts'][number][] = [];
  const paths = new Set<string>();
  let count = 0;
  const names = new Map<string, string>();
  const place = ({ path: asked, sent, parts: own }: Sent): FileInput => {
    const below = host.paths.join(folder, 'in', String(count++));
    const path = host.paths.join(below, checkRestorable(sent));
    for (const part of own)
      parts.push({ ...part, path: host.paths.join(below, checkRestorable(part.name)) });
    paths.add(path);
    names.set(path, asked);
    return { path };
  };
  const filled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(filled);
    if (!isRecord(value)) return value;
    if (isSent(value)) return place(value);
    return Object.fromEntries(Object.entries(value).map(([key, own]) => [key, filled(own)]));
  };
  const input = filled(packed);
  checkInput(job as JobName, input);
  const checked = (file: FileInput): FileInput => {
    if ('path' in file && paths.has(file.path)) return file;
    throw refused(`${job}: it names a file that was not sent with it`);
  };
  const rules = new Rules()
    .with(fileInput, checked)
    .with(outputPath, (name) => host.paths.join(folder, 'out', checkRestorable(name)));
  const checkedInput = replacedIn(declared.input, input as object, rules);
  names.set(`${host.paths.join(folder, 'in')}/`, '');
  names.set(`${host.paths.join(folder, 'out')}/`, '');
  return { input: checkedInput, parts, names };
}

const partShape = record<Part>({ name: filledText, sha256: isHash, bytes: integerFrom(0) });
const isSent = record<Sent>({ path: filledText, sent: filledText, parts: listOf(partShape) });

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function hashOf(path: string): Omit<Part, 'name'> {
  const file = host.files.open(path);
  try {
    return { sha256: host.sha256(piecesOf(file)), bytes: file.size };
  } finally {
    file.close();
  }
}

function refused(why: string): DeepCompressionError {
  return new DeepCompressionError('invalid-input', why);
}
