/**
 * Opens a .dcz file (docs/dcz-format.md). Opening reads header and index only; packed rest and
 * streams are read when something asks for them, and checked by their CRC-32 then.
 */
import type { CodedTensor } from '../compress/coded.ts';
import type { ByteSource } from '../model/bytes.ts';
import { recognised } from '../model/recognise.ts';
import { codedTensor } from './coded-tensor.ts';
import { holeKind } from './format.ts';
import type { HashedTensor } from './hashed.ts';
import { isDcz, notDcz, readHead } from './header.ts';
import { readIndex, statementAfter } from './index-file.ts';
import { PayloadDecoder } from './payload-decoder.ts';
import type { DczIndex, IndexedTensor } from './index-types.ts';
import { RestReader } from './rest-reader.ts';
import { restoredFile } from './restored-file.ts';
import { readStatement } from './statement.ts';
import { storedBytes, type StoredBytes } from './stored-bytes.ts';
import { damaged } from '../compress/code/checked-decoder.ts';

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
  /** What the writer says of the file; nothing proves it. */
  readonly statement: object | undefined;
  /** By ascending `coded.tensor`. */
  readonly tensors: readonly DczTensor[];
  /** Tensors of which shared values are stored, and nothing a weight. */
  readonly hashed: readonly HashedTensor[];
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

/** @throws DeepCompressionError `invalid-container`, or `io` from the source. */
export function openDcz(source: ByteSource): Dcz {
  if (!isDcz(source)) throw notDcz(source.name, recognised(readHead(source)));
  const index = readIndex(source);
  const fail = (what: string): never => {
    throw damaged(source.name, what);
  };
  const statement = index.version === 1 ? undefined : statementAfter(index.end, source, fail);
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
    statement: statement && readStatement(statement, fail),
    tensors,
    hashed: index.files.flatMap(({ hashed }) => [...hashed.values()]),
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

function dczTensor(source: ByteSource, indexed: IndexedTensor): DczTensor {
  let values = 0;
  let index = 0;
  for (const block of indexed.blocks) {
    values += block.values;
    index += block.gaps;
  }
  return {
    coded: codedTensor(source, indexed),
    rmse: indexed.rmse,
    stored: storedBytes(indexed.blocks.length, indexed.sizes, { values, index }),
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
