/**
 * A preset that distills must not lose to no training at all: where the trained file gives fewer of the
 * model's own answers than this on samples held out, it is made again from the model as it was, by the same
 * samples (goal/compress-goal.ts). A recipe of the user's own is left to say what it says.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Score } from '../../train/methods/score.ts';
import { compressToGoal } from '../goal/compress-goal.ts';
import { goalRecipe } from '../goal/goal-recipe.ts';
import type { JobContext } from '../jobs/define.ts';
import type { CompressResult } from '../protocol-model.ts';
import type { NormalisationInput, RetrainInput } from '../protocol-train.ts';
import { parseRecipe } from '../../recipe/recipe.ts';

/** Share of the held-out answers that training may lose. */
const mostLost = 0.05;

export interface Untrained {
  readonly compressed: CompressResult | undefined;
  readonly note: string;
}

/** undefined: training lost too little for it, or was not a preset's. */
export async function withoutTraining(
  input: RetrainInput,
  normalisation: NormalisationInput,
  { before, after }: { readonly before: Score | null; readonly after: Score | null },
  context: JobContext,
): Promise<Untrained | undefined> {
  const [was, is] = [before?.top1, after?.top1];
  if (typeof input.recipe !== 'string' || typeof was !== 'number' || typeof is !== 'number')
    return undefined;
  if (was - is <= mostLost) return undefined;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const lost = `training kept ${percent(is)} of the held-out answers, ${percent(was)} before`;
  const { file, data, out, seed, threads } = input;
  const plain = { file, data, normalisation, out, overwrite: true, seed, threads };
  const recipe = goalRecipe(parseRecipe('calibrated'));
  try {
    const compressed = await compressToGoal({ ...plain, recipe: recipe.name }, recipe, context);
    return { compressed, note: `${lost}: the file is the model without training, calibrated` };
  } catch (error) {
    if (!(error instanceof DeepCompressionError) || error.code === 'cancelled') throw error;
    return { compressed: undefined, note: `${lost}, and without training: ${error.message}` };
  }
}
