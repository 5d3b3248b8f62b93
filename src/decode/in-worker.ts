/** Decoding in a worker of its own: the program is never blocked, and cancelling ends the worker. */
import { DeepCompressionError, throwIfCancelled } from '../model/errors.ts';
import type { ModelWithExternalData } from './apart.ts';
import type { DecodeOptions } from './decode.ts';
import { openInput, type DecodeSource, type Input } from './input.ts';
import { revived, told, type FromWorker, type ToWorker } from './messages.ts';
import { startWorker } from './port.ts';

/** Larger chunks go to the worker in pieces, because they are copied on the way. */
const mostChunk = 1 << 20;

/**
 * As `decode`, in a worker. Once `signal` is aborted nothing of it goes on.
 * @throws DeepCompressionError as `decode`; `crashed` when the worker cannot be started or dies
 */
export function decodeInWorker(
  source: DecodeSource,
  options?: DecodeOptions & { readonly external?: undefined },
): Promise<Uint8Array<ArrayBuffer>>;
export function decodeInWorker(
  source: DecodeSource,
  options: DecodeOptions & { readonly external: 'blob' },
): Promise<ModelWithExternalData>;
export async function decodeInWorker(
  source: DecodeSource,
  options: DecodeOptions & { readonly external?: 'blob' | undefined } = {},
): Promise<Uint8Array<ArrayBuffer> | ModelWithExternalData> {
  const { signal, onProgress, external } = options;
  throwIfCancelled(signal);
  const input = openInput(source);
  const chunks = inPieces(input);
  const worker = startWorker<ToWorker, FromWorker>();
  const stop = new AbortController();
  try {
    return await new Promise((resolve, reject) => {
      const abort = (): void => reject(new DeepCompressionError('cancelled', 'cancelled'));
      signal?.addEventListener('abort', abort, { signal: stop.signal });
      const feed = async (): Promise<void> => {
        try {
          const bytes = await chunks();
          worker.post({ kind: 'chunk', bytes }, bytes ? [bytes.buffer] : []);
        } catch (error) {
          worker.post({ kind: 'broken', error: told(error) });
        }
      };
      worker.listen(
        (message) => {
          if (message.kind === 'pull') void feed();
          else if (message.kind === 'progress') onProgress?.(message.progress);
          else if (message.kind === 'done') resolve(message.result);
          else reject(revived(message.error));
        },
        (why) =>
          reject(new DeepCompressionError('crashed', `${input.name}: the decoding worker: ${why}`)),
      );
      worker.post({ kind: 'start', name: input.name, external });
    });
  } finally {
    stop.abort();
    worker.close();
    input.cancel();
  }
}

/** The chunks of an input as arrays of their own, none longer than `mostChunk`. */
function inPieces(input: Input): () => Promise<Uint8Array<ArrayBuffer> | undefined> {
  let left: Uint8Array | undefined;
  return async () => {
    if (!left?.length) left = await input.next();
    const piece = left && new Uint8Array(left.subarray(0, mostChunk)); // a copy of its own
    left = left?.subarray(mostChunk);
    return piece;
  };
}
