/**
 * Writes what editors check recipes with, from the recipe's one declaration (src/recipe/recipe.ts):
 * media/recipe.schema.json for recipe files, and media/settings.schema.json for the recipes in
 * settings, which VS Code adds to the small schema of `deepCompression.presets` in package.json. In
 * settings the key is the preset's name, so `name` is not required there.
 *   node scripts/settings-schema.mjs            writes both
 *   node scripts/settings-schema.mjs --check    exits 1 when one is out of date
 */
import { build } from 'esbuild';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { common, temporaryOut } from './lib/bundle.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const out = temporaryOut('schema');
process.on('exit', () => rmSync(out, { recursive: true, force: true }));
const outfile = join(out, 'recipe.js');
await build({ ...common, entryPoints: ['src/recipe/recipe.ts'], outfile });
const { recipeSchema } = await import(pathToFileURL(resolve(outfile)).href);

const recipe = recipeSchema();
const { $schema, definitions, type, additionalProperties, description } = recipe;
const properties = Object.fromEntries(
  Object.entries(recipe.properties).filter(([name]) => name !== '$schema'),
);
const unnamed = { type, additionalProperties, description, properties };
const presets = { type, additionalProperties: unnamed };
const settings = { 'deepCompression.presets': presets };
/** The settings themselves, and those of a `.code-workspace`. */
const written = {
  'media/recipe.schema.json': recipe,
  'media/settings.schema.json': {
    $schema,
    title: 'Recipes in the settings of Deep Compression',
    properties: { ...settings, settings: { properties: settings } },
    definitions,
  },
};
const style = await resolveConfig('media/recipe.schema.json');
for (const [file, content] of Object.entries(written)) {
  const text = await format(JSON.stringify(content), { ...style, parser: 'json' });
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error(`${file} is out of date: run node scripts/settings-schema.mjs`);
    process.exitCode = 1;
  }
}
