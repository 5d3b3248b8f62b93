/** The index of a `.dcz` that is still arriving. */
import { headerBytes } from '../container/format.ts';
import {
  headLength,
  indexAbout,
  isDcz,
  notDcz,
  readHead,
  readVersion,
} from '../container/header.ts';
import { readIndex } from '../container/index-file.ts';
import { parseIndex } from '../container/index-read.ts';
import type { DczIndex } from '../container/index-types.ts';
import { readBytes } from '../model/bytes.ts';
import type { Arrivals } from './arrivals.ts';
import { damaged } from '../compress/code/checked-decoder.ts';

/** What a `.dcz` holds, and how long it is. */
export interface Opened {
  readonly index: DczIndex;
  readonly length: number;
}

/**
 * Waits for header and index, in version 1, where the index comes last, for the whole file.
 * @throws DeepCompressionError `invalid-container` as the product's reader does.
 */
export async function openIndex(arrivals: Arrivals): Promise<Opened> {
  const { name } = arrivals;
  const fail = (what: string): never => {
    throw damaged(name, what);
  };
  await arrivals.until(headLength);
  const head = readHead(arrivals);
  if (!isDcz(arrivals)) {
    const { recognised } = await import('../model/recognise.ts'); // seldom needed, and not short
    throw notDcz(name, recognised(head));
  }
  const version = readVersion(name, head);
  if (version === 1) {
    const length = await arrivals.untilOver();
    return { index: readIndex(arrivals), length };
  }
  if (head.length < headerBytes) fail(`it is cut off after ${head.length} bytes: get it again`);
  const about = indexAbout(head.subarray(headerBytes - 8, headerBytes));
  const start = headerBytes + about.length;
  if (!(await arrivals.until(start))) fail('it is cut off inside its index: get it again');
  const bytes = readBytes(arrivals, headerBytes, about.length);
  const index = parseIndex(bytes, about, { start, end: Infinity }, version, fail);
  return { index, length: index.end };
}
