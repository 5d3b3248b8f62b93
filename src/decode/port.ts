/**
 * Either end of a worker, alike in browsers, Deno and Bun, which have web workers, and in Node, which has
 * its own. Node's module is asked for at run time, so that bundlers for the web meet no import of it.
 */

export interface Port<Out, In> {
  post(message: Out, transfer?: ArrayBuffer[]): void;
  listen(onMessage: (message: In) => void, onError: (why: string) => void): void;
  close(): void;
}

/** The worker of this package, running. */
export function startWorker<Out, In>(): Port<Out, In> {
  // this very expression is what bundlers look for
  if (typeof Worker === 'function') {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    return {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      listen(onMessage, onError) {
        worker.onmessage = ({ data }: MessageEvent<In>) => onMessage(data);
        worker.onerror = (event) => {
          event.preventDefault();
          onError(event.message || 'its file cannot be loaded');
        };
      },
      close: () => worker.terminate(),
    };
  }
  const worker = new (nodeThreads().Worker)(new URL('./worker.js', import.meta.url));
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    listen(onMessage, onError) {
      worker.on('message', onMessage);
      worker.on('error', ({ message }) => onError(message));
    },
    close: () => void worker.terminate(),
  };
}

/** The other end, seen from the worker. */
export function ownPort<Out, In>(): Port<Out, In> {
  const parent = typeof self === 'object' ? undefined : nodeThreads().parentPort;
  return {
    post(message, transfer = []) {
      if (parent) parent.postMessage(message, transfer);
      else self.postMessage(message, { transfer });
    },
    listen(onMessage) {
      if (parent) parent.on('message', onMessage);
      else self.onmessage = ({ data }: MessageEvent<In>) => onMessage(data);
    },
    close() {},
  };
}

const nodeThreads = () => process.getBuiltinModule('node:worker_threads');
