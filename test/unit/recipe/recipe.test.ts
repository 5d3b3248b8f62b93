import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { checkGlobs, matchesGlob } from '../../../src/compress/layer-globs.ts';
import type { LayerKind } from '../../../src/model/model.ts';
import { recipeForLayer } from '../../../src/compress/recipe.ts';
import { parseRecipe, presets, recipeSchema } from '../../../src/recipe/recipe.ts';

const refused = (recipe: object | string, message: RegExp): void =>
  assert.throws(
    () => parseRecipe(recipe),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'invalid-recipe');
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    },
  );

test('the presets parse, and a parsed recipe parses to itself', () => {
  assert.deepEqual(
    presets.map((p) => p.name),
    [
      'safe',
      'calibrated',
      'deep-compression',
      'eie',
      'conservative',
      'aggressive',
      'keep',
      'deep-compression-retrain',
      'deep-compression-distill',
      'slim',
      'slim-unlabelled',
    ],
  );
  for (const preset of presets) {
    assert.equal(parseRecipe(preset.name), preset);
    assert.deepEqual(parseRecipe(JSON.parse(JSON.stringify(preset)) as object), preset);
    assert.ok(preset.description.length > 20);
  }
});

test('presets that prune without training say that accuracy is to be checked', () => {
  for (const p of presets) {
    if (!p.train && p.prune.method !== 'none')
      assert.match(p.description, /check accuracy|check it/);
  }
});

test('defaults are filled in', () => {
  const r = parseRecipe({ name: 'x', prune: { method: 'threshold' } });
  assert.deepEqual(r.prune, {
    method: 'threshold',
    quality: 0.5,
    target: 0.5,
    granularity: 'weight',
  });
  assert.deepEqual(r.share, { method: 'kmeans', bits: 8, init: 'linear', noise: 0 });
  assert.deepEqual(r.roles, ['weight']);
  assert.equal(r.index.bits, 'auto');
});

test('a wrong recipe is refused with the key and what is allowed', () => {
  refused('nonesuch', /no preset "nonesuch"; there are safe, calibrated, deep-compression, eie/);
  refused({}, /lacks name/);
  refused({ name: 'x', purne: {} }, /unknown key purne; allowed are .*prune, share/);
  refused({ name: 'x', prune: { qality: 1 } }, /prune has an unknown key qality; .*quality/);
  refused({ name: 'x', prune: { method: 'l0' } }, /prune\.method must be one of none, threshold/);
  refused({ name: 'x', share: { bits: 9 } }, /share\.bits must be 1 to 8 for method kmeans/);
  refused({ name: 'x', index: { bits: 1 } }, /index\.bits must be auto or an integer from 2 to 16/);
  refused({ name: 'x', kinds: { dense: {} } }, /kinds has an unknown key dense; .*conv, fc/);
  refused({ name: 'x', layers: { 'a.b': { share: { bits: 0 } } } }, /layers\.a\.b\.share\.bits/);
  refused({ name: 'x', coder: 'zip' }, /coder must be one of huffman, arithmetic, auto/);
  refused({ name: 'a\nb' }, /name must match/);
  const grid = { name: 'x', share: { method: 'grid' } };
  const one = /goal must be one of maxLoss, ratio, maxBytes/;
  for (const goal of [{}, { ratio: 8, maxLoss: 0.1 }]) refused({ ...grid, goal }, one);
  refused({ ...grid, goal: { maxLoss: 1 } }, /goal\.maxLoss must be < 1/);
  refused({ ...grid, goal: { ratio: 1 } }, /goal\.ratio must be > 1/);
  refused({ name: 'x', goal: { ratio: 8 } }, /share of x says otherwise/);
  const layers = { a: { prune: { method: 'threshold' } } };
  refused({ ...grid, goal: { ratio: 8 }, layers }, /prune of x says otherwise/);
  refused(
    { ...grid, goal: { ratio: 8 }, train: { stages: [{ kind: 'train' }] } },
    /grid cannot be/,
  );
  refused([], /must be object/);
  refused({ name: 'x', ['k\n'.repeat(500)]: 1 }, /unknown key/);
});

