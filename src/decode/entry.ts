/** What `deep-compression/decode` exports. */
export { decode, type DecodeOptions, type DecodeProgress } from './decode.ts';
export { decodeInWorker } from './in-worker.ts';
export type { DecodeSource } from './input.ts';
export type { ModelWithExternalData } from './apart.ts';
export { DeepCompressionError, type ErrorCode } from '../model/errors.ts';
