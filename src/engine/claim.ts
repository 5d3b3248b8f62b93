/**
 * How much a model may claim to hold before it is read. A container of a few megabytes can state terabytes,
 * all of them the same value, and tensors can lie in the same bytes again and again; reading those to show
 * a table would take days.
 */
import type { Dcz } from '../container/read.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { Model } from '../model/model.ts';
import { sizeText } from '../model/size-text.ts';

/** Read whatever the container's own size. */
const always = 4 * 2 ** 30;
/** Above that, so many times the container: a hundredth of a bit a weight. */
const mostTimes = 2000;
/** And so many times a file that is no container: tied weights share a few. */
const mostShared = 64;

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

/** @throws DeepCompressionError `unsupported` for tensors that share the bytes of a file too often */
export function checkShared(path: string, { files, tensors }: Model): void {
  const claimed = files.map(() => 0);
  // values that repeat along an axis take no bytes, but the time to read them
  for (const { file, bytes, parameters } of tensors) claimed[file]! += Math.max(bytes, parameters);
  for (const [i, { location, source }] of files.entries())
    if (source.size > 0 && claimed[i]! > Math.max(always, mostShared * source.size))
      throw new DeepCompressionError(
        'unsupported',
        `${path}: its tensors claim ${sizeText(claimed[i]!)} of ${location || 'its'} ${sizeText(source.size)}, which are not read again and again`,
      );
}
