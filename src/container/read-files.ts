/** Files in the metadata of a .dcz file: their runs (docs/dcz-format.md, section 3). */
import { bytesOf } from '../compress/code/restore.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { checkRestorable } from '../model/location.ts';
import { elementSizes, hashedChannel, hashedKind, holeKind, limits } from './format.ts';
import { bytesOfWeight, readHashed, type HashedTensor } from './hashed.ts';
import type { Fail, IndexedChannel, IndexedFile, IndexedTensor } from './index-types.ts';
import type { VarintReader } from './varint.ts';

export function readFiles(
  fields: VarintReader,
  channels: readonly IndexedChannel[],
  tensors: readonly IndexedTensor[],
  version: number,
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
    files.push({ location, ...readRuns(fields, channels, tensors, used, version, fail) });
  }
  if (used.tensors !== tensors.length) fail('tensors that are nowhere');
  if (channels.some(({ length }, c) => used.channels[c] !== length)) fail('bytes that are nowhere');
  return files;
}

function readLocation(fields: VarintReader, main: boolean, fail: Fail): string {
  const location = fields.text('a location', limits.location);
  if (main) return location === '' ? '' : fail('a model file with a location');
  try {
    if (checkRestorable(location) === location) return location;
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
  version: number,
  fail: Fail,
): Omit<IndexedFile, 'location'> {
  const count = fields.number('the number of runs', limits.runs - used.runs);
  if (count > fields.left) fail('fewer runs than it says');
  used.runs += count;
  const starts = new Float64Array(count + 1);
  const kinds = new Uint8Array(count);
  const origins = new Float64Array(count);
  const hashed = new Map<number, HashedTensor>();
  let at = 0;
  for (let r = 0; r < count; r++) {
    const word = fields.number('a run');
    const kind = word % 8;
    const elements = Math.floor(word / 8);
    let length: number;
    if (kind === holeKind) {
      const tensor = tensors[used.tensors] ?? fail('more holes than tensors');
      if (elements !== 0) fail('a hole with a length');
      length = tensor.weights * bytesOf(tensor.dtype);
      origins[r] = used.tensors++;
    } else {
      const isHashed = kind === hashedKind && version > 2;
      if ((kind > holeKind && !isHashed) || elements === 0) fail('a run that is none');
      const channel = isHashed ? hashedChannel : kind;
      length = elements * elementSizes[channel];
      origins[r] = used.channels[channel];
      used.channels[channel] += length;
      if (used.channels[channel] > channels[channel].length)
        fail('a run with more bytes than there are');
      if (isHashed) {
        const tensor = readHashed(fields, elements, fail);
        hashed.set(r, tensor);
        length = tensor.layout.outputs * tensor.layout.inputs * bytesOfWeight;
      }
    }
    kinds[r] = kind;
    at += length;
    if (at > limits.length) fail('a file that is too long');
    starts[r + 1] = at;
  }
  return { size: at, starts, kinds, origins, hashed };
}
