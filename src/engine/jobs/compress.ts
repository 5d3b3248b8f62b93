/** compress: a model by a recipe, or to a loss or a size that samples decide. */
import { parseRecipe } from '../../recipe/recipe.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { compressToGoal } from '../goal/compress-goal.ts';
import type { CompressInput, CompressResult, GoalInput } from '../protocol-model.ts';
import { filledText, flag, integerFrom, number, optional, record } from '../shape.ts';
import { compressFile } from './compress-file.ts';
import { defineJob } from './define.ts';
import { dataInput, fileInput, normalisationInput, recipeInput } from './inputs.ts';

const goalInput = record<GoalInput>({
  data: dataInput,
  maxLoss: optional(number),
  ratio: optional(number),
  maxBytes: optional(number),
  normalisation: optional(normalisationInput),
});

export const compressJob = defineJob<CompressInput, CompressResult>({
  input: {
    file: fileInput,
    out: filledText,
    overwrite: flag,
    recipe: recipeInput,
    seed: integerFrom(0),
    threads: integerFrom(1),
    goal: optional(goalInput),
  },
  run: async (input, context) => {
    if (parseRecipe(input.recipe).train)
      throw new DeepCompressionError(
        'invalid-recipe',
        'this recipe retrains the model, which needs data: use deepc retrain with --data, or take train out of the recipe',
      );
    const { goal } = input;
    return goal
      ? compressToGoal({ ...input, goal }, context)
      : compressFile(input, context, { estimate: true });
  },
});
