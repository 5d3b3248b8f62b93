/**
 * PNG and JPEG pictures as bytes, decoded by fast-png and jpeg-js (docs/decisions.md): grey or colour,
 * eight bits a value. As Pillow's `convert('RGB')`, which torchvision's ImageFolder uses: transparency is
 * dropped, 16 bits become 8, CMYK becomes RGB, and an EXIF orientation is left alone.
 */
import { decode as decodePng, type DecodedPng } from 'fast-png';
import { Unzlib } from 'fflate';
import { decode as decodeJpeg } from 'jpeg-js';
import { insteadOf } from '../../model/recognise.ts';
import { dataError } from './array.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** Rows of pixels, the channels of a pixel side by side. */
  readonly data: Uint8Array;
}

/** A header can claim any size; no memory is given to more. */
const mostPixels = 50e6;
const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** @throws DeepCompressionError `invalid-input`: one line that names the file */
export function decodeImage(bytes: Uint8Array, name: string): Picture {
  const png = pngSignature.every((b, i) => bytes[i] === b);
  const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!png && !jpeg) {
    const error = dataError(name, 'neither a PNG nor a JPEG image, whatever its name says');
    throw insteadOf(error, name, 'a PNG or JPEG image', bytes);
  }
  try {
    return png ? fromPng(bytes) : fromJpeg(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw dataError(name, `the image cannot be decoded (${why}): mend it or take it out`);
  }
}

function fromJpeg(bytes: Uint8Array): Picture {
  const { width, height, data } = decodeJpeg(bytes, {
    useTArray: true,
    formatAsRGBA: false,
    tolerantDecoding: false,
    maxResolutionInMP: mostPixels / 1e6,
    maxMemoryUsageInMB: 1024,
  });
  return { width, height, channels: 3, data };
}

function fromPng(bytes: Uint8Array): Picture {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.byteLength < 26) throw new Error('it is cut off');
  if (header.getUint32(16) * header.getUint32(20) > mostPixels) throw new Error('it is too large');
  const decoded = decodePng(neededChunks(bytes, header), { checkCrc: true });
  const { width, height, depth, channels, palette } = decoded;
  const values = depth < 8 ? unpacked(decoded) : decoded.data;
  const grey = !palette && channels < 3;
  const picture = new Uint8Array(width * height * (grey ? 1 : 3));
  if (palette) {
    for (let i = 0; i < width * height; i++) {
      const colour = palette[values[i]!];
      if (!colour) throw new Error('a colour that is not in its palette');
      picture.set(colour.slice(0, 3), 3 * i);
    }
  } else {
    const kept = grey ? 1 : 3;
    const factor = 255 / (2 ** depth - 1);
    for (let i = 0, at = 0; i < width * height; i++)
      for (let c = 0; c < kept; c++) picture[at++] = Math.round(values[i * channels + c]! * factor);
  }
  return { width, height, channels: grey ? 1 : 3, data: picture };
}

/** What pictures are made of; profiles, texts and times are not unpacked. */
const needed = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND']);
/** Packed pixels that unpack to little, whatever they hold. */
const smallPacked = 2 ** 18;

/**
 * The file without the chunks that its pixels do not need, once it is known that its pixels unpack to
 * what its header states: a small file may claim, or hold, any amount.
 */
function neededChunks(bytes: Uint8Array, header: DataView): Uint8Array {
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  const channels = [1, 0, 3, 1, 2, 0, 4][header.getUint8(25)] ?? 0;
  const row = 1 + Math.ceil((width * channels * header.getUint8(24)) / 8);
  // interlaced: seven smaller pictures, whose rows each begin with a byte
  const stated = 2 * (row + 7) * (height + 7);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const pixels: Uint8Array[] = [];
  let packed = 0;
  let kept = 8;
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + header.getUint32(at);
    if (end > bytes.length) throw new Error('it is cut off');
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (needed.has(type)) {
      parts.push(bytes.subarray(at, end));
      kept += end - at;
    }
    if (type === 'IDAT') {
      pixels.push(bytes.subarray(at + 8, end - 4));
      packed += end - at - 12;
    }
    at = end;
  }
  if (packed > stated + 4096) throw new Error('it holds more than its pixels');
  if (packed > smallPacked) checkUnpacked(pixels, stated);
  const result = new Uint8Array(kept);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Unpacks piece by piece, keeping nothing. @throws Error beyond `most` bytes */
function checkUnpacked(pixels: readonly Uint8Array[], most: number): void {
  let unpacked = 0;
  const inflator = new Unzlib((piece) => {
    unpacked += piece.length;
    if (unpacked > most) throw new Error('it holds more than its pixels');
  });
  const step = 1 << 15;
  pixels.forEach((part, i) => {
    for (let from = 0; from < part.length; from += step)
      inflator.push(
        part.subarray(from, from + step),
        i === pixels.length - 1 && from + step >= part.length,
      );
  });
}

/** Values of less than a byte, row by row: each row begins with a byte of its own. */
function unpacked({ width, height, depth, data }: DecodedPng): Uint8Array {
  const values = new Uint8Array(width * height);
  const stride = Math.ceil((width * depth) / 8);
  const mask = 2 ** depth - 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = data[y * stride + (bit >> 3)]!;
      values[y * width + x] = (byte >> (8 - depth - (bit & 7))) & mask;
    }
  return values;
}
