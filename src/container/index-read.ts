/**
 * Parses and checks the index of a .dcz file (docs/dcz-format.md, "The index"). Nothing in it is
 * believed: every count is held against the bytes that are there before anything is made of it, and
 * the pieces, streams and index it describes must fill the file exactly.
 */
import { blockWeights, type Coder } from '../compress/coded.ts';
import type { CompressibleDType } from '../model/dtype.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { checkLocation } from '../model/location.ts';
import { AdaptiveDecoder } from './adaptive.ts';
import {
  codeTables,
  noTables,
  tableContexts,
  type Tables,
  type TableSizes,
} from './adaptive-tables.ts';
import { isExactIn } from './codebook.ts';
import {
  deflateRatio,
  dtypeBytes,
  dtypes,
  elementSizes,
  holeKind,
  limits,
  pieceBytes,
} from './format.ts';
import { hasGaps } from './index-write.ts';
import { inflateExactly } from './pack.ts';
import { VarintReader } from './varint.ts';

/** A packed piece of a channel, and where its planes lie. */
export interface IndexedPiece {
  readonly offset: number;
  /** Restored bytes. */
  readonly length: number;
  /** Deflated length of each plane, 0 for one that is stored as it is. */
  readonly deflated: readonly number[];
  crc32: number;
}

export interface IndexedChannel {
  readonly length: number;
  readonly pieces: readonly IndexedPiece[];
}

/** A file as runs: run r covers restored bytes [starts[r], starts[r + 1]). */
export interface IndexedFile {
  readonly location: string;
  readonly size: number;
  readonly starts: Float64Array;
  /** 0..3: a channel; 4: a hole. */
  readonly kinds: Uint8Array;
  /** Offset in the channel, or index of the tensor (in hole order). */
  readonly origins: Float64Array;
}

export interface IndexedBlock {
  readonly entries: number;
  readonly offset: number;
  readonly values: number;
  readonly gaps: number;
  crc32: number;
}

export interface IndexedTensor {
  readonly tensor: number;
  readonly dtype: CompressibleDType;
  readonly weights: number;
  readonly coder: Coder;
  readonly indexBits: number;
  readonly rowLength: number;
  readonly kernelLength: number;
  readonly blocks: readonly IndexedBlock[];
  rmse: number;
  tables: Tables;
  sizes: TableSizes;
}

export interface DczIndex {
  readonly recipe: object;
  readonly channels: readonly IndexedChannel[];
  readonly files: readonly IndexedFile[];
  /** In the order of their holes. */
  readonly tensors: readonly IndexedTensor[];
}

type Fail = (what: string) => never;

/** `data` is where packed bytes begin and end. */
export function parseIndex(
  bytes: Uint8Array,
  data: { readonly start: number; readonly end: number },
  fail: Fail,
): DczIndex {
  const reader = new VarintReader(bytes, fail);
  const metadata = readMetadata(reader, fail);
  const place = { at: data.start, end: data.end };
  const fields = new VarintReader(metadata, fail);
  const recipe = readRecipe(fields, fail);
  const channels = elementSizes.map((size) => readChannel(fields, size, place, fail));
  const tensors = readTensors(fields, place, fail);
  const files = readFiles(fields, channels, tensors, fail);
  if (fields.left > 0) fail('metadata that nothing asks for');
  if (place.at !== place.end) fail('bytes that belong to nothing');

  for (const { pieces } of channels) {
    for (const piece of pieces) piece.crc32 = reader.uint32('a checksum');
  }
  const float = new DataView(new ArrayBuffer(4));
  for (const tensor of tensors) {
    float.setUint32(0, reader.uint32('an rmse'));
    tensor.rmse = float.getFloat32(0);
    for (const block of tensor.blocks) block.crc32 = reader.uint32('a checksum');
  }
  readTables(reader.bytes('the tables', reader.left), tensors, fail);
  return { recipe, channels, files, tensors };
}

