/** A recipe whose levels samples decide, with its own goal or the usual one. */
import { withGoal, type Recipe } from '../../recipe/recipe.ts';
import type { GoalRecipe } from '../../compress/recipe.ts';

/** Half a percentage point: that of the preset calibrated. */
const usualGoal = { maxLoss: 0.005 };

/** @throws DeepCompressionError `invalid-recipe` for one that prunes, shares values or trains */
export function goalRecipe(recipe: Recipe): Recipe & { readonly goal: GoalRecipe } {
  const goal = recipe.goal ?? usualGoal;
  return { ...withGoal(recipe, goal), goal };
}
