/** What a program and its decoding worker tell each other. The worker asks for every chunk. */
import { DeepCompressionError, type ErrorCode } from '../model/errors.ts';
import type { ModelWithExternalData } from './apart.ts';
import type { DecodeProgress } from './decode.ts';

export type ToWorker =
  | { readonly kind: 'start'; readonly name: string; readonly external: 'blob' | undefined }
  /** The next bytes, undefined after the last. */
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array | undefined }
  /** The transfer failed with this. */
  | { readonly kind: 'broken'; readonly error: ToldError };

export type FromWorker =
  | { readonly kind: 'pull' }
  | { readonly kind: 'progress'; readonly progress: DecodeProgress }
  | {
      readonly kind: 'done';
      readonly result: Uint8Array<ArrayBuffer> | ModelWithExternalData;
    }
  | { readonly kind: 'failed'; readonly error: ToldError };

/** An error as it crosses; one without a code is a defect. */
export interface ToldError {
  readonly code: ErrorCode | undefined;
  readonly message: string;
}

export function told(error: unknown): ToldError {
  if (error instanceof DeepCompressionError) return { code: error.code, message: error.message };
  return { code: undefined, message: String(error) };
}

export function revived({ code, message }: ToldError): Error {
  return code === undefined ? new Error(message) : new DeepCompressionError(code, message);
}
