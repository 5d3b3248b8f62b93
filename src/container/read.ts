/**
 * Opens a .dcz file (docs/dcz-format.md). Opening reads header and index only; packed rest and
 * streams are read when something asks for them, and checked by their CRC-32 then.
 */
import type { CodedBlock, CodedTensor } from '../compress/coded.ts';
import { levelCodebook, type Grid, type GridLayout } from '../compress/share/grid.ts';
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { crc32 } from '../model/crc32.ts';
import { DeepCompressionError } from '../model/errors.ts';
import {
  damaged,
  hasGaps,
  headerBytes,
  holeKind,
  magic,
  oldFooterBytes,
  oldHeaderBytes,
  oldestVersion,
  version,
} from './format.ts';
import { PayloadDecoder } from './payload-decoder.ts';
import { parseIndex } from './index-read.ts';
import type { DczIndex, IndexedTensor } from './index-types.ts';
import { RestReader } from './rest-reader.ts';
import { restoredFile } from './restored-file.ts';
import { storedBytes, type StoredBytes } from './stored-bytes.ts';

export interface DczTensor {
  /** Streams are read from the file when a block's `values` or `gaps` is asked for, every time. */
  readonly coded: CodedTensor;
  readonly rmse: number;
  readonly stored: StoredBytes;
}

/** A part of a restored file: kept bytes, or the payload of a compressed tensor. */
export type FilePart =
  | { readonly kind: 'rest'; readonly offset: number; readonly length: number }
  | {
      readonly kind: 'tensor';
      readonly offset: number;
      readonly length: number;
      /** Index in `Dcz.tensors`. */
      readonly tensor: number;
    };

export interface Dcz {
  /** The restored files; the first, with location '', is the model. */
  readonly files: readonly { readonly location: string; readonly size: number }[];
  readonly recipe: object;
  /** By ascending `coded.tensor`. */
  readonly tensors: readonly DczTensor[];
  /** Length of the .dcz, and what of it belongs to no tensor. */
  readonly bytes: number;
  readonly otherBytes: number;
  /** A restored file for reading anywhere; blocks are decoded when something inside them is read. */
  fileSource(file: number): ByteSource;
  /** What a restored file consists of, without a gap: to decode blocks of it in parallel. */
  parts(file: number): readonly FilePart[];
  /**
   * Decodes block `block` of `tensors[tensor]` into `target`, which is as long as its payload
   * (little-endian values), and checks it. @throws DeepCompressionError `invalid-container`.
   */
  readBlock(tensor: number, block: number, target: Uint8Array): void;
}

/** Whether the bytes begin like a .dcz file, of whatever version. */
export function isDcz(source: ByteSource): boolean {
  if (source.size < magic.length) return false;
  const bytes = readBytes(source, 0, magic.length);
  return magic.every((byte, i) => bytes[i] === byte);
}

/** @throws DeepCompressionError `invalid-container`, or `io` from the source. */
export function openDcz(source: ByteSource): Dcz {
  const fail = (what: string): never => {
    throw damaged(source.name, what);
  };
  const index = readIndex(source, fail);
  const order = index.tensors.map((_, i) => i).sort((a, b) => idOf(index, a) - idOf(index, b));
  const positions = new Map(order.map((hole, position) => [hole, position]));
  const tensors = order.map((hole) => dczTensor(source, index.tensors[hole]));
  const rest = new RestReader(source, index.channels);
  const decoder = new PayloadDecoder(source.name);
  const readBlock = (tensor: number, block: number, target: Uint8Array): void =>
    decoder.read(tensors[tensor].coded, block, target);
  const tensorOf = (hole: number): number => positions.get(hole) ?? 0;
  return {
    files: index.files.map(({ location, size }) => ({ location, size })),
    recipe: index.recipe,
    tensors,
    bytes: source.size,
    otherBytes: tensors.reduce((left, { stored }) => left - stored.total, source.size),
    fileSource: (file) => {
      const name = file === 0 ? source.name : `${source.name} (${index.files[file].location})`;
      const coded = (hole: number): CodedTensor => tensors[tensorOf(hole)].coded;
      return restoredFile(name, index.files[file], rest, coded, decoder);
    },
    parts: (file) => partsOf(index, file, tensorOf),
    readBlock,
  };
}

