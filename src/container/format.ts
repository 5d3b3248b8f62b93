/**
 * Constants and limits of the .dcz format, version 3 (docs/dcz-format.md). Reader and writer hold
 * the same limits; the writer refuses what a reader would.
 */
import type { CodedTensor } from '../compress/coded.ts';
import { mostLevels } from '../compress/share/grid.ts';

/** 'DCZ' and the version byte. */
export const magic = Uint8Array.of(0x44, 0x43, 0x5a);
/** The newest that is read: it has coded bytes and hashed tensors, and is written where there are some; else `plainVersion`. */
export const version = 3;
export const plainVersion = 2;
/** Has no grids. */
export const oldestVersion = 1;
/** 'DCZ', version, then the length of the index and its CRC-32: the index follows. */
export const headerBytes = 12;
/** Version 1 had only these bytes at its beginning, the others at its end, and the index before them. */
export const oldHeaderBytes = 4;
export const oldFooterBytes = 8;

/** Rest bytes are packed in pieces of at most this many restored bytes. */
export const pieceBytes = 8 << 20;

export const limits = {
  /** Restored metadata. */
  metadata: 16 << 20,
  recipe: 1 << 20,
  location: 4096,
  files: 4096,
  /** Runs of all files. */
  runs: 1 << 20,
  tensors: 1 << 16,
  /** Blocks of all tensors. */
  blocks: 1 << 20,
  /** Largest magnitude of a grid's level. */
  levels: mostLevels,
  /** Weights of a hashed tensor. */
  hashedWeights: 2 ** 31,
  /** Bytes of one file, of one channel; weights of one tensor. */
  length: 2 ** 49,
} as const;

/** Deflate cannot make more than this many bytes of one. */
export const deflateRatio = 1032;

/** Element types in the order of their code in a tensor's flags: version 2 has the first four. */
export const dtypes = ['float32', 'float16', 'bfloat16', 'float64', 'int8', 'uint8'] as const;

/** Rest bytes lie in four channels: bytes as they are, and float payloads by element size. */
export const elementSizes = [1, 2, 4, 8] as const;

/** Run kinds 0..3 are channels, 4 is the payload of the next tensor. */
export const holeKind = 4;
/** A hashed tensor, whose shared values are the next of channel 2. */
export const hashedKind = 5;
export const hashedChannel = 2;

/** Only Huffman-coded sparse tensors have a stream of gaps. */
export function hasGaps(coded: Pick<CodedTensor, 'coder' | 'indexBits'>): boolean {
  return coded.coder === 'huffman' && coded.indexBits > 0;
}
