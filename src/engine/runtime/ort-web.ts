/**
 * ONNX Runtime as WebAssembly (onnxruntime-web), the one runtime that every user has: no native
 * code, no network. The two files it loads, the module and the wasm, lie in `folder`; scripts/build.mjs
 * puts them beside worker.js and cli.js. It blocks the thread it runs on: call it from one that can be
 * terminated.
 */
import { host } from '#host';
import * as ort from 'onnxruntime-web';
import type { Session } from '../../train/runtime.ts';
import { hostSession } from './host-session.ts';

export interface ExternalData {
  /** Location as the model names it. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** Where the build puts the runtime's files: beside the bundle that this is in. */
export function bundledFolder(): string {
  return host.bundled('.');
}

/**
 * A session over a model in memory.
 * @param folder holds ort-wasm-simd-threaded.{mjs,wasm}; only the first call in a thread counts
 * @param every whether inner values are asked for, which the runtime would fuse away
 * @throws Error what the runtime says of a model it refuses
 */
export async function openSession(
  model: Uint8Array,
  externals: readonly ExternalData[],
  folder: string,
  every = false,
): Promise<Session> {
  ort.env.logLevel = 'fatal';
  ort.env.wasm.numThreads = 1; // training divides the batch instead (helpers.ts)
  Object.assign(ort.env.wasm, host.runtimePlaces(folder));
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ['wasm'],
    logSeverityLevel: 4,
    ...(every && { graphOptimizationLevel: 'disabled' }),
    ...(externals.length > 0 && { externalData: [...externals] }),
  });
  return hostSession(session, (type, data, dims) => new ort.Tensor(type, data, dims));
}
