/**
 * duration: about how long a compression will take here, for those who are asked whether it may begin. A
 * retraining is measured: a few samples run forwards, and every sample of every epoch counts as so many
 * of those. An estimate: stages that end early, other work on the machine and the cost of an optimizer
 * are not known.
 */
import { parseRecipe } from '../../recipe/recipe.ts';
import { openInput, sharedInput } from '../input.ts';
import type { DurationInput, DurationResult } from '../protocol-train.ts';
import { integerFrom, optional } from '../shape.ts';
import { defineJob } from './define.ts';
import { evaluateJob } from './evaluate.ts';
import { dataInput, fileInput, normalisationInput, recipeInput } from './inputs.ts';

/** Planned, coded, verified and compared, whatever the recipe, on two cores with other work. */
const weightsPerSecond = 1e6;
const measuredSamples = 32;
/** Forwards and backwards, the update, and what is scored after an epoch. */
const passesPerStep = 4;

export const durationJob = defineJob<DurationInput, DurationResult>({
  input: {
    file: fileInput,
    recipe: recipeInput,
    data: optional(dataInput),
    normalisation: optional(normalisationInput),
    threads: optional(integerFrom(1)),
  },
  run: async ({ file, recipe: wanted, data, normalisation, threads }, context) => {
    const { train } = parseRecipe(wanted);
    const opened = openInput(sharedInput(file));
    const weights = opened.model.tensors.reduce((sum, t) => sum + t.parameters, 0);
    opened.close();
    const coding = weights / weightsPerSecond;
    if (!train || !data) return { seconds: coding, epochs: 0, samples: 0 };
    const { seconds, samples, taken } = await evaluateJob.run(
      {
        ...{ file, data, samples: measuredSamples },
        ...(threads !== undefined && { threads }),
        ...(normalisation && { normalisation }),
      },
      { ...context, onProgress: () => {} },
    );
    const epochs = train.stages.reduce(
      (sum, stage) => sum + stage.epochs * (stage.kind === 'prune' ? stage.steps : 1),
      0,
    );
    const training = epochs * taken.count * (seconds / samples) * passesPerStep;
    return { seconds: coding + training, epochs, samples: taken.count };
  },
});
