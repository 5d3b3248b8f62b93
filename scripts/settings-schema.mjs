/**
 * Puts the recipe's schema (media/recipe.schema.json) into package.json as the schema of
 * `deepCompression.presets`: VS Code resolves no references there, so they are written out. In the
 * settings the key is the preset's name, so `name` is not required.
 *   node scripts/settings-schema.mjs            writes package.json
 *   node scripts/settings-schema.mjs --check    exits 1 when it is out of date
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const schema = JSON.parse(readFileSync('media/recipe.schema.json', 'utf8'));
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const setting = manifest.contributes.configuration.properties['deepCompression.presets'];

/** The value with every `#/definitions/…` in its place; what stands beside a reference wins. */
function inlined(value) {
  if (Array.isArray(value)) return value.map(inlined);
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, ...rest } = value;
  const own = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, inlined(v)]));
  if ($ref === undefined) return own;
  const name = /^#\/definitions\/(\w+)$/.exec($ref)?.[1];
  if (!name || !schema.definitions[name]) throw new Error(`cannot follow ${$ref}`);
  return { ...inlined(schema.definitions[name]), ...own };
}

const { type, additionalProperties, properties, description } = inlined(schema);
const { name, ...settable } = properties;
delete settable.$schema;
const recipe = {
  type,
  description,
  additionalProperties,
  properties: { ...settable, name },
};
if (process.argv.includes('--check')) {
  if (!isDeepStrictEqual(setting.additionalProperties, recipe)) {
    console.error('package.json is out of date: run node scripts/settings-schema.mjs');
    process.exitCode = 1;
  }
} else {
  setting.additionalProperties = recipe;
  writeFileSync('package.json', `${JSON.stringify(manifest, null, 2)}\n`);
}
