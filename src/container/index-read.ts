/**
 * Parses and checks the index of a .dcz file (docs/dcz-format.md, "The index"). Nothing in it is
 * believed: every count is held against the bytes that are there before anything is made of it, and
 * the pieces, streams and index it describes must fill the file, but for a statement at its end.
 */
import { crc32 } from '../model/crc32.ts';
import { AdaptiveDecoder } from './adaptive.ts';
import { noTables, TableCoder } from './adaptive-tables.ts';
import { isExactIn } from './codebook.ts';
import { metadataDictionary } from './dictionary.ts';
import { deflateRatio, elementSizes, limits } from './format.ts';
import type { IndexAbout } from './header.ts';
import type { DczIndex, Fail, IndexedTensor } from './index-types.ts';
import { inflateExactly } from './pack.ts';
import { readFiles } from './read-files.ts';
import { readChannel, readTensors } from './read-tensors.ts';
import { VarintReader } from './varint.ts';

/**
 * `about` is what the header says of the index, `version` that of the file. `data` is where packed bytes
 * begin and end; `end` may be Infinity where the file's length is not known: `DczIndex.end` then says where
 * they end. What follows there, from version 2 on, is a statement (statement-check.ts), which the caller checks.
 */
export function parseIndex(
  bytes: Uint8Array,
  about: IndexAbout,
  data: { readonly start: number; readonly end: number },
  version: number,
  fail: Fail,
): DczIndex {
  if (crc32(bytes) !== about.crc32) {
    fail('it is cut off, or the checksum of its index does not match');
  }
  const reader = new VarintReader(bytes, fail);
  const metadata = readMetadata(reader, fail);
  const place = { at: data.start, end: data.end };
  const fields = new VarintReader(metadata, fail);
  const recipe = readRecipe(fields, fail);
  const checksums = Math.floor(reader.left / 4); // where the file's length is not known, they bound what it has
  const channels = elementSizes.map((size) =>
    readChannel(fields, size, place, version, checksums, fail),
  );
  const tensors = readTensors(fields, place, version, fail);
  const files = readFiles(fields, channels, tensors, version, fail);
  if (fields.left > 0) fail('metadata that nothing asks for');
  if (place.at !== place.end && version === 1) fail('bytes that belong to nothing');

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
  return { version, recipe, channels, files, tensors, end: place.at };
}

function readMetadata(reader: VarintReader, fail: Fail): Uint8Array {
  const length = reader.number('the length of the metadata', limits.metadata);
  const deflated = reader.number('the stored length of the metadata', Math.max(length - 1, 0));
  if (deflated === 0) return reader.bytes('the metadata', length);
  const packed = reader.bytes('the metadata', deflated);
  if (length > deflated * deflateRatio) fail('metadata that unpacks too far');
  return (
    inflateExactly(packed, length, metadataDictionary) ?? fail('metadata that does not unpack')
  );
}

function readRecipe(fields: VarintReader, fail: Fail): object {
  const text = fields.text('the recipe', limits.recipe);
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

function readTables(stream: Uint8Array, tensors: readonly IndexedTensor[], fail: Fail): void {
  const overrun = (): never => fail('it ends inside the tables');
  const coder = new AdaptiveDecoder(TableCoder.contexts, stream, overrun);
  const tables = new TableCoder(coder, fail);
  for (const tensor of tensors) {
    Object.assign(tensor, tables.code(tensor, noTables));
    if (!tensor.grid && !isExactIn(tensor.tables.codebook, tensor.dtype)) {
      fail(`a codebook value that is no ${tensor.dtype}`);
    }
  }
  if (!coder.atEnd) fail('bytes after the tables');
}
