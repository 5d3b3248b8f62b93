/**
 * Reads the packed rest of a model: bytes of a channel by their place in it. The last piece of each
 * channel is kept unpacked, so that reading a file in order unpacks each piece once.
 */
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { crc32 } from '../model/crc32.ts';
import { pieceBytes } from './format.ts';
import type { IndexedChannel, IndexedPiece } from './index-types.ts';
import { joinPlanes, unpackPlanes } from './pack.ts';
import { damaged } from '../compress/code/checked-decoder.ts';

export class RestReader {
  private readonly unpacked: { piece: number; bytes: Uint8Array }[];

  constructor(
    private readonly source: ByteSource,
    private readonly channels: readonly IndexedChannel[],
  ) {
    this.unpacked = channels.map(() => ({ piece: -1, bytes: new Uint8Array(0) }));
  }

  /** Fills `target` with the bytes of `channel` from `offset` on; the range must be in it. */
  read(channel: number, offset: number, target: Uint8Array): void {
    for (let done = 0; done < target.length;) {
      const at = offset + done;
      const piece = Math.floor(at / pieceBytes);
      const bytes = this.piece(channel, piece);
      const from = at - piece * pieceBytes;
      const part = bytes.subarray(from, from + target.length - done);
      target.set(part, done);
      done += part.length;
    }
  }

  private piece(channel: number, piece: number): Uint8Array {
    const last = this.unpacked[channel];
    if (last.piece === piece) return last.bytes;
    const bytes = readPiece(this.source, this.channels[channel].pieces[piece]);
    this.unpacked[channel] = { piece, bytes };
    return bytes;
  }
}

/** Where the planes of a piece end in the `.dcz`. */
export function endOfPiece({ offset, planes }: IndexedPiece): number {
  return planes.reduce((end, { length }) => end + length, offset);
}

/** The restored bytes of a piece, checked. @throws DeepCompressionError `invalid-container`. */
export function readPiece(
  source: ByteSource,
  { offset, length, planes, crc32: checksum }: IndexedPiece,
): Uint8Array {
  let at = offset;
  const stored = planes.map(({ packing, length: bytes }) => {
    at += bytes;
    return { packing, bytes: readBytes(source, at - bytes, bytes) };
  });
  const plain = unpackPlanes(stored, length / planes.length);
  if (!plain) throw damaged(source.name, 'bytes of the model that do not unpack');
  const bytes = joinPlanes(plain);
  if (crc32(bytes) !== checksum) {
    throw damaged(source.name, 'a checksum of the model does not match');
  }
  return bytes;
}