function idOf(index: DczIndex, hole: number): number {
  return index.tensors[hole].tensor;
}

function readIndex(source: ByteSource, fail: (what: string) => never): DczIndex {
  if (!isDcz(source)) {
    throw new DeepCompressionError('invalid-container', `${source.name}: not a .dcz file`);
  }
  if (source.size < headerBytes) fail('it is cut off');
  const [written] = readBytes(source, magic.length, 1);
  if (written < oldestVersion || written > version) {
    throw new DeepCompressionError(
      'invalid-container',
      `${source.name}: a .dcz file of version ${written}, and this program reads versions ${oldestVersion} to ${version}${written > version ? ': update it (in VS Code, the extension)' : ''}`,
    );
  }
  const old = written === 1;
  const at = old ? source.size - oldFooterBytes : oldHeaderBytes;
  const about = new DataView(readBytes(source, at, 8).buffer);
  const length = about.getUint32(0, true);
  if (length > source.size - headerBytes) fail('it is cut off, or more follows its end');
  const start = old ? at - length : headerBytes;
  const index = readBytes(source, start, length);
  if (crc32(index) !== about.getUint32(4, true)) {
    fail('it is cut off, or the checksum of its index does not match');
  }
  const data = old
    ? { start: oldHeaderBytes, end: start }
    : { start: headerBytes + length, end: source.size };
  return parseIndex(index, data, written, fail);
}

function dczTensor(source: ByteSource, indexed: IndexedTensor): DczTensor {
  const { tensor, dtype, weights, coder, indexBits, rowLength, kernelLength, tables } = indexed;
  const { grid } = indexed;
  let values = 0;
  let index = 0;
  for (const block of indexed.blocks) {
    values += block.values;
    index += block.gaps;
  }
  return {
    coded: {
      ...{ tensor, dtype, weights, coder, indexBits, rowLength, kernelLength },
      // made when asked for, as the tables below: it has up to 65,535 levels
      get codebook() {
        return grid ? levelCodebook(grid.largest) : tables.codebook;
      },
      ...(grid && tables.grid && { grid: gridOf(grid, tables.grid) }),
      // made when asked for: a table of gaps has up to 65,536 entries, and a file many tensors
      get valueLengths() {
        const symbols = grid ? 2 * grid.largest + 1 : tables.codebook.length;
        return padded(tables.valueLengths, coder === 'huffman' ? symbols : 0);
      },
      get gapLengths() {
        return padded(tables.gapLengths, hasGaps(indexed) ? 2 ** indexBits : 0);
      },
      blocks: indexed.blocks.map((block) => lazyBlock(source, block)),
    },
    rmse: indexed.rmse,
    stored: storedBytes(indexed.blocks.length, indexed.sizes, { values, index }),
  };
}

function gridOf(
  { rows, cols, transposed }: GridLayout,
  scales: { readonly scales: Int32Array; readonly columnScales?: Int32Array },
): Grid {
  return { rows, cols, transposed, ...scales };
}

function padded(lengths: Uint8Array, symbols: number): Uint8Array {
  const table = new Uint8Array(symbols);
  table.set(lengths);
  return table;
}

function lazyBlock(
  source: ByteSource,
  { entries, offset, values, gaps, crc32: checksum }: IndexedTensor['blocks'][number],
): CodedBlock {
  return {
    entries,
    get values() {
      return readBytes(source, offset, values);
    },
    get gaps() {
      return readBytes(source, offset + values, gaps);
    },
    crc32: checksum,
  };
}

function partsOf(index: DczIndex, file: number, tensorOf: (hole: number) => number): FilePart[] {
  const { starts, kinds, origins } = index.files[file];
  const parts: FilePart[] = [];
  kinds.forEach((kind, r) => {
    const offset = starts[r];
    const length = starts[r + 1] - offset;
    const last = parts.at(-1);
    if (kind === holeKind) {
      parts.push({ kind: 'tensor', offset, length, tensor: tensorOf(origins[r]) });
    } else if (last?.kind === 'rest')
      parts[parts.length - 1] = { ...last, length: last.length + length };
    else parts.push({ kind: 'rest', offset, length });
  });
  return parts;
}
