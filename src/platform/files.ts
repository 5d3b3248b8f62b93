/**
 * Files as byte sources: positioned reads on one descriptor, nothing mapped, nothing cached. A file
 * that is changed while it is open is an error, because an index of it would point at other bytes.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { ByteSource } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { plainError } from './errno.ts';

export interface OpenFile extends ByteSource {
  close(): void;
}

/** One system call reads at most this much. */
const mostBytes = 1 << 30;

/** @throws DeepCompressionError `not-found` or `io`, one line that names the path and the cause */
export function openFile(path: string): OpenFile {
  let descriptor: number;
  let size: number;
  let modified: number;
  try {
    // Before opening: opening a pipe would wait for a writer.
    if (!statSync(path).isFile()) {
      const what = statSync(path).isDirectory() ? 'it is a folder' : 'it is not a regular file';
      throw new DeepCompressionError('io', `cannot read ${path}: ${what}`);
    }
    descriptor = openSync(path, 'r');
    ({ size, mtimeMs: modified } = fstatSync(descriptor));
  } catch (error) {
    throw plainError(error, 'read', path);
  }
  let open = true;
  const fail = (why: string): never => {
    throw new DeepCompressionError('io', `cannot read ${path}: ${why}`);
  };
  return {
    name: path,
    size,
    readInto(target, offset) {
      if (!open) fail('it was closed');
      if (!(offset >= 0) || offset + target.length > size) {
        fail(`bytes ${offset} to ${offset + target.length} were asked for, but it has ${size}`);
      }
      try {
        for (let done = 0; done < target.length;) {
          const most = Math.min(target.length - done, mostBytes);
          const count = readSync(descriptor, target, done, most, offset + done);
          if (count === 0) fail('it became shorter while it was being read');
          done += count;
        }
        const now = fstatSync(descriptor);
        if (now.size !== size || now.mtimeMs !== modified)
          fail('it changed while it was being read');
      } catch (error) {
        throw plainError(error, 'read', path);
      }
    },
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}
