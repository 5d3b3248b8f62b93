/**
 * Files of a worker that has no disk: those it was given before a job began, and those that jobs write,
 * which are handed out whole when they are done. Whoever started the worker reads and writes the real ones
 * (engine/web/job-host.ts). Limits: a file lies in memory; there are no folders and no links.
 */
import { memorySource, type ByteSink, type ByteSource } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { checkLocation, checkRestorable } from '../../model/location.ts';
import type { Files, OpenFile, OutputKind, OutputRule, TemporaryFolder } from '../port.ts';
import { isAnotherKind, isClash, isInput, isThere } from '../refusals.ts';
import { paths } from './paths.ts';

export interface MemoryFiles extends Files {
  /** A file that is really there, and what it holds. */
  put(path: string, bytes: Uint8Array): void;
  forget(path: string): void;
}

/** @param written is told of every file that a job has written */
export function memoryFiles(
  written: (path: string, bytes: Uint8Array<ArrayBuffer>) => void,
): MemoryFiles {
  const held = new Map<string, Uint8Array>();
  const at = (path: string): Uint8Array | undefined => held.get(paths.resolve(path));
  const set = (path: string, bytes: Uint8Array): void => void held.set(paths.resolve(path), bytes);
  let changes = 0;
  let temporary = 0;

  const open = (path: string): OpenFile => {
    const bytes = at(path);
    if (!bytes) throw new DeepCompressionError('not-found', `cannot read ${path}: no such file`);
    return Object.assign(memorySource(path, bytes), { close() {} });
  };
  const place = (path: string, rule: OutputRule): { target: string } => {
    const target = paths.resolve(path);
    const there = at(target);
    if (rule.inputs.some((input) => paths.resolve(input) === target)) throw isInput(path);
    if (there && !rule.overwrite) throw isThere(path);
    if (there && !isOfKind(memorySource(path, there), rule.kind))
      throw isAnotherKind(path, rule.kind, 'replaced');
    return { target };
  };
  const dataPlaces = (model: string, locations: readonly string[]): string[] =>
    locations.map((location) => {
      const path = paths.join(paths.dirname(model), checkRestorable(location));
      if (at(path)) throw isThere(path);
      return path;
    });
  const publish = (path: string, bytes: Uint8Array<ArrayBuffer>): number => {
    set(path, bytes);
    changes++;
    written(paths.resolve(path), bytes);
    return bytes.length;
  };

  return {
    put: set,
    forget: (path) => void held.delete(paths.resolve(path)),
    open,
    external(modelPath) {
      const opened = new Map<string, OpenFile>();
      const resolve = (given: string): OpenFile => {
        const location = checkLocation(given);
        const known = opened.get(location);
        if (known) return known;
        const file = open(paths.join(paths.dirname(modelPath), location));
        opened.set(location, file);
        return file;
      };
      return Object.assign(resolve, { closeAll: () => opened.clear() });
    },
    async write(path, rule, fill) {
      place(path, rule);
      const parts = new Parts();
      const own = `${paths.resolve(path)}.${++temporary}.part`;
      try {
        await fill(parts, { path: own, flush: () => set(own, parts.bytes()) });
        return publish(path, parts.bytes());
      } finally {
        held.delete(own);
      }
    },
    removeLeftovers() {},
    async writeSet(path, locations, rule, fill) {
      place(path, rule);
      const targets = [path, ...dataPlaces(path, locations)];
      const made: Uint8Array<ArrayBuffer>[] = [];
      for (let file = 0; file < targets.length; file++) {
        const parts = new Parts();
        await fill(parts, file);
        made.push(parts.bytes());
      }
      // the model last, as on a disk
      for (let file = targets.length - 1; file >= 0; file--) publish(targets[file], made[file]);
      return made.map(({ length }) => length);
    },
    place,
    dataPlaces,
    refuseClash(outputs) {
      const all = outputs.map((path) => paths.resolve(path));
      const clash = outputs.find((_, i) => all.indexOf(all[i]) < i);
      if (clash !== undefined) throw isClash(clash);
    },
    remove(path, kind) {
      const there = at(path);
      if (there && !isOfKind(memorySource(path, there), kind))
        throw isAnotherKind(path, kind, 'deleted');
      held.delete(paths.resolve(path));
    },
    checkSpace() {},
    exists: (path) => at(path) !== undefined,
    isFolder: () => false,
    list: () => [],
    real: (path) => path,
    stamp: (path) => (at(path) ? `${at(path)!.length} ${changes}` : 'missing'),
    temporaryPlace: () => '/temporary',
    temporaryFolder(prefix) {
      const path = `/temporary/${prefix}-${++temporary}`;
      return temporaryFolderIn(path, held);
    },
  };
}

function temporaryFolderIn(path: string, held: Map<string, Uint8Array>): TemporaryFolder {
  const open = new Map<string, Parts>();
  return {
    path,
    create(name) {
      const parts = new Parts();
      open.set(paths.join(path, name), parts);
      return parts;
    },
    close() {
      for (const [file, parts] of open) held.set(file, parts.bytes());
    },
    remove() {
      for (const file of open.keys()) held.delete(file);
    },
  };
}

/** What was written, piece by piece; pieces may be used again by whoever wrote them. */
class Parts implements ByteSink {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  write(bytes: Uint8Array): void {
    this.#parts.push(bytes.slice());
    this.#length += bytes.length;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** As on a disk, an empty file holds nothing that could be lost. */
function isOfKind(file: ByteSource, kind: OutputKind): boolean {
  try {
    return file.size === 0 || kind.looksLike(file);
  } catch {
    return false;
  }
}
