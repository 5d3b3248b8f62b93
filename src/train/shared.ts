/** Arrays that several threads see: their buffers are shared, not copied, when they are sent. */

export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

export function isShared(array: Float32Array): boolean {
  return array.buffer instanceof SharedArrayBuffer;
}
