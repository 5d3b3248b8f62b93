/** Finds the index in a whole file: behind the header, in version 1 before the end. */
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { headerBytes, oldFooterBytes, oldHeaderBytes } from './format.ts';
import { indexAbout, readHead, readVersion } from './header.ts';
import { parseIndex } from './index-read.ts';
import type { DczIndex, Fail } from './index-types.ts';
import { checkStatement, longestStatement } from './statement-check.ts';
import { damaged } from '../compress/code/checked-decoder.ts';

/** @throws DeepCompressionError `invalid-container`, or `io` from the source. */
export function readIndex(source: ByteSource): DczIndex {
  const fail = (what: string): never => {
    throw damaged(source.name, what);
  };
  const version = readVersion(source.name, readHead(source));
  const { size } = source;
  if (size < headerBytes) fail(`it is cut off after ${size} bytes: get it again`);
  const old = version === 1;
  const at = old ? size - oldFooterBytes : oldHeaderBytes;
  const about = indexAbout(readBytes(source, at, 8));
  if (about.length > size - headerBytes)
    fail(
      old
        ? 'it is cut off, or more follows its end'
        : `it is cut off after ${size} of more than ${headerBytes + about.length} bytes: get it again`,
    );
  const start = old ? at - about.length : headerBytes;
  // version 2 says its own length, so that what is missing can be told
  const data = old
    ? { start: oldHeaderBytes, end: start }
    : { start: headerBytes + about.length, end: Infinity };
  const index = parseIndex(readBytes(source, start, about.length), about, data, version, fail);
  if (!old && index.end > size)
    fail(`it is cut off after ${size} of ${index.end} bytes: get it again`);
  const statement = old ? undefined : statementAfter(index.end, source, fail);
  if (statement) checkStatement(statement, fail);
  return index;
}

/** What follows the streams of a file of version 2 or later; undefined when nothing does. */
export function statementAfter(
  end: number,
  source: ByteSource,
  fail: Fail,
): Uint8Array | undefined {
  const length = source.size - end;
  if (length > longestStatement) fail(`${length} bytes that belong to nothing behind its end`);
  return length > 0 ? readBytes(source, end, length) : undefined;
}
