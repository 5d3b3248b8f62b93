/**
 * Where bytes come from and go to. The model, container and compression rooms know only these two
 * interfaces; `platform/` implements them over file descriptors and memory. Both are synchronous:
 * everything that parses or computes runs in a worker thread, never in the extension host.
 */
export interface ByteSource {
  /** What to call it in an error line: a path or a label. */
  readonly name: string;
  /** Length in bytes; fixed for the life of the source. */
  readonly size: number;
  /**
   * Fills the whole of `target` with the bytes from `offset` on.
   * @throws DeepCompressionError `io` when the range is not there (also: the file shrank meanwhile).
   */
  readInto(target: Uint8Array, offset: number): void;
}

export interface ByteSink {
  /** Appends a copy of `bytes`. @throws DeepCompressionError `io` (disk full, …). */
  write(bytes: Uint8Array): void;
}

/** Bytes `[offset, offset + length)` of a source, as a fresh array. */
export function readBytes(
  source: ByteSource,
  offset: number,
  length: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  source.readInto(bytes, offset);
  return bytes;
}
