/** The normalisation of a job: what is given, else what a retrained .dcz states, else none. */
import { DeepCompressionError } from '../../model/errors.ts';
import { unnormalised, type Normalisation } from '../../train/dataset/dataset.ts';
import type { NormalisationInput } from '../protocol-train.ts';

/** @throws DeepCompressionError `invalid-input` for a deviation of zero or no numbers at all */
export function normalisationOf(
  given: NormalisationInput | undefined,
  recipe: object | undefined,
): Normalisation {
  const stated = given ?? statedBy(recipe) ?? {};
  const { scale, mean, deviation } = { ...unnormalised, ...stated };
  const lists = [[scale], mean, deviation];
  const usable = (list: unknown): boolean =>
    Array.isArray(list) && list.length > 0 && list.every(Number.isFinite);
  if (!lists.every(usable) || deviation.includes(0))
    throw new DeepCompressionError(
      'invalid-input',
      'normalisation needs finite numbers, and no deviation of 0',
    );
  return { scale, mean, deviation };
}

/** `train.normalisation` of a recipe as a .dcz holds it. */
function statedBy(recipe: object | undefined): NormalisationInput | undefined {
  const train = recipe && 'train' in recipe ? recipe.train : undefined;
  return typeof train === 'object' && train !== null && 'normalisation' in train
    ? (train.normalisation as NormalisationInput)
    : undefined;
}
