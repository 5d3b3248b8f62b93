/**
 * Recipes: what a compression does, as data. A recipe comes by preset name, from a `*.dcrecipe.json`
 * file or from settings.json; media/recipe.schema.json is its one definition. Parsing fills in every
 * default, so that the recipe stored in a .dcz says all.
 */
import { Ajv, type ErrorObject } from 'ajv';
import schema from '../../media/recipe.schema.json';
import { DeepCompressionError } from '../model/errors.ts';
import type { LayerKind, Role, Tensor } from '../model/model.ts';
import { matchesLayer } from './layer-globs.ts';
import { presetRecipes } from './presets.ts';
import type { Granularity } from './prune/grains.ts';
import { completeTrainRecipe, type TrainRecipe } from './train-recipe.ts';

export interface PruneRecipe {
  readonly method: 'none' | 'threshold' | 'sparsity' | 'global' | 'lamp';
  /** Threshold in standard deviations of the layer (`Histogram.deviation`). */
  readonly quality: number;
  /** Share of the weights to prune. */
  readonly target: number;
  readonly granularity: Granularity;
}

export interface ShareRecipe {
  readonly method: 'kmeans' | 'optimal' | 'exact' | 'grid';
  /**
   * 1 to 8; at most 2^bits values, zero included. For grid 2 to 12: levels up to 2^(bits - 1) - 1 in
   * magnitude.
   */
  readonly bits: number;
  readonly init: 'linear' | 'density' | 'random';
  /**
   * For grid: squared error relative to the weights' own, of all layers together; 0: as `bits` say.
   * A layer gets of it what it has of the weights.
   */
  readonly noise: number;
}

export interface IndexRecipe {
  readonly bits: 'auto' | number;
}

export type CoderRecipe = 'huffman' | 'arithmetic' | 'auto';

export interface LayerOverride {
  readonly skip?: boolean;
  readonly prune?: Partial<PruneRecipe>;
  readonly share?: Partial<ShareRecipe>;
  readonly index?: Partial<IndexRecipe>;
  readonly coder?: CoderRecipe;
}

/** A complete recipe: every default filled in. */
export interface Recipe {
  readonly name: string;
  readonly description: string;
  readonly prune: PruneRecipe;
  readonly share: ShareRecipe;
  readonly index: IndexRecipe;
  readonly coder: CoderRecipe;
  readonly roles: readonly Role[];
  readonly minimumWeights: number;
  /**
   * Squared error, relative to a tensor's own squares, that what is not compressed is rounded with;
   * absent, it stays as it is.
   */
  readonly restNoise?: number;
  readonly kinds: Readonly<Partial<Record<LayerKind, LayerOverride>>>;
  /** By glob on the layer's name or path; where several match, the later win. */
  readonly layers: Readonly<Record<string, LayerOverride>>;
  /** What needs data; absent in recipes that do without. */
  readonly train?: TrainRecipe;
}

/** What a recipe says about one layer. */
export interface LayerRecipe {
  readonly prune: PruneRecipe;
  readonly share: ShareRecipe;
  readonly index: IndexRecipe;
  readonly coder: CoderRecipe;
}

const validate = new Ajv({ strict: true, verbose: true })
  .addKeyword('enumDescriptions')
  .compile(schema);

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
    throw invalid(`there is no preset ${JSON.stringify(recipe.slice(0, 64))}; there are ${names}`);
  }
  if (!validate(recipe)) throw invalid(explain(validate.errors?.[0]));
  const given = recipe as { name: string } & { -readonly [K in keyof Recipe]?: unknown };
  const complete = completeRecipe(given);
  for (const share of sharesOf(complete)) {
    checkShare(share);
    if (complete.train && share.method === 'grid')
      throw invalid(
        'share.method grid cannot be retrained: use kmeans or optimal, or take train out',
      );
  }
  return complete;
}

/** The ways of sharing that a recipe asks for, an override of a layer being laid over each kind's. */
function sharesOf({ share, kinds, layers }: Recipe): ShareRecipe[] {
  const byKind = [share, ...Object.values(kinds).map((kind) => ({ ...share, ...kind.share }))];
  const byLayer = Object.values(layers).flatMap((layer) =>
    byKind.map((kind) => ({ ...kind, ...layer.share })),
  );
  return [...byKind, ...byLayer];
}

function checkShare({ method, bits }: ShareRecipe): void {
  if (method === 'grid' && bits < 2) throw invalid('share.bits must be 2 to 12 for method grid');
  if (method !== 'grid' && bits > 8)
    throw invalid(`share.bits must be 1 to 8 for method ${method}; only grid takes up to 12`);
}

function completeRecipe(
  given: { name: string } & { -readonly [K in keyof Recipe]?: unknown },
): Recipe {
  return {
    name: given.name,
    description: (given.description as string | undefined) ?? '',
    prune: {
      method: 'none',
      quality: 0.5,
      target: 0.5,
      granularity: 'weight',
      ...(given.prune as Partial<PruneRecipe> | undefined),
    },
    share: {
      method: 'kmeans',
      bits: 8,
      init: 'linear',
      noise: 0,
      ...(given.share as Partial<ShareRecipe> | undefined),
    },
    index: { bits: 'auto', ...(given.index as Partial<IndexRecipe> | undefined) },
    coder: (given.coder as CoderRecipe | undefined) ?? 'huffman',
    roles: (given.roles as readonly Role[] | undefined) ?? ['weight'],
    minimumWeights: (given.minimumWeights as number | undefined) ?? 256,
    ...(given.restNoise !== undefined && { restNoise: given.restNoise as number }),
    kinds: (given.kinds as Recipe['kinds'] | undefined) ?? {},
    layers: (given.layers as Recipe['layers'] | undefined) ?? {},
    ...(given.train !== undefined && {
      train: completeTrainRecipe(given.train as Partial<TrainRecipe>),
    }),
  };
}

/** The settings of one layer, or undefined when it is to stay as it is. */
export function recipeForLayer(
  recipe: Recipe,
  tensor: Pick<Tensor, 'name' | 'path' | 'geometry'>,
): LayerRecipe | undefined {
  const overrides = [recipe.kinds[tensor.geometry?.kind ?? 'other']];
  for (const [glob, override] of Object.entries(recipe.layers)) {
    if (matchesLayer(tensor, glob)) overrides.push(override);
  }
  let skip = false;
  let layer: LayerRecipe = recipe;
  for (const o of overrides) {
    if (o === undefined) continue;
    skip = o.skip ?? skip;
    layer = {
      prune: { ...layer.prune, ...o.prune },
      share: { ...layer.share, ...o.share },
      index: { ...layer.index, ...o.index },
      coder: o.coder ?? layer.coder,
    };
  }
  if (skip) return undefined;
  checkShare(layer.share);
  return layer;
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
    case 'enum':
      return `${where} must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`;
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

function invalid(message: string): DeepCompressionError {
  return new DeepCompressionError('invalid-recipe', `invalid recipe: ${message}`);
}
