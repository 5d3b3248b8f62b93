/**
 * Makes the checksums that a format keeps inside its own files right again (the CRC-32 of a zip's entries):
 * what a restored file says of itself must be true. The checksum of a hole follows from those of its coded
 * blocks, so nothing is decoded.
 * Limits: a checksum whose four bytes lie in a copied stretch, over stretches that keep their places.
 */
import { readBytes } from '../../model/bytes.ts';
import { crc32 } from '../../model/crc32.ts';
import { combineCrc32 } from '../../model/crc32-combine.ts';
import type { Model, Seal, Segment } from '../../model/model.ts';
import { weightsOfBlock } from '../code/encode-block.ts';
import { bytesOf } from '../code/restore.ts';
import type { CodedTensor } from '../coded.ts';

const pieceBytes = 1 << 20;

/** A segment and where it lies in the restored file. */
interface Placed {
  readonly segment: Segment;
  readonly start: number;
  readonly end: number;
}

export function sealed(
  model: Model,
  layout: readonly (readonly Segment[])[],
  coded: ReadonlyMap<number, CodedTensor>,
): Segment[][] {
  const { seals = [] } = model.writer;
  return layout.map((segments, file) => {
    const placed = placedOf(segments);
    const changed = new Map<number, Uint8Array>();
    // a format states one checksum in several places, one after another
    let last: { readonly seal: Seal; readonly bytes: Uint8Array } | undefined;
    for (const seal of seals) {
      if (seal.file !== file) continue;
      if (last?.seal.start !== seal.start || last.seal.end !== seal.end) {
        const within = overlapping(placed, seal);
        if (within.every(({ segment }) => segment.kind === 'copy')) continue;
        last = { seal, bytes: checksum(model, file, within, seal, coded) };
      }
      changed.set(seal.at, last.bytes);
    }
    return changed.size === 0 ? [...segments] : placed.flatMap((p) => withLiterals(p, changed));
  });
}

function placedOf(segments: readonly Segment[]): Placed[] {
  let at = 0;
  return segments.map((segment) => {
    const start = at;
    at += segment.kind === 'literal' ? segment.bytes.length : segment.length;
    return { segment, start, end: at };
  });
}

/** `placed` is in order and without gaps. */
function overlapping(placed: readonly Placed[], { start, end }: Seal): readonly Placed[] {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placed[middle].end > start) high = middle;
    else low = middle + 1;
  }
  let to = low;
  while (to < placed.length && placed[to].start < end) to++;
  return placed.slice(low, to);
}

function checksum(
  model: Model,
  file: number,
  within: readonly Placed[],
  seal: Seal,
  coded: ReadonlyMap<number, CodedTensor>,
): Uint8Array {
  let crc = 0;
  for (const { segment, start, end } of within) {
    const from = Math.max(start, seal.start) - start;
    const to = Math.min(end, seal.end) - start;
    if (segment.kind === 'literal') crc = crc32(segment.bytes.subarray(from, to), crc);
    else if (segment.kind === 'copy') {
      const { source } = model.files[file];
      for (let at = from; at < to; at += pieceBytes)
        crc = crc32(readBytes(source, segment.offset + at, Math.min(pieceBytes, to - at)), crc);
    } else if (from > 0 || end > seal.end) {
      throw new Error(`a checksum ends inside tensor ${segment.tensor}`);
    } else crc = overHole(crc, coded.get(segment.tensor));
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, crc, true);
  return bytes;
}

function overHole(before: number, coded: CodedTensor | undefined): number {
  if (!coded) throw new Error('a hole without a coded tensor');
  const width = bytesOf(coded.dtype);
  return coded.blocks.reduce(
    (crc, block, i) => combineCrc32(crc, block.crc32, weightsOfBlock(coded.weights, i) * width),
    before,
  );
}

/** A copied stretch with the new checksums in the place of the old ones. */
function withLiterals(
  { segment, start }: Placed,
  changed: ReadonlyMap<number, Uint8Array>,
): Segment[] {
  if (segment.kind !== 'copy') return [segment];
  const inside = [...changed]
    .filter(([at]) => at >= start && at + 4 <= start + segment.length)
    .sort(([a], [b]) => a - b);
  const parts: Segment[] = [];
  let done = 0;
  for (const [at, bytes] of inside) {
    const before = at - start - done;
    if (before > 0) parts.push({ kind: 'copy', offset: segment.offset + done, length: before });
    parts.push({ kind: 'literal', bytes });
    done = at - start + 4;
  }
  if (done < segment.length)
    parts.push({ kind: 'copy', offset: segment.offset + done, length: segment.length - done });
  return parts;
}
