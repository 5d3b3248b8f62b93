/**
 * Opening what a job is given: a model or a .dcz, by path or by content. A thread opens the same
 * `SharedInput` again for itself: by path, or over one SharedArrayBuffer that all threads see.
 */
import { host } from '#host';
import { memorySource, type ByteSource } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { formatNames } from '../model/format-names.ts';
import { sharedBuffer } from '../model/shared-buffer.ts';
import { openModel } from '../model/formats.ts';
import type { Model } from '../model/model.ts';
import { isOnnx, type OnnxModel } from '../model/onnx/open.ts';
import { isDcz } from '../container/header.ts';
import { openDcz, type Dcz } from '../container/read.ts';
import { checkClaim, checkShared } from './claim.ts';
import { restoredModel } from './restored.ts';
import type { FileInput } from './protocol-model.ts';

/** What the program around the jobs offers them. */
export interface Runtime {
  /** The bundled worker for threads; undefined: everything is done on the calling thread. */
  readonly workerFile: string | undefined;
  /** Folder of ONNX Runtime's wasm files; undefined: beside the bundle. */
  readonly ortFolder?: string;
  /** The page that reports are written as; undefined: beside the bundle. */
  readonly pageTemplate?: string;
  /**
   * Whether onnxruntime-node may be used, or the folder it lies in: no thread of this process is ever
   * terminated (the command line, a process of its own).
   */
  readonly native?: boolean | string;
}

export type SharedInput =
  | { readonly path: string }
  | { readonly label: string; readonly bytes: Uint8Array<ArrayBufferLike> };

export interface Opened {
  /** As the user named it. */
  readonly path: string;
  /** The file itself. */
  readonly source: ByteSource;
  readonly model: Model;
  /** Paths of every file it is read from: what an output may never replace. */
  readonly files: readonly string[];
  /** Present when the file is a .dcz; `model` is then the one it restores. */
  readonly dcz: Dcz | undefined;
  close(): void;
}

export type OpenedOnnx = Opened & { readonly model: OnnxModel };

/** Copies content into shared memory once, so that every thread can have it. */
export function sharedInput(file: FileInput): SharedInput {
  if ('path' in file) return { path: file.path };
  const bytes = new Uint8Array(sharedBuffer(file.bytes.length));
  bytes.set(file.bytes);
  return { label: file.label, bytes };
}

type Closable = ByteSource & { close(): void };

/** The bytes of one file. @throws DeepCompressionError `not-found`, `io` */
export function openSource(file: SharedInput): Closable {
  if ('path' in file) return host.files.open(file.path);
  return Object.assign(memorySource(file.label, file.bytes), { close() {} });
}

/** @throws DeepCompressionError of any code a file can cause */
export function openInput(file: SharedInput): Opened {
  const opened: Closable[] = [];
  const close = (): void => {
    for (const source of opened.splice(0)) source.close();
  };
  try {
    const source = openSource(file);
    opened.push(source);
    const path = labelOf(file);
    if (source.size === 0)
      throw new DeepCompressionError('invalid-model', `${path}: the file is empty`);
    if (isDcz(source)) {
      const dcz = openDcz(source);
      let model: Model | undefined;
      // A thread that only decodes blocks needs no model, so it is indexed when first asked for.
      return {
        path,
        source,
        dcz,
        files: pathsOf(file),
        close,
        get model() {
          if (!model) checkClaim(path, dcz);
          return (model ??= restoredModel(path, dcz));
        },
      };
    }
    const resolve = 'path' in file ? host.files.external(file.path) : noExternal;
    const model = openModel(path, source, (location) => {
      const external = resolve(location);
      opened.push(external);
      return external;
    });
    checkShared(path, model);
    const files = pathsOf(file).flatMap((own) => [
      own,
      ...model.files.slice(1).map((f) => host.paths.join(host.paths.dirname(own), f.location)),
    ]);
    return { path, source, dcz: undefined, model, files, close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * `openInput` for jobs that run, change or train a graph.
 * @throws DeepCompressionError also `unsupported` for a model of another format
 */
export function openOnnxInput(file: SharedInput): OpenedOnnx {
  const opened = openInput(file);
  try {
    return { ...opened, model: onnxOf(opened) };
  } catch (error) {
    opened.close();
    throw error;
  }
}

/** @throws DeepCompressionError `unsupported` for a model of another format */
export function onnxOf({ path, model, dcz }: Opened): OnnxModel {
  if (isOnnx(model)) return model;
  const what = `${dcz ? 'holds' : 'is'} ${formatNames[model.format].phrase}`;
  throw new DeepCompressionError('unsupported', `${path} ${what}: this takes an ONNX model`);
}

function noExternal(location: string): Closable {
  throw new DeepCompressionError(
    'not-found',
    `external data '${location}' cannot be had: the model was given without its folder`,
  );
}

/** What users call an input. */
export const labelOf = (file: FileInput | SharedInput): string =>
  'path' in file ? file.path : file.label;

/** The path of an input that has one. */
export function pathsOf(file: FileInput | SharedInput): string[] {
  return 'path' in file ? [file.path] : [];
}

/** Paths of every file that a model is read from, for outputs that are made without opening it. */
export function filesOf(file: FileInput): readonly string[] {
  const opened = openInput(sharedInput(file));
  opened.close();
  return opened.files;
}
