/**
 * The entries of a ZIP archive and where their bytes lie, from its directory at the end of the file.
 * Nothing is unpacked. Source: PKWARE's APPNOTE 6.3 (ZIP64 included). Limits: one disk, no encryption,
 * 65,536 entries, directories of 64 MB.
 */
import { readBytes, type ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';
import type { Seal } from '../model.ts';

export interface ZipEntry {
  readonly name: string;
  /** Bytes as they lie in the file, from `offset` on. */
  readonly offset: number;
  readonly bytes: number;
  /** The bytes are the content itself; else they are packed. */
  readonly stored: boolean;
  /** Where the file keeps the checksum of this entry. */
  readonly checksums: readonly number[];
}

const mostEntries = 65536;
const longestDirectory = 64 << 20;
const endBytes = 22;
const longestComment = 65535;

export function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

/** Checksums of the entries that are stored as they are, for what writes the archive again. */
export function sealsOf(entries: readonly ZipEntry[], file = 0): Seal[] {
  return entries.flatMap(({ offset, bytes, stored, checksums }) =>
    stored ? checksums.map((at) => ({ file, at, start: offset, end: offset + bytes })) : [],
  );
}

/** @throws DeepCompressionError `invalid-model` where the directory is damaged */
export function zipEntries(path: string, source: ByteSource): ZipEntry[] {
  const fail = (why: string): never => {
    throw new DeepCompressionError('invalid-model', `${path}: damaged ZIP archive: ${why}`);
  };
  const { count, at, bytes } = directoryOf(source, fail);
  if (count > mostEntries) fail(`more than ${mostEntries} entries`);
  if (bytes > longestDirectory || at + bytes > source.size) fail('its directory is not there');
  const directory = readBytes(source, at, bytes);
  const view = new DataView(directory.buffer);
  const entries: ZipEntry[] = [];
  let next = 0;
  for (let i = 0; i < count; i++) {
    if (next + 46 > bytes || view.getUint32(next, true) !== 0x02014b50)
      fail(`entry ${i} of its directory is none`);
    const nameBytes = view.getUint16(next + 28, true);
    const extraBytes = view.getUint16(next + 30, true);
    const end = next + 46 + nameBytes + extraBytes + view.getUint16(next + 32, true);
    if (end > bytes) fail(`entry ${i} of its directory is cut off`);
    const name = new TextDecoder().decode(directory.subarray(next + 46, next + 46 + nameBytes));
    const flags = view.getUint16(next + 8, true);
    const method = view.getUint16(next + 10, true);
    const wide = wideFields(view, next, next + 46 + nameBytes, extraBytes);
    if (wide === undefined) return fail(`entry ${i} of its directory has wrong lengths`);
    if ((flags & 1) !== 0) fail(`${name} is encrypted`);
    const place = localPlace(source, wide.header, wide.packed);
    if (place === undefined) return fail(`${name} is not where the directory says`);
    const stored = method === 0;
    if (stored && wide.packed !== wide.size) fail(`${name} has two lengths`);
    const crc = view.getUint32(next + 16, true);
    const checksums = [
      at + next + 16,
      ...localChecksums(source, wide.header, place, wide.packed, crc),
    ];
    entries.push({ name, offset: place, bytes: wide.packed, stored, checksums });
    next = end;
  }
  return entries;
}

function directoryOf(
  source: ByteSource,
  fail: (why: string) => never,
): { readonly count: number; readonly at: number; readonly bytes: number } {
  const from = Math.max(0, source.size - endBytes - longestComment);
  const tail = readBytes(source, from, source.size - from);
  const view = new DataView(tail.buffer);
  for (let i = tail.length - endBytes; i >= 0; i--) {
    if (view.getUint32(i, true) !== 0x06054b50) continue;
    const count = view.getUint16(i + 10, true);
    const bytes = view.getUint32(i + 12, true);
    const at = view.getUint32(i + 16, true);
    if (count !== 0xffff && bytes !== 0xffffffff && at !== 0xffffffff) return { count, at, bytes };
    const wide = i >= 20 && view.getUint32(i - 20, true) === 0x07064b50 ? i - 20 : -1;
    if (wide < 0) return { count, at, bytes };
    const end = uint64(view, wide + 8);
    if (end + 56 > source.size) return fail('its long directory is not there');
    const long = new DataView(readBytes(source, end, 56).buffer);
    if (long.getUint32(0, true) !== 0x06064b50) return fail('its long directory is none');
    return { count: uint64(long, 32), bytes: uint64(long, 40), at: uint64(long, 48) };
  }
  return fail('it has no directory: it may be cut off');
}

/** Lengths and place of an entry; those that do not fit 32 bits are in an extra field. */
function wideFields(
  view: DataView,
  entry: number,
  extra: number,
  extraBytes: number,
): { readonly packed: number; readonly size: number; readonly header: number } | undefined {
  let packed = view.getUint32(entry + 20, true);
  let size = view.getUint32(entry + 24, true);
  let header = view.getUint32(entry + 42, true);
  for (let at = extra; at + 4 <= extra + extraBytes;) {
    const length = view.getUint16(at + 2, true);
    const end = at + 4 + length;
    if (end > extra + extraBytes) return undefined;
    if (view.getUint16(at, true) === 1) {
      let field = at + 4;
      const take = (): number => {
        field += 8;
        return field <= end ? uint64(view, field - 8) : NaN;
      };
      if (size === 0xffffffff) size = take();
      if (packed === 0xffffffff) packed = take();
      if (header === 0xffffffff) header = take();
    }
    at = end;
  }
  return [packed, size, header].every((n) => Number.isSafeInteger(n))
    ? { packed, size, header }
    : undefined;
}

function localPlace(source: ByteSource, header: number, bytes: number): number | undefined {
  if (header + 30 > source.size) return undefined;
  const local = new DataView(readBytes(source, header, 30).buffer);
  if (local.getUint32(0, true) !== 0x04034b50) return undefined;
  const place = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  return place + bytes <= source.size ? place : undefined;
}

/** In the header before the content, or in a descriptor after it, wherever the number is stated. */
function localChecksums(
  source: ByteSource,
  header: number,
  place: number,
  bytes: number,
  crc: number,
): number[] {
  const local = new DataView(readBytes(source, header, 30).buffer);
  const found: number[] = [];
  const described = (local.getUint16(6, true) & 8) !== 0;
  if (!described || local.getUint32(14, true) === crc) found.push(header + 14);
  const after = place + bytes;
  if (!described || after + 8 > source.size) return found;
  const descriptor = new DataView(readBytes(source, after, 8).buffer);
  if (descriptor.getUint32(0, true) === 0x08074b50) found.push(after + 4);
  else if (descriptor.getUint32(0, true) === crc) found.push(after);
  return found;
}

/** NaN where the number is not exact. */
function uint64(view: DataView, at: number): number {
  const value = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  return Number.isSafeInteger(value) ? value : NaN;
}
