/**
 * Which ONNX Runtime executes training and evaluation. onnxruntime-web serves everyone;
 * onnxruntime-node, where it is installed, is about twice as fast. The native one aborts the whole
 * process when its thread is terminated inside run(), so it is used only in processes that never do
 * that: the command line, and the process of its own that the extension starts for it.
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type * as nativeLibrary from 'onnxruntime-node';
import type { Runtime } from '../../train/runtime.ts';
import { hostSession } from './host-session.ts';
import { bundledFolder, openSession } from './ort-web.ts';

export interface NamedRuntime extends Runtime {
  /** onnxruntime-web or onnxruntime-node. */
  readonly name: string;
}

export interface RuntimeChoice {
  /** Folder of the wasm files; beside the bundle when absent. */
  readonly folder?: string | undefined;
  /** Use onnxruntime-node when it is installed, or from the folder of the package. */
  readonly native: boolean | string;
}

export async function trainingRuntime({ folder, native }: RuntimeChoice): Promise<NamedRuntime> {
  const installed = native === false ? undefined : nativeRuntime(native);
  return (
    installed ?? {
      name: 'onnxruntime-web',
      open: (model) => openSession(model, [], folder ?? bundledFolder()),
    }
  );
}

/** undefined when it is not installed, or not for this platform. */
function nativeRuntime(folder: string | true): NamedRuntime | undefined {
  let ort: typeof nativeLibrary;
  try {
    // found, or not, when the program runs: the bundler leaves it alone
    const load = createRequire(import.meta.url);
    ort = load(folder === true ? 'onnxruntime-node' : folder) as typeof nativeLibrary;
  } catch {
    return undefined;
  }
  return {
    name: 'onnxruntime-node',
    async open(model) {
      const session = await ort.InferenceSession.create(model, {
        logSeverityLevel: 4,
        intraOpNumThreads: Math.max(1, Math.min(8, availableParallelism() - 1)),
        interOpNumThreads: 1,
      });
      return hostSession(session, (type, data, dims) => new ort.Tensor(type, data, dims));
    },
  };
}
