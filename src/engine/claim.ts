/**
 * How much a .dcz may claim to hold before its model is read. A container of a few megabytes can state
 * terabytes, all of them the same value; reading those to show a table would take days.
 */
import type { Dcz } from '../container/read.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { sizeText } from '../model/size-text.ts';

/** Read whatever the container's own size. */
const always = 4 * 2 ** 30;
/** Above that, so many times the container: a hundredth of a bit a weight. */
const mostTimes = 2000;

/** Bytes of the files that a container restores. */
export function restoredBytes(dcz: Dcz): number {
  return dcz.files.reduce((sum, f) => sum + f.size, 0);
}

/** @throws DeepCompressionError `unsupported`, with both sizes */
export function checkClaim(path: string, dcz: Dcz): void {
  const claimed = restoredBytes(dcz);
  if (claimed > Math.max(always, mostTimes * dcz.bytes))
    throw new DeepCompressionError(
      'unsupported',
      `${path} has ${sizeText(dcz.bytes)} and claims to hold a model of ${sizeText(claimed)}, which is not read; deepc decompress writes it where there is room`,
    );
}
