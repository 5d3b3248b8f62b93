/**
 * Plain data (objects, lists, numbers, strings, typed arrays) as one run of bytes and back: JSON with
 * the arrays behind it, and a CRC-32 over all. For checkpoints: written after every epoch, read once.
 *
 *   "DCCP" | version u32 | CRC-32 of the rest u32 | length of JSON u32 | JSON | arrays, 8-aligned
 */
import { crc32 } from '../../model/crc32.ts';
import { DeepCompressionError } from '../../model/errors.ts';

const magic = 0x50434344; // "DCCP"
const version = 1;
const header = 16;

const kinds = { f: Float32Array, b: Uint8Array } as const;
type Kind = keyof typeof kinds;
type Packed = Float32Array | Uint8Array;

interface Reference {
  readonly $: Kind;
  readonly at: number;
  readonly length: number;
}

const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
const aligned = (n: number): number => (n + 7) & ~7;

/** @param value holds no other typed arrays than Float32Array and Uint8Array */
export function packPlain(value: object): Uint8Array<ArrayBuffer> {
  const arrays: Packed[] = [];
  let at = 0;
  const json = JSON.stringify(value, (_, v: unknown) => {
    if (!ArrayBuffer.isView(v)) return v;
    const array = v as Packed;
    const reference: Reference = {
      $: array instanceof Float32Array ? 'f' : 'b',
      at,
      length: array.length,
    };
    arrays.push(array);
    at = aligned(at + array.byteLength);
    return reference;
  });
  const text = new TextEncoder().encode(json);
  const start = aligned(header + text.length);
  const bytes = new Uint8Array(start + at);
  bytes.set(text, header);
  let to = start;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), to);
    to = aligned(to + array.byteLength);
  }
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, version, true);
  view.setUint32(12, text.length, true);
  view.setUint32(8, crc32(bytes.subarray(12)), true);
  return bytes;
}

/** Whether a file that begins with these bytes is one, of any version. */
export function isCheckpoint(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length >= header && view.getUint32(0, true) === magic;
}

/** @throws DeepCompressionError `invalid-input` when the bytes are not what `packPlain` gave */
export function unpackPlain(bytes: Uint8Array, name: string): unknown {
  const bad = (why: string): DeepCompressionError =>
    new DeepCompressionError('invalid-input', `${name}: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isCheckpoint(bytes)) throw bad('not a checkpoint');
  if (view.getUint32(4, true) !== version) throw bad('a checkpoint of another version');
  const length = view.getUint32(12, true);
  if (length > bytes.length - header || crc32(bytes.subarray(12)) !== view.getUint32(8, true))
    throw bad('a damaged checkpoint');
  const start = aligned(header + length);
  // arrays do not overlap, so together they are no longer than the file
  let left = bytes.length - start;
  return JSON.parse(
    new TextDecoder().decode(bytes.subarray(header, header + length)),
    (_, v: unknown) => {
      if (typeof v !== 'object' || v === null || !('$' in v)) return v;
      const { $, at, length: count } = v as Reference;
      if (!Object.hasOwn(kinds, $)) throw bad('a damaged checkpoint');
      const make = kinds[$];
      const from = start + at;
      const size = count * make.BYTES_PER_ELEMENT;
      left -= size;
      if (!isCount(at) || !isCount(count) || from + size > bytes.length || left < 0)
        throw bad('a damaged checkpoint');
      return new make(bytes.slice(from, from + size).buffer);
    },
  );
}
