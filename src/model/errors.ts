/**
 * The one error class of the engine. Every failure a user can cause or meet carries a code (for
 * programs) and one line that says what is wrong and what to do (for people). Anything else that is
 * thrown is a defect of ours.
 */
import { plainText } from './plain-text.ts';

export type ErrorCode =
  | 'not-found' // a file or model part that was named does not exist
  | 'invalid-model' // the bytes are not a well-formed model
  | 'invalid-container' // the bytes are not a well-formed .dcz file, or a checksum does not match
  | 'invalid-recipe' // a preset or recipe that breaks its schema
  | 'invalid-input' // a value the user gave that cannot be used
  | 'no-labels' // samples that say no answers where some are needed
  | 'unsupported' // well-formed, but something this version does not do
  | 'io' // reading or writing failed: disk full, no permission, file changed underneath
  | 'exists' // an output that is already there and was not confirmed
  | 'verification' // what was written does not decode to what was meant
  | 'changed' // a file that was open for viewing is not the same any more, or its view was closed
  | 'crashed' // a worker thread died: out of memory, or killed
  | 'cancelled';

/** Characters of an error line; names of files and of layers in it may be longer. */
const longestLine = 1000;

export class DeepCompressionError extends Error {
  override readonly name = 'DeepCompressionError';

  constructor(
    readonly code: ErrorCode,
    /** One line, no full stop needed, no stack: cleaned and cut, it is shown to the user as it is. */
    message: string,
    options?: { cause?: unknown },
  ) {
    super(plainText(message, longestLine), options);
  }
}

/** Throws the one cancellation error when `signal` was aborted; call it once a block. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DeepCompressionError('cancelled', 'cancelled');
}
