/**
 * A service worker that answers a request for `X.onnx` with `X.dcz` decoded, so that a site needs no
 * change of its code. It is a whole script: copy it to the site, or import it from your own service worker.
 * Where there is no `X.dcz`, or no server answers for it, the request goes on as it was; when decoding fails, the answer is the status
 * 502 with the line that says why.
 */
import { dczAddress } from './address.ts';
import { decode } from '../decode/decode.ts';

/** What of the web's `FetchEvent` is used. */
interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

addEventListener('fetch', (event) => {
  const { request, respondWith } = event as FetchEvent;
  const address = request.method === 'GET' ? dczAddress(request.url) : undefined;
  if (address !== undefined) respondWith.call(event, answer(request, address));
});

async function answer(request: Request, address: string): Promise<Response> {
  const { credentials, signal } = request;
  const response = await fetch(address, { credentials, signal }).catch(() => undefined);
  if (response === undefined || response.status === 404) {
    await response?.body?.cancel();
    return fetch(request);
  }
  try {
    const model = await decode(response, { signal });
    return new Response(model, { headers: { 'content-type': 'application/octet-stream' } });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return new Response(why, { status: 502, statusText: 'Bad .dcz' });
  }
}
