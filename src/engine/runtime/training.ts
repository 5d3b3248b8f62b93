/**
 * What trains and evaluates: a runtime on this thread and helpers on others, each loaded with it. How a
 * batch is divided among threads decides in which order sums are taken, so their number is part of what
 * a result follows from.
 */
import { host } from '#host';
import { canShare } from '../../model/shared-buffer.ts';
import { executorOf, type Executor, type ExecutorChoice } from './executor.ts';
import { startHelpers } from './helpers.ts';

export interface NamedRuntime extends Executor {
  /** That work together, the calling one included. */
  readonly threads: number;
  /** Ends the helpers; call it when nothing runs. */
  close(): Promise<void>;
}

export interface RuntimeChoice {
  /** Folder of ONNX Runtime's wasm files; beside the bundle when absent. */
  readonly ortFolder?: string | undefined;
  /** Whether onnxruntime-node may be used where it is installed, or the folder of the package. */
  readonly native?: boolean | string | undefined;
  /** The bundled worker that helpers run; without it there are none. */
  readonly workerFile: string | undefined;
}

/** @param threads as many as the machine has, at most 8, when absent */
export function trainingRuntime(
  { ortFolder, native = false, workerFile }: RuntimeChoice,
  threads = Math.min(8, host.cores()),
): NamedRuntime {
  host.disableTelemetry(); // here too: helpers load the library on threads that could not
  const choice: ExecutorChoice = { folder: ortFolder, native };
  const helpers =
    workerFile === undefined || threads <= 1 || !canShare()
      ? undefined
      : startHelpers(threads - 1, workerFile, choice);
  return {
    ...executorOf(choice),
    helpers,
    threads: 1 + (helpers?.size ?? 0),
    close: async () => helpers?.dispose(),
  };
}
