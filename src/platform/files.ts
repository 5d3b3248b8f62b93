/**
 * Files as byte sources: positioned reads on one descriptor, nothing mapped, nothing cached. A file
 * that is changed while it is open is an error, because an index of it would point at other bytes.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { DeepCompressionError } from '../model/errors.ts';
import { plainError } from './errno.ts';
import type { OpenFile } from './port.ts';

/** One system call reads at most this much. */
const mostBytes = 1 << 30;
/** Opening a pipe without `O_NONBLOCK` (which Windows lacks) would wait for a writer. */
const toRead = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** An open file and what it is: of what was opened, not of what has the name now. */
export interface OpenedFile extends OpenFile {
  readonly stat: BigIntStats;
}

/** @throws DeepCompressionError `not-found` or `io`, one line that names the path and the cause */
export function openFile(path: string): OpenedFile {
  return opened(path, toRead);
}

/**
 * For a path whose links were followed and looked at: a link that came into its place since is refused,
 * where the system can (Windows cannot).
 * @throws DeepCompressionError as `openFile` does
 */
export function openNoLink(path: string): OpenedFile {
  return opened(path, toRead | (constants.O_NOFOLLOW ?? 0));
}

function opened(path: string, flags: number): OpenedFile {
  let descriptor = -1;
  let stat: BigIntStats;
  try {
    descriptor = openSync(path, flags);
    stat = fstatSync(descriptor, { bigint: true });
    if (!stat.isFile()) {
      const what = stat.isDirectory() ? 'it is a folder' : 'it is not a regular file';
      throw new DeepCompressionError('io', `cannot read ${path}: ${what}`);
    }
  } catch (error) {
    if (descriptor >= 0) closeSync(descriptor);
    throw plainError(error, 'read', path);
  }
  const size = Number(stat.size);
  let open = true;
  const fail = (why: string): never => {
    throw new DeepCompressionError('io', `cannot read ${path}: ${why}`);
  };
  return {
    name: path,
    size,
    stat,
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
        const now = fstatSync(descriptor, { bigint: true });
        if (now.size !== stat.size || now.mtimeNs !== stat.mtimeNs)
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
