/** `deepc evaluate`, `retrain` and `sensitivity`: the job's input from the arguments, its result as text. */
import type { AllJobs } from '../engine/jobs/all.ts';
import type { RetrainInput } from '../engine/protocol-train.ts';
import type { Progress } from '../engine/protocol.ts';
import type { Command } from './arguments.ts';
import type { TrainArguments } from './train-arguments.ts';
import { agreementText } from './fidelity-text.ts';
import { evaluateText, retrainText, sensitivityText } from './train-tables.ts';

export interface TrainOutcome {
  readonly result: object;
  readonly text: () => string;
}

export async function runTrain(
  c: TrainCommand,
  recipe: () => string | object,
  jobs: AllJobs,
  signal: AbortSignal,
  show: (progress: Progress) => void,
): Promise<TrainOutcome> {
  const { normalisation, batch } = c.train;
  const common = commonInput(c);
  if (c.command === 'evaluate' && c.train.against !== undefined) {
    const against = { path: c.train.against };
    const input = { ...common, against, ...(normalisation && { normalisation }) };
    const result = await jobs.agreement(input, signal, show);
    return { result, text: () => agreementText(result) };
  }
  if (c.command === 'evaluate') {
    const input = {
      ...common,
      ...(normalisation && { normalisation }),
      ...(batch !== undefined && { batch }),
    };
    const result = await jobs.evaluate(input, signal, show);
    return { result, text: () => evaluateText(result) };
  }
  if (c.command === 'sensitivity') {
    const { sparsities, bits, inits, into } = c.train;
    const input = {
      ...common,
      seed: c.seed,
      ...(normalisation && { normalisation }),
      ...(sparsities && { sparsities }),
      ...(bits && { bits }),
      ...(inits && { inits }),
      ...(into !== undefined && { into }),
    };
    const result = await jobs.sensitivity(input, signal, show);
    return { result, text: () => sensitivityText(result) };
  }
  const result = await jobs.retrain(retrainInput(c, recipe()), signal, show);
  return { result, text: () => retrainText(result) };
}

type TrainCommand = Command & { readonly train: TrainArguments };

function commonInput({ file, threads, train: { data, samples, output } }: TrainCommand) {
  return {
    ...{ file: { path: file }, data, threads },
    ...(samples !== undefined && { samples }),
    ...(output !== undefined && { output }),
  };
}

export function retrainInput(c: TrainCommand, recipe: string | object): RetrainInput {
  const { normalisation, test, checkpoint, fresh } = c.train;
  return {
    ...commonInput(c),
    ...{ recipe, out: c.out, overwrite: c.force, seed: c.seed, fresh },
    ...(normalisation && { normalisation }),
    ...(test && { test }),
    ...(checkpoint !== undefined && { checkpoint }),
  };
}
