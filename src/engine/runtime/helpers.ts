/**
 * The threads beside the one that trains or evaluates (train/runtime.ts, Helpers). Weights and
 * gradients lie in memory that all of them see; samples are copied, predictions moved.
 */
import type { Helpers, Outputs } from '../../train/runtime.ts';
import { startTrainCrew, type TrainCrew } from '../pool.ts';
import type { ExecutorChoice } from './executor.ts';

/** Threads start with the first session; `dispose` when nothing runs. */
export function startHelpers(
  size: number,
  workerFile: string,
  choice: ExecutorChoice,
): Helpers & { dispose(): Promise<void> } {
  let crew: TrainCrew | undefined;
  let next = 0;
  return {
    size,
    async open(model) {
      crew ??= startTrainCrew(size, workerFile, choice);
      const threads = crew;
      const session = next++;
      await threads.performOnEach({ kind: 'open', session, model });
      return {
        run: (feeds, into) =>
          threads.perform({ kind: 'run', session, feeds, into }) as Promise<Outputs>,
        close: async () => void (await threads.performOnEach({ kind: 'close', session })),
      };
    },
    update: async (step) => void (await crew!.perform({ kind: 'update', step })),
    dispose: async () => crew?.dispose(),
  };
}
