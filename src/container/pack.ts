/**
 * Lossless packing of the bytes that are not compressed tensors, in pieces of at most `pieceBytes`.
 * A piece of k-byte elements is cut into k byte planes (all first bytes, all second bytes, …), and
 * each plane is deflated or stored, whichever is smaller: the exponents of floats deflate, their
 * mantissas do not. Deflate is fflate's, in JavaScript, so that the same input gives the same bytes
 * everywhere.
 */
import { deflateSync, inflateSync } from 'fflate';

/** One packed plane; `deflated` is false for bytes as they are. */
export interface Plane {
  readonly bytes: Uint8Array;
  readonly deflated: boolean;
}

/** Deflate's effort by how much there is to do: beyond some megabytes its last percent costs minutes. */
export function effort(totalBytes: number): 1 | 6 | 9 {
  return totalBytes <= 4 << 20 ? 9 : totalBytes <= 32 << 20 ? 6 : 1;
}

/** Planes longer than this are judged by a sample of this length before they are deflated. */
const sampleBytes = 64 << 10;

export function packPiece(bytes: Uint8Array, elementSize: number, level: 1 | 6 | 9): Plane[] {
  const planes: Plane[] = [];
  for (let p = 0; p < elementSize; p++) planes.push(packPlane(plane(bytes, elementSize, p), level));
  return planes;
}

/** `dictionary`: what the stream may refer back to as if it had come before. */
export function packPlane(bytes: Uint8Array, level: 1 | 6 | 9, dictionary?: Uint8Array): Plane {
  const stored = { bytes, deflated: false };
  if (bytes.length > 4 * sampleBytes) {
    const middle = (bytes.length - sampleBytes) >> 1;
    const sample = deflateSync(bytes.subarray(middle, middle + sampleBytes), { level: 1 });
    if (sample.length > 0.98 * sampleBytes) return stored;
  }
  const deflated = deflateSync(bytes, { level, ...(dictionary && { dictionary }) });
  return deflated.length < bytes.length ? { bytes: deflated, deflated: true } : stored;
}

/** Puts planes of equal length back between each other. */
export function joinPlanes(planes: readonly Uint8Array[]): Uint8Array {
  if (planes.length === 1) return planes[0];
  const count = planes.length;
  const joined = new Uint8Array(planes[0].length * count);
  for (let p = 0; p < count; p++) {
    const from = planes[p];
    for (let i = 0, to = p; i < from.length; i++, to += count) joined[to] = from[i];
  }
  return joined;
}

/**
 * Exactly `length` bytes out of a deflate stream, or undefined when it is malformed or holds another
 * number of bytes. Never allocates more than `length` + 1.
 */
export function inflateExactly(
  deflated: Uint8Array,
  length: number,
  dictionary?: Uint8Array,
): Uint8Array | undefined {
  if (deflated.length === 0) return undefined;
  // fflate drops what does not fit, so one spare byte tells a stream that is too long
  const room = new Uint8Array(length + 1);
  try {
    const bytes = inflateSync(deflated, { out: room, ...(dictionary && { dictionary }) });
    return bytes.length === length ? bytes : undefined;
  } catch {
    return undefined; // FlateError, or RangeError for a stored block that does not fit
  }
}

function plane(bytes: Uint8Array, elementSize: number, p: number): Uint8Array {
  if (elementSize === 1) return bytes;
  const out = new Uint8Array(bytes.length / elementSize);
  for (let i = 0, from = p; i < out.length; i++, from += elementSize) out[i] = bytes[from];
  return out;
}
