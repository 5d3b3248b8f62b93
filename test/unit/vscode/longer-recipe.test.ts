import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { trainedLonger } from '../../../src/vscode/longer-recipe.ts';

test('every stage gets twice its epochs, nothing else changes, and the recipe stays one', () => {
  const recipe = parseRecipe('deep-compression-retrain');
  const longer = parseRecipe(trainedLonger(recipe));
  const epochsOf = ({ train }: typeof recipe) =>
    train!.stages.map((stage) => ('epochs' in stage ? stage.epochs : 0));
  assert.ok(epochsOf(recipe).some((epochs) => epochs > 0));
  assert.deepEqual(
    epochsOf(longer),
    epochsOf(recipe).map((epochs) => 2 * epochs),
  );
  assert.deepEqual({ ...longer, train: undefined }, { ...recipe, train: undefined });
});
test('a recipe that does not train stays as it is', () => {
  const recipe = parseRecipe('safe');
  assert.equal(trainedLonger(recipe), recipe);
});