test('a stage takes the options of its kind and no others', () => {
  const trained = (stage: object): object => ({ name: 'x', train: { stages: [stage] } });
  const stages = parseRecipe(trained({ kind: 'prune', steps: 3 })).train!.stages;
  assert.equal(stages[0]!.kind === 'prune' && stages[0].steps, 3);
  assert.ok(!('cut' in stages[0]!));
  refused(
    trained({ kind: 'train', cut: 0.1 }),
    /train\.stages\.0 has an unknown key cut; allowed are kind, epochs, .*keep$/,
  );
  refused(trained({ kind: 'ternary', cut: 1 }), /train\.stages\.0\.cut must be < 1/);
  const kinds =
    /train\.stages\.0\.kind must be one of train, prune, share, ternary, hash, group-lasso, slimming, reconstruct$/;
  refused(trained({ kind: 'quantize' }), kinds);
  refused(trained({}), kinds);
  refused({ name: 'x', train: {} }, /train lacks stages/);
});

interface Schema {
  readonly $ref?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

test('the defaults that the schema states are those that are filled in', () => {
  const schema = recipeSchema() as unknown as Schema & { definitions: Record<string, Schema> };
  const compared: string[] = [];
  const compare = (path: string, part: Schema, value: unknown): void => {
    const { default: stated, properties } = part.$ref
      ? schema.definitions[part.$ref.split('/').at(-1)!]!
      : part;
    if (properties && stated === undefined) assert.ok(value === undefined || path === '', path);
    if (!properties) {
      if (stated === undefined) return;
      compared.push(path);
      assert.deepEqual(value, stated, path);
    } else if (value !== undefined)
      for (const [name, inner] of Object.entries(properties))
        compare(`${path}/${name}`, inner, (value as Record<string, unknown>)[name]);
  };
  compare('', schema, { ...parseRecipe({ name: 'x' }), kinds: undefined });
  assert.ok(compared.includes('/share/bits') && compared.length >= 12, compared.join());
});

test('whatever JSON value is given, it parses or is refused in one line', () => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 3 }), (value) => {
      try {
        parseRecipe(value);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'invalid-recipe');
        assert.doesNotMatch((error as Error).message, /\n/);
      }
    }),
  );
});

test('kinds and then layers override, the later glob wins, and skip leaves a layer out', () => {
  const r = parseRecipe({
    name: 'x',
    share: { bits: 5 },
    kinds: { conv: { share: { bits: 8 }, coder: 'auto' } },
    layers: {
      'features.*': { share: { bits: 7 } },
      'features.0?': { prune: { method: 'sparsity', target: 0.3 } },
      'head.*': { skip: true },
      'head.keep': { skip: false },
    },
  });
  assert.equal(recipeForLayer(r, layer('fc', 'fc'))?.share.bits, 5);
  assert.equal(recipeForLayer(r, layer('c', 'conv'))?.share.bits, 8);
  assert.equal(recipeForLayer(r, layer('c', 'conv'))?.coder, 'auto');
  const first = recipeForLayer(r, layer('features.01', 'conv'));
  assert.equal(first?.share.bits, 7);
  assert.equal(first?.share.init, 'linear');
  assert.equal(first?.prune.target, 0.3);
  assert.equal(recipeForLayer(r, layer('features.1', 'conv'))?.prune.method, 'none');
  assert.equal(recipeForLayer(r, layer('head.x', 'fc')), undefined);
  assert.notEqual(recipeForLayer(r, layer('head.keep', 'fc')), undefined);
});

test('globs match as a regular expression would', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
  const globs = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });
  fc.assert(
    fc.property(letters, globs, (name, glob) => {
      const regex = glob.replace(/[.]/g, '\\.').replace(/\*/g, '.*').replace(/\?/g, '.');
      assert.equal(matchesGlob(name, glob), new RegExp(`^${regex}$`).test(name));
    }),
    { numRuns: 1000 },
  );
});

test('a glob that names no layer is refused with the nearest names, a path tells twins apart', () => {
  const bodies = ['then_branch', 'else_branch'].map((body) => ({
    ...layer('encoder.weight', 'conv'),
    path: `graph.node[7].attribute[${body}].g.initializer[0]`,
  }));
  const tensors = [...bodies, layer('head.weight', 'fc')];
  assert.throws(
    () => checkGlobs(['head.*', 'haed.weight'], tensors),
    /no layer is named "haed.weight"; nearest are "head.weight", "encoder.weight"/,
  );
  const recipe = parseRecipe({ name: 'x', layers: { '*[then_branch]*': { skip: true } } });
  checkGlobs(Object.keys(recipe.layers), tensors);
  assert.deepEqual(
    tensors.map((t) => recipeForLayer(recipe, t) === undefined),
    [true, false, false],
  );
});

function layer(name: string, kind: LayerKind) {
  const geometry = { kind, rows: 1, cols: 1, matrices: 1, transposed: false };
  return { name, path: `graph.initializer[${name}]`, geometry };
}
