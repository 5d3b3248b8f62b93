/**
 * Proves that a written .dcz decodes to what was meant, before it gets its name: every block is
 * read back, decoded and compared with the codes that the original weights were assigned; every
 * other byte of every file is compared with the original's; and the restored files open as a model
 * with the same tensors.
 */
import { host } from '#host';
import type { TensorCoding } from '../../compress/code/encode-block.ts';
import { blockWeights, type CodedTensor } from '../../compress/coded.ts';
import { assignmentOfBlock } from '../../compress/share/assignment.ts';
import type { CompressionPlan } from '../../compress/pipeline.ts';
import type { ResultOf } from '../../compress/tasks.ts';
import { readHashedBytes } from '../../container/hashed-bytes.ts';
import type { HashedTensors } from '../../container/rest-plan.ts';
import { openDcz, type Dcz } from '../../container/read.ts';
import { DeepCompressionError, throwIfCancelled } from '../../model/errors.ts';
import type { ByteSource } from '../../model/bytes.ts';
import type { Model, Segment } from '../../model/model.ts';
import { ahead } from '../ahead.ts';
import { restoredModel } from '../restored.ts';
import type { Crew } from '../pool.ts';
import type { OnProgress } from './progress.ts';

const pieceBytes = 1 << 20;

export interface Meant {
  readonly model: Model;
  readonly layout: readonly (readonly Segment[])[];
  readonly plan: CompressionPlan;
  readonly hashed: HashedTensors;
}

/** @throws DeepCompressionError `verification`, naming what differs */
export async function verifyDcz(
  written: ByteSource,
  meant: Meant,
  crew: Crew,
  signal: AbortSignal,
  onProgress: OnProgress,
): Promise<void> {
  const dcz = openDcz(written);
  const weights = meant.plan.tensors.reduce((sum, t) => sum + t.coded.weights, 0);
  let verified = 0;
  await verifyRest(dcz, meant, signal);
  for await (const { item, result } of ahead(blocksOf(dcz, meant), crew.size * 2 + 1, (block) =>
    verifyBlock(dcz, meant, block, crew),
  )) {
    throwIfCancelled(signal);
    const { name } = meant.model.tensors[item.tensor];
    if (result.difference >= 0) differs(`weight ${result.difference} of ${name}`);
    verified += result.weights;
    onProgress({ stage: 'verify', layer: name, fraction: verified / weights });
  }
  if (verified !== weights) differs(`${verified} of ${weights} weights were found`);
  verifyTensors(restoredModel(meant.model.path, dcz), meant.model);
}

interface Block {
  /** Position in `CompressionPlan.tensors`, and in `Dcz.tensors`. */
  readonly index: number;
  readonly position: number;
  readonly tensor: number;
  readonly block: number;
}

function* blocksOf(dcz: Dcz, { plan, model }: Meant): Generator<Block> {
  const planned = new Map(plan.tensors.map((t, i) => [t.coded.tensor, i]));
  if (dcz.tensors.length !== planned.size)
    differs(`${dcz.tensors.length} compressed tensors instead of ${planned.size}`);
  for (const [position, { coded }] of dcz.tensors.entries()) {
    const index = planned.get(coded.tensor);
    if (index === undefined) return differs(`there is a tensor ${coded.tensor}`);
    const { weights } = plan.tensors[index].coded;
    if (coded.weights !== weights) differs(`the length of ${model.tensors[coded.tensor].name}`);
    for (let block = 0; block * blockWeights < weights; block++)
      yield { index, position, tensor: coded.tensor, block };
  }
}

async function verifyBlock(
  dcz: Dcz,
  { plan, model }: Meant,
  { index, position, tensor, block }: Block,
  crew: Crew,
): Promise<ResultOf<'verify'>> {
  const planned = plan.tensors[index];
  const read = dcz.tensors[position].coded;
  // What is decoded is what was read back; the plan gives the assignment and nothing else.
  const { entries, values, gaps, crc32 } = read.blocks[block];
  if (crc32 !== planned.coded.blocks[block].crc32)
    differs(`a checksum of ${model.tensors[tensor].name}`);
  const task = {
    kind: 'verify',
    block,
    assignment: assignmentOfBlock(planned.assignment, block),
    coding: codingOf(read),
    coded: { entries, values, gaps, crc32 },
  } as const;
  return (await crew.perform({ kind: 'task', tensor, task })) as ResultOf<'verify'>;
}

/** A tensor without its blocks: what a thread needs to decode one of them. */
function codingOf(coded: CodedTensor): TensorCoding {
  const { tensor, dtype, weights, codebook, grid, coder, indexBits } = coded;
  const { valueLengths, gapLengths, rowLength, kernelLength } = coded;
  return {
    tensor,
    dtype,
    weights,
    codebook,
    ...(grid !== undefined && { grid }),
    coder,
    indexBits,
    valueLengths,
    gapLengths,
    rowLength,
    kernelLength,
  };
}

/** Everything that is no hole, and the weights of hashed tensors, byte by byte. */
async function verifyRest(
  dcz: Dcz,
  { model, layout, hashed }: Meant,
  signal: AbortSignal,
): Promise<void> {
  if (dcz.files.length !== layout.length) differs(`${dcz.files.length} files`);
  for (let file = 0; file < layout.length; file++) {
    const { location, source } = model.files[file];
    const restored = dcz.fileSource(file);
    const size = layout[file].reduce((sum, s) => sum + lengthOf(s), 0);
    if (dcz.files[file].location !== location) differs(`the name of ${location || model.path}`);
    if (restored.size !== size) differs(`the length of ${location || model.path}`);
    let at = 0;
    for (const segment of layout[file]) {
      const shared = segment.kind === 'hole' ? hashed.get(segment.tensor) : undefined;
      const compared = segment.kind !== 'hole' || shared !== undefined;
      for (let done = 0; compared && done < lengthOf(segment); done += pieceBytes) {
        const length = Math.min(pieceBytes, lengthOf(segment) - done);
        const found = new Uint8Array(length);
        restored.readInto(found, at + done);
        let expected: Uint8Array;
        if (segment.kind === 'literal') expected = segment.bytes.subarray(done, done + length);
        else {
          expected = new Uint8Array(length);
          if (segment.kind === 'copy') source.readInto(expected, segment.offset + done);
          else readHashedBytes(shared!.layout, shared!.values, done, expected);
        }
        for (let i = 0; i < length; i++)
          if (found[i] !== expected[i])
            differs(`byte ${at + done + i} of ${location || model.path}`);
        if (length === pieceBytes) await host.turn();
        throwIfCancelled(signal);
      }
      at += lengthOf(segment);
    }
  }
}

function lengthOf(segment: Segment): number {
  return segment.kind === 'literal' ? segment.bytes.length : segment.length;
}

/** The restored model has the same tensors in the same places. */
function verifyTensors(restored: Model, original: Model): void {
  if (restored.tensors.length !== original.tensors.length)
    differs(`${restored.tensors.length} tensors instead of ${original.tensors.length}`);
  original.tensors.forEach((t, i) => {
    const r = restored.tensors[i];
    const same =
      r.name === t.name &&
      r.path === t.path &&
      r.dtype === t.dtype &&
      r.role === t.role &&
      r.op === t.op &&
      r.file === t.file &&
      r.shape.length === t.shape.length &&
      r.shape.every((d, k) => d === t.shape[k]);
    if (!same) differs(`the tensor ${t.name}`);
  });
}

function differs(what: string): never {
  throw new DeepCompressionError(
    'verification',
    `the written file does not restore the model (${what} differs), so it was not kept: this is a defect, please report it`,
  );
}
