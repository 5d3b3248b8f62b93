/**
 * Writes a file completely or not at all: into a temporary file beside it, flushed to the disk, then
 * renamed. Whatever goes wrong, the temporary file is removed; one left by a killed process is
 * removed by the next writing to the same path.
 */
import * as fs from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { ByteSink } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { plainError } from './errno.ts';

export interface AtomicOptions {
  /** Replace a file that is there; without it that is an `exists` error. */
  readonly overwrite: boolean;
  /** Files never to be overwritten, whatever name they go by: the inputs. */
  readonly forbid?: readonly string[];
}

/** The file as it is being written, so that it can be read again before it gets its name. */
export interface Temporary {
  readonly path: string;
  /** Hands everything written so far to the system. */
  flush(): void;
}

const bufferSize = 1 << 20;
/** Age at which a leftover of this very process counts as abandoned (its thread was stopped). */
const abandonedAfter = 10 * 60_000;

/**
 * `fill` writes into the sink it is given; what it throws (cancellation included) is thrown on once
 * nothing is left behind. Returns the number of bytes written.
 */
export async function writeAtomically(
  path: string,
  options: AtomicOptions,
  fill: (sink: ByteSink, temporary: Temporary) => Promise<void> | void,
): Promise<number> {
  let target = resolve(path);
  let temporary = '';
  let descriptor = -1;
  try {
    const existing = fs.statSync(target, { bigint: true, throwIfNoEntry: false });
    if (existing !== undefined) {
      target = fs.realpathSync(target);
      refuseExisting(path, existing, options);
    }
    const folder = dirname(target);
    const folderStat = fs.statSync(folder, { throwIfNoEntry: false });
    if (!folderStat?.isDirectory()) {
      throw new DeepCompressionError(
        'not-found',
        `cannot write ${path}: there is no folder ${folder}`,
      );
    }
    removeLeftovers(target);
    temporary = join(folder, temporaryName(target));
    const mode = existing === undefined ? 0o666 : Number(existing.mode) & 0o777;
    descriptor = fs.openSync(temporary, 'wx', mode);
    const sink = bufferedSink(descriptor, path);
    await fill(sink, { path: temporary, flush: () => void sink.finish() });
    const written = sink.finish();
    fs.fsyncSync(descriptor);
    fs.closeSync(descriptor);
    descriptor = -1;
    publish(temporary, target, options.overwrite);
    temporary = '';
    flushFolder(folder);
    return written;
  } catch (error) {
    throw plainError(error, 'write', path);
  } finally {
    if (descriptor >= 0) attempt(() => fs.closeSync(descriptor));
    if (temporary !== '') attempt(() => fs.rmSync(temporary, { force: true }));
  }
}

function refuseExisting(path: string, existing: fs.BigIntStats, options: AtomicOptions): void {
  if (existing.isDirectory()) {
    throw new DeepCompressionError('io', `cannot write ${path}: it is a folder`);
  }
  if (!existing.isFile()) {
    throw new DeepCompressionError('io', `cannot write ${path}: it is not a regular file`);
  }
  for (const forbidden of options.forbid ?? []) {
    const other = fs.statSync(forbidden, { bigint: true, throwIfNoEntry: false });
    if (other !== undefined && other.ino === existing.ino && other.dev === existing.dev) {
      throw new DeepCompressionError(
        'invalid-input',
        `${path} is an input and is never overwritten`,
      );
    }
  }
  if (!options.overwrite) throw new DeepCompressionError('exists', `${path} already exists`);
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

/** Gives the finished file its name. Without `overwrite` a file that appeared meanwhile is kept. */
function publish(temporary: string, target: string, overwrite: boolean): void {
  if (!overwrite) {
    try {
      fs.linkSync(temporary, target);
      fs.rmSync(temporary, { force: true });
      return;
    } catch (error) {
      // Some file systems have no hard links; there the check and the renaming are two steps.
      if ((error as NodeJS.ErrnoException).code === 'EEXIST' || fs.existsSync(target)) {
        throw new DeepCompressionError('exists', `${target} already exists`, { cause: error });
      }
    }
  }
  fs.renameSync(temporary, target);
}

/** The renaming itself must reach the disk; not every system can flush a folder. */
function flushFolder(folder: string): void {
  attempt(() => {
    const descriptor = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
  });
}

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

/** `.NAME.HOST-PID-RANDOM.tmp`, the name cut so that the whole stays below 255 bytes. */
function temporaryName(target: string): string {
  return `${prefixOf(target)}${host}-${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
}

function prefixOf(target: string): string {
  let name = basename(target);
  while (Buffer.byteLength(name) > 180) name = name.slice(0, -1);
  return `.${name}.`;
}

/** Removes temporary files for this target whose process is gone. */
function removeLeftovers(target: string): void {
  attempt(() => {
    const prefix = prefixOf(target);
    for (const name of fs.readdirSync(dirname(target))) {
      const parts = name.startsWith(prefix)
        ? /^([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp$/.exec(name.slice(prefix.length))
        : null;
      if (parts === null || parts[1] !== host) continue;
      const path = join(dirname(target), name);
      const pid = Number(parts[2]);
      const old = Date.now() - fs.statSync(path).mtimeMs > abandonedAfter;
      if (pid === process.pid ? old : !isRunning(pid)) fs.rmSync(path, { force: true });
    }
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** For clean-up and courtesies whose failure must not hide or cause an error. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Nothing to be done, and nothing depends on it.
  }
}
