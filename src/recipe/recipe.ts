/**
 * Recipes: what a compression does, as data. A recipe comes by preset name, from a `*.dcrecipe.json`
 * file or from settings.json. It is declared in compress/recipe.ts (what needs no data) and
 * train/train-recipe.ts; media/recipe.schema.json is written from here (scripts/settings-schema.mjs).
 * Parsing fills in every default, so that the recipe stored in a .dcz says all.
 */
import { Ajv, type ErrorObject } from 'ajv';
import {
  checkShare,
  codingFields,
  invalidRecipe,
  nameFields,
  type GoalRecipe,
  type ShareRecipe,
} from '../compress/recipe.ts';
import { group, optional, type JsonSchema, type ValueOf } from '../shared/fields.ts';
import { stageKinds } from '../train/stages/all.ts';
import { trainField } from '../train/train-recipe.ts';
import { presetRecipes } from './presets.ts';

const recipeField = group(
  { ...nameFields, ...codingFields, train: optional(trainField) },
  'How to compress a model: what is pruned, how many shared values a layer gets, how they are coded.',
  ['name'],
);
/** A complete recipe: every default filled in; `train` where it retrains. */
export type Recipe = ValueOf<typeof recipeField>;

/** What recipe files, settings and jobs are checked with. */
export function recipeSchema(): JsonSchema {
  const definitions = new Map<string, JsonSchema>();
  const { properties, ...recipe } = recipeField.schema(definitions);
  const where = { type: 'string', description: 'Where this schema is, for editors.' };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: 'recipe.schema.json',
    title: 'Deep Compression recipe',
    ...recipe,
    properties: { $schema: where, ...(properties as object) },
    definitions: Object.fromEntries(definitions),
  };
}

const validate = new Ajv({ strict: true, verbose: true, discriminator: true })
  .addKeyword('enumDescriptions')
  .compile(recipeSchema());

/** The built-in recipes. */
export const presets: readonly Recipe[] = presetRecipes.map(parseRecipe);

/**
 * A preset by name, or a recipe from its JSON value.
 * @throws DeepCompressionError `invalid-recipe`: an unknown preset, or which key is wrong and what
 * it may be.
 */
export function parseRecipe(recipe: string | object): Recipe {
  if (typeof recipe === 'string') {
    const preset = presets.find((p) => p.name === recipe);
    if (preset !== undefined) return preset;
    const names = presets.map((p) => p.name).join(', ');
    throw invalidRecipe(
      `there is no preset ${JSON.stringify(recipe.slice(0, 64))}; there are ${names}`,
    );
  }
  if (!validate(recipe)) throw invalidRecipe(explain(validate.errors?.[0]));
  const complete = recipeField.complete(recipe);
  for (const share of sharesOf(complete)) {
    checkShare(share);
    if (complete.train && share.method === 'grid')
      throw invalidRecipe(
        'share.method grid cannot be retrained: use kmeans or optimal, or take train out',
      );
  }
  if (complete.goal) checkGoal(complete);
  return complete;
}

/** The recipe with another goal. @throws DeepCompressionError `invalid-recipe` where it takes none */
export function withGoal(recipe: Recipe, goal: GoalRecipe): Recipe {
  return parseRecipe({ ...recipe, goal });
}

/** A goal decides what a grid's levels are, so nothing else may. */
function checkGoal({ name, prune, kinds, layers, train, share }: Recipe): void {
  const overrides = [...Object.values(kinds), ...Object.values(layers)];
  const said =
    train !== undefined
      ? 'train'
      : prune.method !== 'none' || overrides.some((o) => o.prune)
        ? 'prune'
        : share.method !== 'grid' || overrides.some((o) => o.share)
          ? 'share'
          : undefined;
  if (said)
    throw invalidRecipe(
      `a goal decides the levels of all layers, and ${said} of ${shorten(name)} says otherwise: give a goal to the preset calibrated or safe, or to a recipe with share.method grid and no pruning`,
    );
}

/** The ways of sharing that a recipe asks for, an override of a layer being laid over each kind's. */
function sharesOf({ share, kinds, layers }: Recipe): ShareRecipe[] {
  const byKind = [share, ...Object.values(kinds).map((kind) => ({ ...share, ...kind.share }))];
  const byLayer = Object.values(layers).flatMap((layer) =>
    byKind.map((kind) => ({ ...kind, ...layer.share })),
  );
  return [...byKind, ...byLayer];
}

/** One line about a schema error: where, and what is allowed there. */
function explain(error: ErrorObject | undefined): string {
  if (error === undefined) return 'it does not follow the schema';
  const path = error.instancePath
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
  const where = path === '' ? 'the recipe' : shorten(path);
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
      const allowed = known.length > 0 ? `; allowed are ${known.join(', ')}` : '';
      return `${where} has an unknown key ${shorten(String(params['additionalProperty']))}${allowed}`;
    }
    case 'required':
      return `${where} lacks ${String(params['missingProperty'])}`;
    case 'minProperties':
    case 'maxProperties':
      return `${where} must be one of ${Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {}).join(', ')}`;
    case 'enum':
      return `${where} must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`;
    case 'discriminator':
      return `${where}.${String(params['tag'])} must be one of ${stageKinds.join(', ')}`;
    default:
      return path === 'index.bits' || path.endsWith('.index.bits')
        ? `${where} must be auto or an integer from 2 to 16`
        : `${where} ${error.message ?? 'is not allowed'}`;
  }
}

function shorten(text: string): string {
  const line = text.replaceAll(/[\r\n\t]/g, ' ');
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
