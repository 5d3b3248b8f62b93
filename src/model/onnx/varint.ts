/** Writes base-128 varints, padded where a length has to keep its width. Source: Protocol Buffers encoding. */

/** `value` (a whole number from 0 to 2^53) as a varint of at least `width` bytes. */
export function varint(value: number, width = 1): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  do {
    bytes.push((value % 128) + 128);
    value = Math.floor(value / 128);
  } while (value > 0 || bytes.length < width);
  bytes[bytes.length - 1] -= 128;
  return Uint8Array.from(bytes);
}

/** A signed 64-bit integer as protobuf writes int64: negative numbers take ten bytes. */
export function signedVarint(value: number): Uint8Array<ArrayBuffer> {
  if (value >= 0) return varint(value);
  const bytes = new Uint8Array(10);
  let left = BigInt.asUintN(64, BigInt(value));
  for (let i = 0; i < 10; i++, left >>= 7n) bytes[i] = Number(left & 127n) | (i < 9 ? 128 : 0);
  return bytes;
}

/** Bytes one after another. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
