/**
 * Lossless packing of the bytes that are not compressed tensors, in pieces of at most `pieceBytes`.
 * A piece of k-byte elements is cut into k byte planes (all first bytes, all second bytes, …), and
 * each plane is coded by the byte model where it is short, deflated or stored, whichever is smallest: the
 * exponents of floats can be foretold, their mantissas cannot. Deflate is fflate's, in JavaScript, so that
 * the same input gives the same bytes everywhere.
 */
import { deflateSync, inflateSync } from 'fflate';
import { decodeMixed, encodeMixed, worthMixing, type PlanesAbove } from './bytes/mixed-bytes.ts';
import { deflateRatio } from './format.ts';

/** How a plane is stored, in the order of the format's numbers. */
export const packings = ['deflated', 'mixed', 'stored'] as const;

export type Packing = (typeof packings)[number];

/** One packed plane. */
export interface Plane {
  readonly bytes: Uint8Array;
  readonly packing: Packing;
}

/** Deflate's effort by how much there is to do: beyond some megabytes its last percent costs minutes. */
export function effort(totalBytes: number): 1 | 6 | 9 {
  return totalBytes <= 4 << 20 ? 9 : totalBytes <= 32 << 20 ? 6 : 1;
}

/** Planes longer than this are judged by a sample of this length before they are deflated. */
const sampleBytes = 64 << 10;

/** The planes of a piece, first bytes first. Without `mix` the byte model is not tried. */
export function packPiece(
  bytes: Uint8Array,
  elementSize: number,
  level: 1 | 6 | 9,
  mix = true,
): Plane[] {
  const planes = Array.from({ length: elementSize }, (_, p) => plane(bytes, elementSize, p));
  return planes.map((plain, p) => {
    const packed = packPlane(plain, level);
    return mix ? mixedWhereSmaller(plain, packed, planesAbove(planes, p)) : packed;
  });
}

function mixedWhereSmaller(plain: Uint8Array, packed: Plane, above: PlanesAbove): Plane {
  if (plain.length > worthMixing) return packed;
  const mixed = encodeMixed(plain, above);
  const small = mixed.length < packed.bytes.length;
  const sound = mixed.length > 0 && plain.length <= mixed.length * deflateRatio;
  return small && sound ? { bytes: mixed, packing: 'mixed' } : packed;
}

/** What the byte model knows of a plane: the higher bytes, or that these are no numbers. */
function planesAbove(planes: readonly Uint8Array[], p: number): PlanesAbove {
  return planes.length === 1 ? undefined : planes.slice(p + 1);
}

/** The plain bytes of planes of `length` bytes; undefined when one does not unpack. */
export function unpackPlanes(planes: readonly Plane[], length: number): Uint8Array[] | undefined {
  const plain = new Array<Uint8Array>(planes.length);
  for (let p = planes.length - 1; p >= 0; p--) {
    const bytes = unpackPlane(planes[p], length, planesAbove(plain, p));
    if (bytes === undefined) return undefined;
    plain[p] = bytes;
  }
  return plain;
}

function unpackPlane(
  { bytes, packing }: Plane,
  length: number,
  above: PlanesAbove,
): Uint8Array | undefined {
  if (packing === 'stored') return bytes;
  return packing === 'mixed' ? decodeMixed(bytes, length, above) : inflateExactly(bytes, length);
}

/** Deflated or stored. `dictionary`: what the stream may refer back to as if it had come before. */
export function packPlane(bytes: Uint8Array, level: 1 | 6 | 9, dictionary?: Uint8Array): Plane {
  const stored = { bytes, packing: 'stored' } as const;
  if (bytes.length > 4 * sampleBytes) {
    const middle = (bytes.length - sampleBytes) >> 1;
    const sample = deflateSync(bytes.subarray(middle, middle + sampleBytes), { level: 1 });
    if (sample.length > 0.98 * sampleBytes) return stored;
  }
  const deflated = deflateSync(bytes, { level, ...(dictionary && { dictionary }) });
  return deflated.length < bytes.length ? { bytes: deflated, packing: 'deflated' } : stored;
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
