/** Whether what follows the streams of a .dcz is a statement, without unpacking it (statement.ts). */
import { crc32 } from '../model/crc32.ts';
import type { Fail } from './index-types.ts';

/** Restored length and checksum, behind the deflated bytes. */
export const statementEnd = 6;
/** Stored bytes, at most. */
export const longestStatement = 0xffff + statementEnd;

/** @param bytes all that follows the streams, and is not empty */
export function checkStatement(
  bytes: Uint8Array,
  fail: Fail,
): { readonly deflated: Uint8Array; readonly length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = bytes.length - statementEnd;
  if (end < 1 || bytes.length > longestStatement)
    fail(`${bytes.length} bytes that belong to nothing behind its end`);
  if (view.getUint32(end + 2, true) !== crc32(bytes.subarray(0, -4)))
    fail(
      'bytes that belong to nothing behind its end, or a statement that is cut off: get it again',
    );
  return { deflated: bytes.subarray(0, end), length: view.getUint16(end, true) };
}
