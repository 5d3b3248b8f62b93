/**
 * Channels and tensors in the metadata of a .dcz file: what the packed bytes outside header and index
 * are, in order (docs/dcz-format.md, sections 4 and 5).
 */
import { bytesOf } from '../compress/code/restore.ts';
import { blockWeights, type Coder } from '../compress/coded.ts';
import { noTables } from './adaptive-tables.ts';
import { deflateRatio, dtypes, hasGaps, limits, pieceBytes } from './format.ts';
import type {
  Fail,
  IndexedBlock,
  IndexedChannel,
  IndexedGrid,
  IndexedPiece,
  IndexedTensor,
} from './index-types.ts';
import { mostMixed } from './bytes/mixed-bytes.ts';
import { packings } from './pack.ts';
import type { VarintReader } from './varint.ts';

/** How far the bytes before the index have been given away. */
export interface Place {
  at: number;
  readonly end: number;
}

function take(place: Place, length: number, what: string, fail: Fail): number {
  if (length > place.end - place.at)
    fail(`${what} that ends outside the file, which may be cut off`);
  place.at += length;
  return place.at - length;
}

export function readChannel(
  fields: VarintReader,
  size: number,
  place: Place,
  version: number,
  mostPieces: number,
  fail: Fail,
): IndexedChannel {
  const length = fields.number('the length of a channel', limits.length / size) * size;
  if (Math.ceil(length / pieceBytes) > mostPieces) fail('more pieces than it has checksums for');
  const pieces: IndexedPiece[] = [];
  for (let at = 0; at < length; at += pieceBytes) {
    const restored = Math.min(pieceBytes, length - at);
    const offset = place.at;
    const planes = Array.from({ length: size }, () => {
      const plane = readPlane(fields, restored / size, version, fail);
      take(place, plane.length, 'a plane', fail);
      return plane;
    });
    pieces.push({ offset, length: restored, planes, crc32: 0 });
  }
  return { length, pieces };
}

/** `plain`: bytes of the plane. Version 1 has deflated planes and stored ones, and says how long at once. */
function readPlane(
  fields: VarintReader,
  plain: number,
  version: number,
  fail: Fail,
): IndexedPiece['planes'][number] {
  const perByte = version === 1 ? 1 : packings.length - 1;
  const word = fields.number('the length of a plane', perByte * plain - 1);
  if (word === 0) return { packing: 'stored', length: plain };
  const length = Math.floor(word / perByte);
  const packing = packings[word % perByte];
  if (plain > length * deflateRatio) fail('a plane that unpacks too far');
  if (packing === 'mixed' && plain > mostMixed) fail('a long plane that is mixed');
  return { packing, length };
}

export function readTensors(
  fields: VarintReader,
  place: Place,
  version: number,
  fail: Fail,
): IndexedTensor[] {
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
    const tensor = readTensor(fields, id, place, version, fail);
    blocks += tensor.blocks.length;
    if (blocks > limits.blocks) fail(`more than ${limits.blocks} blocks`);
    tensors.push(tensor);
  }
  return tensors;
}

const maxTensorId = 2 ** 31 - 1;

/** Of the types of bytes, the last. */
const mostFlags = 256 + 255;

function readTensor(
  fields: VarintReader,
  id: number,
  place: Place,
  version: number,
  fail: Fail,
): IndexedTensor {
  const what = 'the flags of a tensor';
  const flags = version < 3 ? fields.byte(what) : fields.number(what, mostFlags);
  const dtype = dtypes.at((flags & 3) + 4 * (flags >> 8)) ?? fail('a tensor of an unknown type');
  const coder: Coder = flags & 4 ? 'arithmetic' : 'huffman';
  const onGrid = version > 1 && (flags & 8) !== 0;
  const indexBits = version > 1 ? ((flags >> 4) & 15) + ((flags & 240) > 0 ? 1 : 0) : flags >> 3;
  if (onGrid && bytesOf(dtype) === 1) fail('bytes on a grid');
  if (indexBits === 1 || indexBits > 16) fail(`an index of ${indexBits} bits`);
  const weights = fields.number('the number of weights', limits.length / bytesOf(dtype));
  const rowLength = fields.number('the length of a row', limits.length);
  const kernelLength = fields.number('the length of a kernel', limits.length);
  const inside = (n: number): boolean => n >= 1 && n <= weights;
  if (weights > 0 && !(inside(rowLength) && inside(kernelLength))) fail('a row that is no row');
  const grid = onGrid ? readGrid(fields, weights, rowLength, fail) : undefined;
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
  const shape = { weights, rowLength, kernelLength, grid };
  return { tensor: id, dtype, coder, indexBits, ...shape, blocks, rmse: 0, tables, sizes };
}

function readGrid(
  fields: VarintReader,
  weights: number,
  rowLength: number,
  fail: Fail,
): IndexedGrid {
  const largest = fields.number('the largest level', limits.levels);
  const flags = fields.number('the layout of a grid');
  const transposed = flags % 2 === 1;
  const matrices = Math.floor(flags / 4);
  const size = weights / matrices;
  const other = size / rowLength;
  if (!(size >= 1 && Number.isInteger(size) && Number.isInteger(other)))
    fail('a grid that does not divide its tensor');
  const [rows, cols] = transposed ? [rowLength, other] : [other, rowLength];
  const columns = Math.floor(flags / 2) % 2 === 1 ? matrices * cols : 0;
  return { largest, rows, cols, transposed, channels: matrices * rows, columns };
}
