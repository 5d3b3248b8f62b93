/** Says in plain words why a file operation failed. */
import { DeepCompressionError, type ErrorCode } from '../model/errors.ts';

const causes: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOENT: ['not-found', 'there is no such file'],
  ENOTDIR: ['not-found', 'a part of the path is not a folder'],
  EEXIST: ['exists', 'it already exists'],
  EACCES: ['io', 'permission denied'],
  EPERM: ['io', 'permission denied'],
  EROFS: ['io', 'the disk is read-only'],
  EISDIR: ['io', 'it is a folder'],
  ENXIO: ['io', 'it is not a regular file'],
  ENOSPC: ['io', 'the disk is full'],
  EDQUOT: ['io', 'the disk quota is used up'],
  EFBIG: ['io', 'the file would be larger than is allowed'],
  EMFILE: ['io', 'too many files are open'],
  ENFILE: ['io', 'too many files are open'],
  ELOOP: ['io', 'it is a symbolic link, or its links go round in a circle'],
  ENAMETOOLONG: ['io', 'the path is too long'],
  EIO: ['io', 'the device reported an error'],
  EBUSY: ['io', 'another program is using it'],
};

/**
 * `verb` is what was tried (`read`, `write`). Errors of ours and anything that is no system error
 * come back unchanged.
 */
export function plainError(error: unknown, verb: string, path: string): unknown {
  if (error instanceof DeepCompressionError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) return error;
  const [kind, cause] = causes[code] ?? (['io', code] as const);
  return new DeepCompressionError(kind, `cannot ${verb} ${path}: ${cause}`, { cause: error });
}
