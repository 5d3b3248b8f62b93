/**
 * A `customCache` for transformers.js (3.8 or newer): where it asks for `model.onnx` and a `model.dcz`
 * lies beside it, it gets the model decoded. `deep-compression/decode/transformers`.
 *
 *     env.useCustomCache = true;
 *     env.customCache = dczCache();
 */
import { dczAddress, fetchDcz } from './address.ts';
import { decodeInWorker } from '../decode/in-worker.ts';

/** What transformers.js asks of a cache. */
export interface CustomCache {
  match(request: string): Promise<Response | undefined>;
  put(request: string, response: Response): Promise<void>;
}

/** The part of the web's `Cache` that is used. */
export type KeptFiles = Pick<Cache, 'match' | 'put'>;

/**
 * @param kept where files are kept between visits, as `await caches.open('models')`: `.dcz` files as they
 *   are, and only once they were decoded whole; the other files that transformers.js gives
 */
export function dczCache(kept?: KeptFiles): CustomCache {
  return {
    async match(request) {
      const address = dczAddress(request);
      const known = await kept?.match(address ?? request);
      if (address === undefined || !/^https?:/.test(address)) return known;
      try {
        if (known) return await modelResponse(known);
        const response = await fetchDcz(address);
        if (response.status === 404) {
          await response.body?.cancel();
          return await kept?.match(request);
        }
        const copy = kept && response.clone();
        const model = await modelResponse(response);
        if (copy) await kept?.put(address, copy);
        return model;
      } catch (error) {
        return brokenResponse(error);
      }
    },
    async put(request, response) {
      if (dczAddress(request) === undefined || response.ok) await kept?.put(request, response);
    },
  };
}

/**
 * A response whose reading fails with `error`. transformers.js takes a cache that throws for one that has
 * nothing, and would say that there is no `.onnx`; what reading a response throws it passes on. Browsers
 * replace the error of a stream in `arrayBuffer`, though not in the stream's reader.
 */
function brokenResponse(error: unknown): Response {
  const body = new ReadableStream({ start: (controller) => controller.error(error) });
  const arrayBuffer = (): Promise<never> => Promise.reject(error as Error);
  return Object.defineProperty(new Response(body), 'arrayBuffer', { value: arrayBuffer });
}

/** @throws DeepCompressionError as `decode`. */
async function modelResponse(dcz: Response): Promise<Response> {
  const model = await decodeInWorker(dcz);
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(model.length),
  };
  return new Response(model, { headers });
}
