/**
 * Files as byte sources: positioned reads on one descriptor, nothing mapped, nothing cached. A file
 * that is changed while it is open is an error, because an index of it would point at other bytes.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { DeepCompressionError } from '../model/errors.ts';
import { plainError } from './errno.ts';
import type { OpenFile } from './port.ts';

/** One system call reads at most this much. */
const mostBytes = 1 << 30;
/** Opening a pipe without `O_NONBLOCK` (which Windows lacks) would wait for a writer. */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** @throws DeepCompressionError `not-found` or `io`, one line that names the path and the cause */
export function openFile(path: string): OpenFile {
  let descriptor = -1;
  let size: number;
  let modified: number;
  try {
    descriptor = openSync(path, toRead);
    // Of what was opened, not of what has the name now.
    const stat = fstatSync(descriptor);
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? 'it is a folder' : 'it is not a regular file';
      throw new DeepCompressionError('io', `cannot read ${path}: ${what}`);
    }
    ({ size, mtimeMs: modified } = stat);
  } catch (error) {
    if (descriptor >= 0) closeSync(descriptor);
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
