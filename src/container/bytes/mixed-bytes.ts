/**
 * A plane of the rest as one arithmetic-coded stream of bytes, each the decisions of `ByteModel`. Smaller
 * than deflate for graphs by half, and slower by far: it takes 6 to 12 microseconds a byte either way, which is
 * why planes longer than `mostMixed` are left to deflate. docs/dcz-coding.md, section 8.
 */
import {
  BinaryDecoder,
  BinaryEncoder,
  type BinaryCoder,
} from '../../compress/code/binary-coder.ts';
import { ByteModel } from './byte-model.ts';
import { primer } from './primer.ts';

/** Bytes of a plane. Bounds the time of reading a file too: four last pieces have 15 planes in all. */
export const mostMixed = 1 << 18;
/** Longer planes are weights more often than graphs, of which it saves too little for a second a plane. */
export const worthMixing = 1 << 17;

/** Planes of higher bytes of the same numbers, the next higher first; undefined for bytes of structure. */
export type PlanesAbove = readonly Uint8Array[] | undefined;

/** The stream of `bytes`. */
export function encodeMixed(bytes: Uint8Array, above: PlanesAbove): Uint8Array<ArrayBuffer> {
  const coder = new BinaryEncoder(bytes.length);
  codeAll(coder, bytes.length, above, bytes);
  return coder.finish();
}

/** `length` bytes out of a stream: any bytes decode to something, which a checksum has to judge. */
export function decodeMixed(stream: Uint8Array, length: number, above: PlanesAbove): Uint8Array {
  return codeAll(new BinaryDecoder(stream), length, above);
}

function codeAll(
  coder: BinaryCoder,
  length: number,
  above: PlanesAbove,
  bytes?: Uint8Array,
): Uint8Array {
  const model = new ByteModel(length, length + (above ? 0 : primer.length));
  if (!above) for (const byte of primer) model.code(learning, byte);
  const [next, second] = above ?? [];
  for (let i = 0; i < length; i++) {
    const higher = above && (next?.[i] ?? 0) + 256 * (second?.[i] ?? 0);
    model.code(coder, bytes?.[i] ?? 0, higher);
  }
  return model.last(length);
}

/** Codes to nowhere. */
const learning: BinaryCoder = { code: (bit) => bit };