function readMetadata(reader: VarintReader, fail: Fail): Uint8Array {
  const length = reader.number('the length of the metadata', limits.metadata);
  const deflated = reader.number('the stored length of the metadata', Math.max(length - 1, 0));
  if (deflated === 0) return reader.bytes('the metadata', length);
  const packed = reader.bytes('the metadata', deflated);
  if (length > deflated * deflateRatio) fail('metadata that unpacks too far');
  return inflateExactly(packed, length) ?? fail('metadata that does not unpack');
}

function readRecipe(fields: VarintReader, fail: Fail): object {
  const text = readText(fields, 'the recipe', limits.recipe);
  let recipe: unknown;
  try {
    recipe = JSON.parse(text);
  } catch {
    fail('a recipe that is not JSON');
  }
  if (recipe === null || typeof recipe !== 'object' || Array.isArray(recipe)) {
    fail('a recipe that is not an object');
  }
  return recipe as object;
}

function readText(fields: VarintReader, what: string, most: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      fields.string(what, most),
    );
  } catch (error) {
    if (error instanceof DeepCompressionError) throw error;
    return fields.fail(`${what} is not UTF-8`);
  }
}

interface Place {
  at: number;
  readonly end: number;
}

function take(place: Place, length: number, what: string, fail: Fail): number {
  if (length > place.end - place.at) fail(`${what} that ends outside the file`);
  place.at += length;
  return place.at - length;
}

function readChannel(fields: VarintReader, size: number, place: Place, fail: Fail): IndexedChannel {
  const length = fields.number('the length of a channel', limits.length / size) * size;
  const pieces: IndexedPiece[] = [];
  for (let at = 0; at < length; at += pieceBytes) {
    const restored = Math.min(pieceBytes, length - at);
    const plane = restored / size;
    const deflated: number[] = [];
    const offset = place.at;
    for (let p = 0; p < size; p++) {
      const bytes = fields.number('the length of a plane', plane - 1);
      if (bytes > 0 && plane > bytes * deflateRatio) fail('a plane that unpacks too far');
      take(place, bytes || plane, 'a plane', fail);
      deflated.push(bytes);
    }
    pieces.push({ offset, length: restored, deflated, crc32: 0 });
  }
  return { length, pieces };
}

function readTensors(fields: VarintReader, place: Place, fail: Fail): IndexedTensor[] {
  const count = fields.number('the number of tensors', limits.tensors);
  const tensors: IndexedTensor[] = [];
  const seen = new Set<number>();
  let expected = 0;
  let blocks = 0;
  for (let i = 0; i < count; i++) {
    const id = expected + fields.signed('a tensor');
    if (id < 0 || id > maxTensorId || seen.has(id))
      fail('a tensor that cannot be, or is there twice');
    seen.add(id);
    expected = id + 1;
    const tensor = readTensor(fields, id, place, fail);
    blocks += tensor.blocks.length;
    if (blocks > limits.blocks) fail(`more than ${limits.blocks} blocks`);
    tensors.push(tensor);
  }
  return tensors;
}

const maxTensorId = 2 ** 31 - 1;

function readTensor(fields: VarintReader, id: number, place: Place, fail: Fail): IndexedTensor {
  const flags = fields.byte('the flags of a tensor');
  const dtype = dtypes[flags & 3];
  const coder: Coder = flags & 4 ? 'arithmetic' : 'huffman';
  const indexBits = flags >> 3;
  if (indexBits === 1 || indexBits > 16) fail(`an index of ${indexBits} bits`);
  const weights = fields.number('the number of weights', limits.length / dtypeBytes[dtype]);
  const rowLength = fields.number('the length of a row', limits.length);
  const kernelLength = fields.number('the length of a kernel', limits.length);
  const inside = (n: number): boolean => n >= 1 && n <= weights;
  if (weights > 0 && !(inside(rowLength) && inside(kernelLength))) fail('a row that is no row');
  const count = Math.ceil(weights / blockWeights);
  if (count > fields.left || count > limits.blocks) fail('fewer blocks than weights ask for');
  const blocks: IndexedBlock[] = [];
  const sparse = hasGaps({ coder, indexBits });
  for (let b = 0; b < count; b++) {
    const here = Math.min(blockWeights, weights - b * blockWeights);
    const values = fields.number('the length of a stream');
    const gaps = sparse ? fields.number('the length of a stream') : 0;
    const entries = sparse ? fields.number('the entries of a block', here) : here;
    const offset = take(place, values, 'a stream', fail);
    take(place, gaps, 'a stream', fail);
    blocks.push({ entries, offset, values, gaps, crc32: 0 });
  }
  const tables = noTables;
  const sizes = { codebook: 0, tables: 0 };
  const shape = { weights, rowLength, kernelLength };
  return { tensor: id, dtype, coder, indexBits, ...shape, blocks, rmse: 0, tables, sizes };
}

