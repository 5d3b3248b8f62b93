/**
 * Where bytes come from and go to. The model, container and compression rooms know only these two
 * interfaces; `platform/` implements them over file descriptors and memory. Both are synchronous:
 * everything that parses or computes runs in a worker thread, never in the extension host.
 */
import { DeepCompressionError } from './errors.ts';

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
  checkRange(source, offset, length);
  const bytes = new Uint8Array(length);
  source.readInto(bytes, offset);
  return bytes;
}

/** Enough of a file to tell what it is. */
export function headOf(source: ByteSource): Uint8Array<ArrayBuffer> {
  return readBytes(source, 0, Math.min(source.size, 512));
}

/** Refuses a range that is not wholly inside the source, before anything is allocated for it. */
export function checkRange(source: ByteSource, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= source.size) return;
  throw new DeepCompressionError(
    'io',
    `${source.name}: bytes ${offset} to ${offset + length} were asked for, but it has ${source.size}`,
  );
}

/** A source over bytes in memory; they are used in place and must not change meanwhile. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  const source: ByteSource = {
    name,
    size: bytes.length,
    readInto(target, offset) {
      checkRange(source, offset, target.length);
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
  return source;
}

/** A sink that keeps everything; `take` returns it (a view of the sink's own buffer). */
export function memorySink(): ByteSink & { take(): Uint8Array<ArrayBuffer> } {
  let buffer = new Uint8Array(1024);
  let length = 0;
  return {
    write(bytes) {
      if (length + bytes.length > buffer.length) {
        const larger = new Uint8Array(Math.max(2 * buffer.length, length + bytes.length));
        larger.set(buffer.subarray(0, length));
        buffer = larger;
      }
      buffer.set(bytes, length);
      length += bytes.length;
    },
    take: () => buffer.subarray(0, length),
  };
}

/** All bytes of a source in their order, a megabyte at a time. */
export function* piecesOf(source: ByteSource): Generator<Uint8Array> {
  const step = 1 << 20;
  for (let at = 0; at < source.size; at += step)
    yield readBytes(source, at, Math.min(step, source.size - at));
}
