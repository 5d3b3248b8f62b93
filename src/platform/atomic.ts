/**
 * Writes a file completely or not at all: into a temporary file beside it, flushed to the disk, then
 * renamed. Whatever goes wrong, the temporary file is removed; one left by a killed process is
 * removed by the next writing to the same path.
 */
import * as fs from 'node:fs';
import { dirname } from 'node:path';
import type { ByteSink } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { plainError } from './errno.ts';
import { isUnchanged, placeOf, type Place } from './output.ts';
import type { OutputRule, Temporary } from './port.ts';
import { attempt, discard, removeLeftovers, unfinishedFor, type Unfinished } from './temporary.ts';

const bufferSize = 1 << 20;

/**
 * `fill` writes into the sink it is given; what it throws (cancellation included) is thrown on once
 * nothing is left behind. Returns the number of bytes written.
 */
export async function writeAtomically(
  path: string,
  rule: OutputRule,
  fill: (sink: ByteSink, temporary: Temporary) => Promise<void> | void,
): Promise<number> {
  let unfinished: Unfinished | undefined;
  let descriptor = -1;
  try {
    const place = placeOf(path, rule);
    const folder = checkFolder(path, place.target);
    removeLeftovers(place.target);
    unfinished = unfinishedFor(place.target);
    const mode = place.there === undefined ? 0o666 : Number(place.there.mode) & 0o777;
    descriptor = fs.openSync(unfinished.path, 'wx', mode);
    const sink = bufferedSink(descriptor, path);
    await fill(sink, { path: unfinished.path, flush: () => void sink.finish() });
    const written = sink.finish();
    fs.fsyncSync(descriptor);
    fs.closeSync(descriptor);
    descriptor = -1;
    publish(unfinished.path, place);
    flushFolder(folder);
    return written;
  } catch (error) {
    throw plainError(error, 'write', path);
  } finally {
    if (descriptor >= 0) attempt(() => fs.closeSync(descriptor));
    if (unfinished) discard(unfinished);
  }
}

/** The folder a file is written in. @throws DeepCompressionError `not-found` */
export function checkFolder(path: string, target: string): string {
  const folder = dirname(target);
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new DeepCompressionError('not-found', `cannot write ${path}: there is no folder ${folder}`);
}

/** A sink that gathers small writes; `finish` flushes and returns the number of bytes. */
export function bufferedSink(descriptor: number, path: string): ByteSink & { finish(): number } {
  const buffer = new Uint8Array(bufferSize);
  let filled = 0;
  let written = 0;
  const put = (bytes: Uint8Array): void => {
    try {
      for (let done = 0; done < bytes.length;) {
        done += fs.writeSync(descriptor, bytes, done, bytes.length - done);
      }
    } catch (error) {
      throw plainError(error, 'write', path);
    }
    written += bytes.length;
  };
  const flush = (): void => {
    if (filled > 0) put(buffer.subarray(0, filled));
    filled = 0;
  };
  return {
    write(bytes) {
      if (filled + bytes.length > bufferSize) flush();
      if (bytes.length >= bufferSize) return put(bytes);
      buffer.set(bytes, filled);
      filled += bytes.length;
    },
    finish() {
      flush();
      return written;
    },
  };
}

/**
 * Gives the finished file its name, unless another file came to bear it, or the one that was there
 * changed, since the rule was applied.
 */
export function publish(temporary: string, place: Place): void {
  const { target } = place;
  if (place.there === undefined) {
    try {
      fs.linkSync(temporary, target);
      fs.rmSync(temporary, { force: true });
      return;
    } catch (error) {
      // Some file systems have no hard links; there the check and the renaming are two steps.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' || fs.existsSync(target))
        throw new DeepCompressionError('exists', `${target} already exists`, { cause: error });
    }
  } else if (!isUnchanged(place))
    throw new DeepCompressionError(
      'io',
      `${target} was changed by another program meanwhile, so it is not replaced`,
    );
  fs.renameSync(temporary, target);
}

/** The renaming itself must reach the disk; not every system can flush a folder. */
export function flushFolder(folder: string): void {
  attempt(() => {
    const descriptor = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  });
}
