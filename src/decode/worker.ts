/** The decoding worker: decodes one `.dcz`, whose chunks it asks for. */
import { decodeInput } from './decode.ts';
import type { Input } from './input.ts';
import { revived, told, type FromWorker, type ToWorker } from './messages.ts';
import { ownPort } from './port.ts';

const port = ownPort<FromWorker, ToWorker>();
let waiting: { resolve(bytes: Uint8Array | undefined): void; reject(why: Error): void } | undefined;

port.listen(
  (message) => {
    if (message.kind === 'start') void run(message.name, message.external);
    else if (message.kind === 'chunk') waiting?.resolve(message.bytes);
    else waiting?.reject(revived(message.error));
  },
  () => undefined,
);

async function run(name: string, external: 'blob' | undefined): Promise<void> {
  const input: Input = {
    name,
    next: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        port.post({ kind: 'pull' });
      }),
    cancel: () => undefined,
  };
  try {
    const result = await decodeInput(input, {
      external,
      onProgress: (progress) => port.post({ kind: 'progress', progress }),
    });
    const model = result instanceof Uint8Array ? result : result.model;
    port.post({ kind: 'done', result }, [model.buffer]);
  } catch (error) {
    port.post({ kind: 'failed', error: told(error) });
  }
}
