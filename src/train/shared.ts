/** Arrays that several threads see: their buffers are shared, not copied, when they are sent. */

import { sharedBuffer } from '../model/shared-buffer.ts';

export function sharedFloats(length: number): Float32Array {
  return new Float32Array(sharedBuffer(4 * length));
}

export function isShared(array: Float32Array): boolean {
  return !(array.buffer instanceof ArrayBuffer);
}
