/** Weights of hashed tensors as bytes, computed when they are read, a stretch at a time. */
import { hashedWeights, type HashedLayout } from '../compress/hash/places.ts';
import { bytesOfWeight } from './hashed.ts';

/** The shared values from the bytes of the channel. */
export function valuesOf(stored: Uint8Array): Float32Array {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  return Float32Array.from({ length: stored.length / bytesOfWeight }, (_, k) =>
    view.getFloat32(bytesOfWeight * k, true),
  );
}

export function bytesOfValues(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(bytesOfWeight * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, k) => view.setFloat32(bytesOfWeight * k, value, true));
  return bytes;
}

/** Weights at a time: what is computed beside what was asked for stays small. */
const stretch = 4096;

/** Fills `target` with the payload from byte `offset` on. */
export function readHashedBytes(
  layout: HashedLayout,
  values: Float32Array,
  offset: number,
  target: Uint8Array,
): void {
  const weights = new Float32Array(stretch);
  const end = offset + target.length;
  for (let at = offset; at < end;) {
    const from = Math.floor(at / bytesOfWeight);
    const to = Math.min(from + stretch, Math.ceil(end / bytesOfWeight));
    const part = weights.subarray(0, to - from);
    hashedWeights(layout, values, from, part);
    const skipped = at - from * bytesOfWeight;
    const bytes = bytesOfValues(part).subarray(skipped, skipped + end - at);
    target.set(bytes, at - offset);
    at += bytes.length;
  }
}
