/** The fixed bytes of a .dcz file: what it is, its version, and its index (docs/dcz-format.md, 1). */
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { magic, oldestVersion, version } from './format.ts';

/** Length and CRC-32 of the index. */
export interface IndexAbout {
  readonly length: number;
  readonly crc32: number;
}

/** Enough of a file to tell what it is. */
export const headLength = 512;

export function readHead(source: ByteSource): Uint8Array<ArrayBuffer> {
  return readBytes(source, 0, Math.min(source.size, headLength));
}

/** Whether a file begins like a .dcz, of whatever version. */
export function isDcz(source: ByteSource): boolean {
  return source.size >= magic.length && beginsDcz(readBytes(source, 0, magic.length));
}

function beginsDcz(head: Uint8Array): boolean {
  return magic.every((byte, i) => head[i] === byte);
}

/** The error of what is no .dcz file; `what` it is instead, where that is known. */
export function notDcz(name: string, what: string | undefined): DeepCompressionError {
  const instead = what ? ` but ${what}` : '';
  return new DeepCompressionError('invalid-container', `${name}: not a .dcz file${instead}`);
}

/** The version of a file that begins with `head`. @throws DeepCompressionError `invalid-container`. */
export function readVersion(name: string, head: Uint8Array): number {
  if (!beginsDcz(head)) throw notDcz(name, undefined);
  const written = head.length > magic.length ? head[magic.length] : version;
  if (written >= oldestVersion && written <= version) return written;
  throw new DeepCompressionError(
    'invalid-container',
    `${name}: a .dcz file of version ${written}, and this program reads versions ${oldestVersion} to ${version}${written > version ? ': update it (in VS Code, the extension)' : ''}`,
  );
}

/** From the eight bytes that tell of the index. */
export function indexAbout(bytes: Uint8Array): IndexAbout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { length: view.getUint32(0, true), crc32: view.getUint32(4, true) };
}
