/**
 * ONNX Runtime on the calling thread. onnxruntime-web serves everyone; onnxruntime-node, where it is
 * installed, is about twice as fast. The native one aborts the whole process when its thread is
 * terminated inside run(), so it is used only in processes that never do that: the command line, and
 * the process of its own that the extension starts for it.
 */
import { host } from '#host';
import type * as nativeLibrary from 'onnxruntime-node';
import type { Runtime, Session } from '../../train/runtime.ts';
import { hostSession } from './host-session.ts';
import { bundledFolder, openSession, type ExternalData } from './ort-web.ts';

export interface Executor extends Runtime {
  /** onnxruntime-web or onnxruntime-node. */
  readonly name: string;
  /** @param externals files beside the model that it names */
  open(model: Uint8Array<ArrayBuffer>, externals?: readonly ExternalData[]): Promise<Session>;
}

/** What a thread needs to load the same runtime again. */
export interface ExecutorChoice {
  /** Folder of the wasm files; beside the bundle when absent. */
  readonly folder?: string | undefined;
  /** Use onnxruntime-node when it is installed, or from the folder of the package. */
  readonly native: boolean | string;
}

/** What the program around the jobs offers (engine/input.ts). */
export interface RuntimeChoice {
  readonly native?: boolean | string;
  readonly ortFolder?: string;
}

export function executorOf({ native, folder = bundledFolder() }: ExecutorChoice): Executor {
  const installed = native === false ? undefined : nativeRuntime(native);
  return (
    installed ?? {
      name: 'onnxruntime-web',
      open: (model, externals = []) => openSession(model, externals, folder),
    }
  );
}

/** Every runtime there is here, each once, the fastest first. */
export function executorsOf({
  native,
  ortFolder,
}: RuntimeChoice): readonly [Executor, ...Executor[]] {
  const web = executorOf({ native: false, folder: ortFolder });
  const first = native ? executorOf({ native, folder: ortFolder }) : web;
  return first.name === web.name ? [web] : [first, web];
}

/** undefined when it is not installed, or not for this platform. */
function nativeRuntime(folder: string | true): Executor | undefined {
  let ort: typeof nativeLibrary;
  try {
    const name = folder === true ? 'onnxruntime-node' : folder;
    ort = host.loadNative(name) as typeof nativeLibrary;
  } catch {
    return undefined;
  }
  return {
    name: 'onnxruntime-node',
    async open(model, externals = []) {
      const session = await ort.InferenceSession.create(model, {
        ...(externals.length > 0 && { externalData: [...externals] }),
        logSeverityLevel: 4,
        intraOpNumThreads: 1,
        interOpNumThreads: 1,
      });
      // it takes arrays in shared memory from Node.js 22 on only; older ones get a copy
      const copies = new Map<string, Float32Array>();
      return hostSession(session, (type, data, dims, name) => {
        if (!(data.buffer instanceof SharedArrayBuffer)) return new ort.Tensor(type, data, dims);
        let copy = copies.get(name);
        if (copy?.length !== data.length) copies.set(name, (copy = new Float32Array(data.length)));
        copy.set(data);
        return new ort.Tensor(type, copy, dims);
      });
    },
  };
}
