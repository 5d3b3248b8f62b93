/** Fetching a `.dcz`, and where it lies when its model is asked for. */
import { DeepCompressionError, throwIfCancelled } from '../model/errors.ts';

/** `https://host/model.dcz?v=2` for `https://host/model.onnx?v=2`; undefined for what is no `.onnx`. */
export function dczAddress(url: string): string | undefined {
  const [path] = url.split(/[?#]/, 1);
  if (!/\.onnx$/i.test(path)) return undefined;
  return `${path.slice(0, -'.onnx'.length)}.dcz${url.slice(path.length)}`;
}

/** @throws DeepCompressionError `io` when no server answers, `cancelled`. */
export async function fetchDcz(
  url: string | URL | Request,
  signal?: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, signal ? { signal } : {});
  } catch (cause) {
    throwIfCancelled(signal);
    const address = url instanceof Request ? url.url : String(url);
    throw new DeepCompressionError('io', `${address}: no server answers: look at the address`, {
      cause,
    });
  }
}
