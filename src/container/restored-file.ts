/**
 * A file of the model as it will be restored, for reading anywhere: bytes outside compressed tensors
 * come from the packed rest, those inside are decoded, a block at a time, when they are read, and hashed
 * weights computed.
 */
import { bytesOf } from '../compress/code/restore.ts';
import { blockWeights, type CodedTensor } from '../compress/coded.ts';
import { checkRange, type ByteSource } from '../model/bytes.ts';
import type { PayloadDecoder } from './payload-decoder.ts';
import { hashedChannel, hashedKind, holeKind } from './format.ts';
import { bytesOfWeight } from './hashed.ts';
import { readHashedBytes, valuesOf } from './hashed-bytes.ts';
import type { IndexedFile } from './index-types.ts';
import type { RestReader } from './rest-reader.ts';

export function restoredFile(
  name: string,
  file: IndexedFile,
  rest: RestReader,
  coded: (hole: number) => CodedTensor,
  decoder: PayloadDecoder,
): ByteSource {
  const { size, starts, kinds, origins, hashed } = file;
  let last: { readonly run: number; readonly values: Float32Array } | undefined;
  const valuesOfRun = (run: number, count: number): Float32Array => {
    if (last?.run === run) return last.values;
    const stored = new Uint8Array(count * bytesOfWeight);
    rest.read(hashedChannel, origins[run], stored);
    last = { run, values: valuesOf(stored) };
    return last.values;
  };
  const source: ByteSource = {
    name,
    size,
    readInto(target, offset) {
      checkRange(source, offset, target.length);
      const end = offset + target.length;
      for (let r = runAt(starts, offset), at = offset; at < end; r++) {
        const to = Math.min(end, starts[r + 1]);
        const part = target.subarray(at - offset, to - offset);
        const within = at - starts[r];
        if (part.length === 0) continue; // the hole of an empty tensor
        if (kinds[r] === hashedKind) {
          const { layout } = hashed.get(r)!;
          readHashedBytes(layout, valuesOfRun(r, layout.values), within, part);
        } else if (kinds[r] === holeKind) readPayload(coded(origins[r]), within, part, decoder);
        else rest.read(kinds[r], origins[r] + within, part);
        at = to;
      }
    },
  };
  return source;
}

/** The last run that starts at or before `offset`; `starts` as in `IndexedFile`. */
export function runAt(starts: Float64Array, offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= offset) low = middle;
    else high = middle;
  }
  return low;
}

/** Fills `target` with the payload of a tensor from byte `offset` on. */
function readPayload(
  coded: CodedTensor,
  offset: number,
  target: Uint8Array,
  decoder: PayloadDecoder,
): void {
  const blockBytes = blockWeights * bytesOf(coded.dtype);
  const payload = coded.weights * bytesOf(coded.dtype);
  for (let done = 0; done < target.length;) {
    const at = offset + done;
    const block = Math.floor(at / blockBytes);
    const start = block * blockBytes;
    const end = Math.min(payload, start + blockBytes);
    const part = target.subarray(done, done + Math.min(end - at, target.length - done));
    if (part.length === end - start) decoder.read(coded, block, part);
    else part.set(decoder.cached(coded, block).subarray(at - start, at - start + part.length));
    done += part.length;
  }
}
