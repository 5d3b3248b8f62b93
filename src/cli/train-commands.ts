/** `deepc evaluate`: the job's input from the arguments, its result as JSON or as text. */
import type { AllJobs } from '../engine/jobs/all.ts';
import type { Progress } from '../engine/protocol.ts';
import type { Command } from './arguments.ts';
import type { TrainArguments } from './train-arguments.ts';
import { evaluateText } from './train-tables.ts';

export interface TrainOutcome {
  readonly result: object;
  readonly text: () => string;
}

export async function runTrain(
  c: Command & { readonly train: TrainArguments },
  jobs: AllJobs,
  signal: AbortSignal,
  show: (progress: Progress) => void,
): Promise<TrainOutcome> {
  const { data, normalisation, samples, batch } = c.train;
  const input = {
    file: { path: c.file },
    data,
    ...(normalisation && { normalisation }),
    ...(samples !== undefined && { samples }),
    ...(batch !== undefined && { batch }),
  };
  const result = await jobs.evaluate(input, signal, show);
  return { result, text: () => evaluateText(result) };
}
