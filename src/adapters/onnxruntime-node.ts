/** A session of ONNX Runtime in Node from a `.dcz`: `deep-compression/decode/onnxruntime-node`. */
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InferenceSession } from 'onnxruntime-node';
import { fetchDcz } from './address.ts';
import type { DecodeOptions } from '../decode/decode.ts';
import { decodeInWorker } from '../decode/in-worker.ts';
import type { DecodeSource } from '../decode/input.ts';

/**
 * Reads or fetches a `.dcz`, decodes it in a worker and makes a session of it.
 * @param place a path, a `file:` URL or an address on the web
 * @param options of the session and of decoding; `signal` covers the transfer too
 * @throws DeepCompressionError as `decode`; what ONNX Runtime throws for the model
 */
export async function createSession(
  place: string | URL,
  { signal, onProgress, ...options }: InferenceSession.SessionOptions & DecodeOptions = {},
): Promise<InferenceSession> {
  const decoding = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
  const parts = await decodeInWorker(await open(place, signal), { ...decoding, external: 'blob' });
  // the native runtime takes arrays, no Blobs
  const weights = parts.externalData.map(async ({ path, data }) => ({
    path,
    data: new Uint8Array(await data.arrayBuffer()),
  }));
  const externalData = [...(options.externalData ?? []), ...(await Promise.all(weights))];
  return InferenceSession.create(parts.model, { ...options, externalData });
}

function open(
  place: string | URL,
  signal: AbortSignal | undefined,
): DecodeSource | Promise<Response> {
  const address = String(place);
  if (/^https?:/i.test(address)) return fetchDcz(place, signal);
  const path = /^file:/i.test(address) ? fileURLToPath(place) : address;
  return Object.assign(chunksOf(path), { path });
}

/** Opens the file when its first bytes are asked for, so that who asks learns that there is none. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  for await (const chunk of createReadStream(path)) yield chunk as Uint8Array;
}
