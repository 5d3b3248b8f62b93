/** Restored bytes on their way into a result: the rest of the model first, then the tensors' blocks. */
import { DeepCompressionError } from '../model/errors.ts';
import type { Place } from './placement.ts';

/** Takes restored bytes: all of the rest, `restDone`, then every block of every hole in order. */
export interface Restored<T> {
  /** `bytes` belong at byte `at` of the run `place`. */
  rest(place: Place, at: number, bytes: Uint8Array): void;
  restDone(): void;
  /** `bytes` belong at byte `at` of hole number `hole`; they are overwritten after the call. */
  block(hole: number, at: number, bytes: Uint8Array<ArrayBuffer>): void;
  finish(): T;
}

/** Memory for a restored file. @throws DeepCompressionError `unsupported` when there is not enough. */
export function room(name: string, length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const size = `${Math.ceil(length / 1e6)} MB`;
    throw new DeepCompressionError(
      'unsupported',
      `${name}: out of memory: the model takes ${size} in one piece: decode it with external: 'blob'`,
      { cause },
    );
  }
}
