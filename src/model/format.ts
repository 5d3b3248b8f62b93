/**
 * What a model format is to the rest of the program: how a file of it is told by its content, and how it
 * is opened. One folder below `src/model` holds one; `formats.ts` lists them.
 */
import type { ByteSource } from './bytes.ts';
import type { Model } from './model.ts';

/**
 * Opens a file that the model names, by its location relative to the model's folder.
 * @throws DeepCompressionError `not-found` when there is none
 */
export type OpenCompanion = (location: string) => ByteSource;

export interface Format {
  /** Whether a file is of this format, by its first bytes, else by other short reads. */
  readonly sniff: (head: Uint8Array, source: ByteSource) => boolean;
  /**
   * Indexes a file without reading a tensor's payload.
   * @param path what to call it
   * @throws DeepCompressionError `invalid-model` in one line
   */
  readonly open: (path: string, source: ByteSource, companion: OpenCompanion) => Model;
}
