/** compress: a model by a recipe; where the recipe states a goal, by samples that decide how it is kept. */
import type { GoalRecipe } from '../../compress/recipe.ts';
import { parseRecipe, withGoal } from '../../recipe/recipe.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { compressToGoal } from '../goal/compress-goal.ts';
import type { CompressInput, CompressResult } from '../protocol-model.ts';
import { flag, integerFrom, number, optional, record } from '../shape.ts';
import { compressFile } from './compress-file.ts';
import { defineJob, onePiece } from './define.ts';
import { dataInput, fileInput, normalisationInput, outputPath, recipeInput } from './inputs.ts';

const goalInput = record<GoalRecipe>({
  maxLoss: optional(number),
  ratio: optional(number),
  maxBytes: optional(number),
});

export const compressJob = defineJob<CompressInput, CompressResult>({
  input: {
    file: fileInput,
    out: outputPath,
    overwrite: flag,
    recipe: recipeInput,
    seed: integerFrom(0),
    threads: integerFrom(1),
    data: optional(dataInput),
    normalisation: optional(normalisationInput),
    goal: optional(goalInput),
  },
  pieces: onePiece(),
  run: async (input, context) => {
    const parsed = parseRecipe(input.recipe);
    if (parsed.train)
      throw new DeepCompressionError(
        'invalid-recipe',
        'this recipe retrains the model, which needs data: use deepc retrain with --data, or take train out of the recipe',
      );
    const recipe = input.goal ? withGoal(parsed, input.goal) : parsed;
    const { goal } = recipe;
    const { data } = input;
    if (!goal) return compressFile(input, context, { judge: true });
    if (data) return compressToGoal({ ...input, data }, { ...recipe, goal }, context);
    throw new DeepCompressionError(
      'invalid-input',
      `recipe ${recipe.name} keeps a goal by sample inputs: give some with --data FILE, or take the preset safe, which needs none`,
    );
  },
});
