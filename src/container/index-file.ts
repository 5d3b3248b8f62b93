/** Finds the index in a whole file: behind the header, in version 1 before the end. */
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { damaged, headerBytes, oldFooterBytes, oldHeaderBytes } from './format.ts';
import { indexAbout, readHead, readVersion } from './header.ts';
import { parseIndex } from './index-read.ts';
import type { DczIndex } from './index-types.ts';

/** @throws DeepCompressionError `invalid-container`, or `io` from the source. */
export function readIndex(source: ByteSource): DczIndex {
  const fail = (what: string): never => {
    throw damaged(source.name, what);
  };
  const version = readVersion(source.name, readHead(source));
  if (source.size < headerBytes) fail('it is cut off');
  const old = version === 1;
  const at = old ? source.size - oldFooterBytes : oldHeaderBytes;
  const about = indexAbout(readBytes(source, at, 8));
  if (about.length > source.size - headerBytes) fail('it is cut off, or more follows its end');
  const start = old ? at - about.length : headerBytes;
  const data = old
    ? { start: oldHeaderBytes, end: start }
    : { start: headerBytes + about.length, end: source.size };
  return parseIndex(readBytes(source, start, about.length), about, data, version, fail);
}
