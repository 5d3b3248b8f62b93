/** Whether what is to be written fits on the disk, before a byte of it is written. */
import { statfsSync } from 'node:fs';
import { DeepCompressionError } from '../model/errors.ts';
import { sizeText } from '../model/size-text.ts';

/**
 * @param folder where it is to be written
 * @throws DeepCompressionError `io` when fewer than `bytes` are free there; file systems that do not say
 * are taken at their word when they are full
 */
export function checkSpace(folder: string, bytes: number, what: string): void {
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
