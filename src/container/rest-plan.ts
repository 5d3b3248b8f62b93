/**
 * Which channel every byte outside the compressed tensors goes to. Payloads of float tensors that
 * stay as they are (biases above all) are told from structure by asking the model for a layout with
 * all of them cut out; what lies between the same neighbours there and in the file is a payload.
 */
import { bytesOf } from '../compress/code/restore.ts';
import { isCompressible } from '../model/dtype.ts';
import type { HoleEncoding, Model, Segment } from '../model/model.ts';
import { elementSizes, hashedKind, holeKind } from './format.ts';
import type { HashedTensor } from './hashed.ts';
import { bytesOfValues } from './hashed-bytes.ts';

/** A run of one file, before packing: bytes of a channel, a hole, or a hashed tensor and its shared values. */
export type PlannedRun =
  | { readonly kind: typeof holeKind; readonly tensor: number; readonly length: number }
  | {
      readonly kind: typeof hashedKind;
      readonly hashed: HashedTensor;
      readonly length: number;
      readonly pieces: RestBytes[];
    }
  | { readonly kind: number; readonly length: number; readonly pieces: RestBytes[] };

/** Rest bytes: in memory, or in a file of the model. */
export type RestBytes =
  | { readonly bytes: Uint8Array; readonly length: number }
  | { readonly file: number; readonly offset: number; readonly length: number };

/** Shorter payloads are left among the structural bytes. */
const shortestPayload = 64;

interface Payload {
  readonly offset: number;
  readonly length: number;
  readonly channel: number;
}

/** Float payloads of each file that stand in it exactly as little-endian elements. */
export function floatPayloads(model: Model): Payload[][] {
  const floats = new Set<number>();
  for (const t of model.tensors) {
    if (isCompressible(t.dtype) && model.writer.whyNotReplaceable(t) === undefined)
      floats.add(t.id);
  }
  if (floats.size === 0) return model.files.map(() => []);
  const layout = model.writer.layout(floats);
  return layout.map((segments, i) => payloadsOf(segments, model.files[i].source.size));
}

function payloadsOf(segments: readonly Segment[], size: number): Payload[] {
  const found: Payload[] = [];
  let end = 0; // of the last copy
  let between: Segment[] = [];
  const close = (next: number): void => {
    let length = 0;
    for (const s of between) length += s.kind === 'hole' ? s.length : NaN;
    if (length === next - end) {
      let offset = end;
      for (const s of between) {
        if (s.kind !== 'hole') continue;
        const channel = channelOf(s.encoding);
        if (s.length >= shortestPayload) found.push({ offset, length: s.length, channel });
        offset += s.length;
      }
    }
    between = [];
  };
  for (const s of segments) {
    if (s.kind === 'copy') {
      close(s.offset);
      end = s.offset + s.length;
    } else between.push(s);
  }
  close(size);
  return found;
}

function channelOf(encoding: HoleEncoding): number {
  return elementSizes.findIndex((n) => n === bytesOf(encoding));
}

/** The hashed tensors of a file, by their ids. */
export type HashedTensors = ReadonlyMap<
  number,
  Pick<HashedTensor, 'layout'> & { readonly values: Float32Array }
>;

/** Runs of one file; neighbours of the same channel are one run. `payloads` ascend. */
export function planRuns(
  file: number,
  segments: readonly Segment[],
  payloads: readonly Payload[],
  hashed: HashedTensors = new Map(),
): PlannedRun[] {
  const runs: PlannedRun[] = [];
  let next = 0; // payload
  const add = (kind: number, piece: RestBytes): void => {
    if (piece.length === 0) return;
    const last = runs.at(-1);
    if (last?.kind === kind && 'pieces' in last) {
      last.pieces.push(piece);
      runs[runs.length - 1] = { ...last, length: last.length + piece.length };
    } else runs.push({ kind, length: piece.length, pieces: [piece] });
  };
  for (const s of segments) {
    const shared = s.kind === 'hole' ? hashed.get(s.tensor) : undefined;
    if (s.kind === 'hole' && shared) {
      const bytes = bytesOfValues(shared.values);
      runs.push({
        kind: hashedKind,
        hashed: { tensor: s.tensor, layout: shared.layout },
        length: bytes.length,
        pieces: [{ bytes, length: bytes.length }],
      });
    } else if (s.kind === 'hole') runs.push({ kind: holeKind, tensor: s.tensor, length: s.length });
    else if (s.kind === 'literal') {
      const channel = s.elements ? channelOf(s.elements) : 0;
      add(channel, { bytes: s.bytes, length: s.bytes.length });
    } else {
      const end = s.offset + s.length;
      let at = s.offset;
      for (; next < payloads.length && payloads[next].offset < end; next++) {
        const p = payloads[next];
        if (p.offset < at || p.offset + p.length > end) continue;
        add(0, { file, offset: at, length: p.offset - at });
        add(p.channel, { file, offset: p.offset, length: p.length });
        at = p.offset + p.length;
      }
      add(0, { file, offset: at, length: end - at });
    }
  }
  return runs;
}
