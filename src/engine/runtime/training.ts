/**
 * Which ONNX Runtime executes training and evaluation. onnxruntime-web serves everyone;
 * onnxruntime-node, where it is installed, is about twice as fast. The native one aborts the whole
 * process when its thread is terminated inside run(), so it is used only in processes that never do
 * that: the command line, and the process of its own that the extension starts for it. How the work of
 * one operator is divided among threads decides in which order sums are taken, so their number is part
 * of what a result follows from.
 */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type * as nativeLibrary from 'onnxruntime-node';
import type { Runtime } from '../../train/runtime.ts';
import { hostSession } from './host-session.ts';
import { bundledFolder, openSession, poolSize } from './ort-web.ts';

export interface NamedRuntime extends Runtime {
  /** onnxruntime-web or onnxruntime-node. */
  readonly name: string;
  /** That work on one run. */
  readonly threads: number;
}

export interface RuntimeChoice {
  /** Folder of the wasm files; beside the bundle when absent. */
  readonly folder?: string | undefined;
  /** Use onnxruntime-node when it is installed, or from the folder of the package. */
  readonly native: boolean | string;
  /** As many as the machine has, at most 8, when absent. */
  readonly threads?: number | undefined;
}

export async function trainingRuntime(choice: RuntimeChoice): Promise<NamedRuntime> {
  const { native, threads = Math.min(8, availableParallelism()) } = choice;
  const installed = native === false ? undefined : nativeRuntime(native, threads);
  const folder = choice.folder ?? bundledFolder();
  return (
    installed ?? {
      name: 'onnxruntime-web',
      threads: poolSize(threads),
      open: (model) => openSession(model, [], folder, threads),
    }
  );
}

/** undefined when it is not installed, or not for this platform. */
function nativeRuntime(folder: string | true, threads: number): NamedRuntime | undefined {
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
    threads,
    async open(model) {
      const session = await ort.InferenceSession.create(model, {
        logSeverityLevel: 4,
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        // threads that wait actively take the processor from whatever else the machine does, and
        // where it does something else the whole becomes slower than one thread
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
      return hostSession(session, (type, data, dims) => new ort.Tensor(type, data, dims));
    },
  };
}
