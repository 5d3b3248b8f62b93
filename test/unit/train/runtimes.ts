/** The two runtimes of the product, in process, for tests. */
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import type { Feeds, HostTensor, Runtime } from '../../../src/train/runtime.ts';

type Ort = typeof node | typeof web;

function runtimeOf(ort: Ort, options: object): Runtime {
  const library = ort as typeof node;
  return {
    async open(model) {
      const session = await library.InferenceSession.create(model, {
        logSeverityLevel: 3,
        intraOpNumThreads: 1,
        ...options,
      });
      return {
        async run(feeds: Feeds) {
          const inputs = Object.fromEntries(
            Object.entries(feeds).map(([name, { type, data, dims }]) => [
              name,
              new library.Tensor(type as 'float32', data as Float32Array, dims),
            ]),
          );
          const results = await session.run(inputs);
          return Object.fromEntries(
            Object.entries(results).map(([name, { type, dims, data }]) => [
              name,
              { type, dims, data: data as HostTensor['data'] },
            ]),
          );
        },
        close: () => session.release(),
      };
    },
  };
}

web.env.wasm.numThreads = 1;
export const nodeRuntime = runtimeOf(node, {});
export const webRuntime = runtimeOf(web as unknown as Ort, { executionProviders: ['wasm'] });
export const bothRuntimes = [nodeRuntime, webRuntime];
