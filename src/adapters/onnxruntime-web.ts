/** A session of ONNX Runtime Web from a `.dcz`: `deep-compression/decode/onnxruntime-web`. */
import { InferenceSession } from 'onnxruntime-web';
import { fetchDcz } from './address.ts';
import type { DecodeOptions } from '../decode/decode.ts';
import { decodeInWorker } from '../decode/in-worker.ts';

/**
 * Fetches and decodes a `.dcz` in a worker and makes a session of it.
 * @param options of the session and of decoding; `signal` covers the transfer too
 * @throws DeepCompressionError as `decode`; what ONNX Runtime throws for the model
 */
export async function createSession(
  url: string | URL | Request,
  { signal, onProgress, ...options }: InferenceSession.SessionOptions & DecodeOptions = {},
): Promise<InferenceSession> {
  const decoding = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const response = await fetchDcz(url, signal);
  const parts = await decodeInWorker(response, { ...decoding, external: 'blob' });
  const externalData = [...(options.externalData ?? []), ...parts.externalData];
  return InferenceSession.create(parts.model, { ...options, externalData });
}
