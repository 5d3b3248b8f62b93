/** Whether what is to be written fits on the disk, before a byte of it is written. */
import { statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DeepCompressionError } from '../model/errors.ts';
import { sizeText } from '../model/size-text.ts';

/**
 * @param path the file that is to be written
 * @throws DeepCompressionError `io` when fewer than `bytes` are free there; file systems that do not say
 * are taken at their word when they are full
 */
export function checkSpace(path: string, bytes: number, what: string): void {
  const folder = dirname(resolve(path));
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(folder);
    free = bavail * bsize;
  } catch {
    return;
  }
  if (bytes > free)
    throw new DeepCompressionError(
      'io',
      `${what} would take ${sizeText(bytes)}, and ${sizeText(free)} are free in ${folder}: nothing was written`,
    );
}