function readFiles(
  fields: VarintReader,
  channels: readonly IndexedChannel[],
  tensors: readonly IndexedTensor[],
  fail: Fail,
): IndexedFile[] {
  const count = fields.number('the number of files', limits.files);
  if (count === 0) fail('no file in it');
  const files: IndexedFile[] = [];
  const used = { channels: channels.map(() => 0), tensors: 0, runs: 0 };
  const locations = new Set<string>();
  for (let i = 0; i < count; i++) {
    const location = readLocation(fields, i === 0, fail);
    if (locations.has(location)) fail('a file that is there twice');
    locations.add(location);
    files.push({ location, ...readRuns(fields, channels, tensors, used, fail) });
  }
  if (used.tensors !== tensors.length) fail('tensors that are nowhere');
  if (channels.some(({ length }, c) => used.channels[c] !== length)) fail('bytes that are nowhere');
  return files;
}

function readLocation(fields: VarintReader, main: boolean, fail: Fail): string {
  const location = readText(fields, 'a location', limits.location);
  if (main) return location === '' ? '' : fail('a model file with a location');
  try {
    if (checkLocation(location) === location) return location;
  } catch (error) {
    if (!(error instanceof DeepCompressionError)) throw error;
    fail(error.message);
  }
  return fail('a location that is not in its shortest form');
}

function readRuns(
  fields: VarintReader,
  channels: readonly IndexedChannel[],
  tensors: readonly IndexedTensor[],
  used: { readonly channels: number[]; tensors: number; runs: number },
  fail: Fail,
): Omit<IndexedFile, 'location'> {
  const count = fields.number('the number of runs', limits.runs - used.runs);
  if (count > fields.left) fail('fewer runs than it says');
  used.runs += count;
  const starts = new Float64Array(count + 1);
  const kinds = new Uint8Array(count);
  const origins = new Float64Array(count);
  let at = 0;
  for (let r = 0; r < count; r++) {
    const word = fields.number('a run');
    const kind = word % 8;
    const elements = Math.floor(word / 8);
    let length: number;
    if (kind === holeKind) {
      const tensor = tensors[used.tensors] ?? fail('more holes than tensors');
      if (elements !== 0) fail('a hole with a length');
      length = tensor.weights * dtypeBytes[tensor.dtype];
      origins[r] = used.tensors++;
    } else {
      if (kind > holeKind || elements === 0) fail('a run that is none');
      length = elements * elementSizes[kind];
      origins[r] = used.channels[kind];
      used.channels[kind] += length;
      if (used.channels[kind] > channels[kind].length) fail('a run with more bytes than there are');
    }
    kinds[r] = kind;
    at += length;
    if (at > limits.length) fail('a file that is too long');
    starts[r + 1] = at;
  }
  return { size: at, starts, kinds, origins };
}

function readTables(stream: Uint8Array, tensors: readonly IndexedTensor[], fail: Fail): void {
  const coder = new AdaptiveDecoder(tableContexts, stream, () => fail('it ends inside the tables'));
  for (const tensor of tensors) {
    Object.assign(tensor, codeTables(coder, tensor, noTables, fail));
    if (!isExactIn(tensor.tables.codebook, tensor.dtype)) {
      fail(`a codebook value that is no ${tensor.dtype}`);
    }
  }
  if (!coder.atEnd) fail('bytes after the tables');
}
