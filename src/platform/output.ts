/**
 * The one rule for every file this program writes: an input of the run is never an output, whatever name
 * it goes by; a file that is there is replaced only when that was asked for and it looks like an earlier
 * output of the same kind; nothing else is ever replaced or deleted. atomic.ts and file-set.ts hold it.
 */
import * as fs from 'node:fs';
import { basename, resolve } from 'node:path';
import { DeepCompressionError } from '../model/errors.ts';
import { isDeviceName } from '../model/location.ts';
import { openNoLink } from './files.ts';
import type { OutputKind, OutputRule } from './port.ts';
import { isAnotherKind, isClash, isInput, isThere } from './refusals.ts';

/** Where an output goes, and the file that was there when this was found out. */
export interface Place {
  /** Absolute, links of an existing file followed. */
  readonly target: string;
  readonly there: fs.BigIntStats | undefined;
}

/** @throws DeepCompressionError `exists`, `invalid-input` or `io`, before anything is computed in vain */
export function placeOf(path: string, rule: OutputRule): Place {
  refuseDeviceName(path);
  const there = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  if (there === undefined) {
    if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined)
      throw new DeepCompressionError('io', `cannot write ${path}: it is a link to nothing`);
    return { target: resolve(path), there };
  }
  if (there.isDirectory())
    throw new DeepCompressionError('io', `cannot write ${path}: it is a folder`);
  if (!there.isFile())
    throw new DeepCompressionError('io', `cannot write ${path}: it is not a regular file`);
  if (rule.inputs.some((input) => isSameFile(input, there))) throw isInput(path);
  if (!rule.overwrite) throw isThere(path);
  const target = fs.realpathSync(path);
  if (!isOfKind(target, there, rule.kind)) throw isAnotherKind(path, rule.kind, 'replaced');
  return { target, there };
}

/** For inputs that the job does not know of. @throws DeepCompressionError when an output is one of them */
export function refuseInputs(outputs: readonly string[], inputs: readonly string[]): void {
  const taken = outputs.find((output) => inputs.some((input) => isLink(input, output)));
  if (taken !== undefined) throw isInput(taken);
}

/** Whether the file that was there, or its absence, is what is there now. */
export function isUnchanged({ target, there }: Place): boolean {
  const now = fs.statSync(target, { bigint: true, throwIfNoEntry: false });
  if (now === undefined || there === undefined) return now === there;
  return (
    now.dev === there.dev &&
    now.ino === there.ino &&
    now.size === there.size &&
    now.mtimeNs === there.mtimeNs
  );
}

/** An empty file holds nothing that could be lost, so it is of every kind; another than `there` is of none. */
function isOfKind(path: string, there: fs.BigIntStats, kind: OutputKind): boolean {
  const file = openNoLink(path);
  try {
    if (file.stat.ino !== there.ino || file.stat.dev !== there.dev) return false;
    return file.size === 0 || kind.looksLike(file);
  } catch {
    return false;
  } finally {
    file.close();
  }
}

/**
 * Deletes an earlier output of this kind; where there is none, nothing happens.
 * @throws DeepCompressionError `invalid-input` for a file of another kind, which stays
 */
export function removeOutput(path: string, kind: OutputKind): void {
  const there = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (there === undefined) return;
  if (!there.isFile() || !isOfKind(path, there, kind)) throw isAnotherKind(path, kind, 'deleted');
  fs.rmSync(path, { force: true });
}

/** @throws DeepCompressionError when two of the files that a run is to write are one */
export function refuseClash(outputs: readonly string[]): void {
  outputs.forEach((output, i) => {
    const other = outputs
      .slice(0, i)
      .find((o) => resolve(o) === resolve(output) || isLink(o, output));
    if (other !== undefined) throw isClash(output);
  });
}

function isLink(a: string, b: string): boolean {
  const there = fs.statSync(b, { bigint: true, throwIfNoEntry: false });
  return there !== undefined && isSameFile(a, there);
}

function isSameFile(path: string, there: fs.BigIntStats): boolean {
  const other = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  return other !== undefined && other.ino === there.ino && other.dev === there.dev;
}

/** On Windows `a.bin:x` is a hidden stream of a.bin, and `nul.dcz` a device. */
function refuseDeviceName(path: string): void {
  if (process.platform !== 'win32') return;
  const name = basename(path);
  if (name.includes(':') || isDeviceName(name))
    throw new DeepCompressionError('io', `cannot write ${path}: Windows has no such file name`);
}
