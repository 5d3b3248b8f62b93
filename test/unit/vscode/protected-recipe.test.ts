import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import { protectedIn } from '../../../src/vscode/protected-recipe.ts';

test('the first layer is protected by the recipe of the preset calibrated, under a name of its own', () => {
  const recipe = protectedIn(undefined, 'net-protected', 'conv1');
  const { name, description } = parseRecipe(recipe);
  assert.equal(name, 'net-protected');
  assert.ok(description);
  assert.deepEqual(parseRecipe(recipe), {
    ...parseRecipe('calibrated'),
    ...{ name, description, layers: { conv1: { skip: true } } },
  });
});
test('further layers go into the recipe that is there, whose other lines stay', () => {
  const edited = { name: 'mine', goal: { ratio: 8 }, layers: { 'fc*': { skip: true } } };
  assert.deepEqual(protectedIn(edited, 'ignored', 'conv1'), {
    ...edited,
    layers: { 'fc*': { skip: true }, conv1: { skip: true } },
  });
  assert.deepEqual(protectedIn({ name: 'mine' }, 'ignored', 'a'), {
    name: 'mine',
    layers: { a: { skip: true } },
  });
});
