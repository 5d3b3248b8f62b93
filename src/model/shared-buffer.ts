/** Memory that threads see together, where there is any: pages that are not isolated have none, and copy. */
export function sharedBuffer(bytes: number): ArrayBufferLike {
  return canShare() ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
}

export function canShare(): boolean {
  return typeof SharedArrayBuffer === 'function';
}
