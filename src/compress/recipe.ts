/**
 * The part of a recipe that needs no data: what is pruned, how many values a layer shares, how they are
 * coded. Declared here once; types, defaults, the schema and its checks follow (recipe/recipe.ts).
 */
import { DeepCompressionError } from '../model/errors.ts';
import type { Role, Tensor } from '../model/model.ts';
import {
  choice,
  choices,
  described,
  exclusive,
  flag,
  group,
  integer,
  integerOrAuto,
  mapOf,
  named,
  number,
  optional,
  sparse,
  text,
  type Field,
  type ValueOf,
  type ValuesOf,
} from '../shared/fields.ts';
import { matchesLayer } from './layer-globs.ts';

const prune = named(
  'prune',
  group(
    {
      method: choice(
        {
          none: 'None but those that are zero already',
          threshold: "Those below quality × the layer's standard deviation (Han et al., 2015)",
          sparsity: 'The smallest ones, until the layer has the target sparsity',
          global:
            "The smallest ones of all layers that use this method together, each layer's weights measured in its own standard deviation",
          lamp: "The same, each weight measured by its square over the sum of squares of the layer's weights that are at least as large (LAMP, Lee et al., 2021): best with retraining at high sparsity",
        },
        { about: 'How it is decided which weights to prune.', initial: 'none' },
      ),
      quality: number({
        about:
          'For method threshold: weights smaller than this many standard deviations of the layer, outliers left out, are pruned. 0.67 prunes about half of normally distributed weights.',
        initial: 0.5,
        least: 0,
        most: 10,
      }),
      target: number({
        about: 'For methods sparsity, global and lamp: the share of the weights to prune.',
        initial: 0.5,
        least: 0,
        most: 1,
      }),
      granularity: choice(
        {
          weight: 'Single weights',
          vector: 'Rows of a convolution kernel',
          kernel: 'Whole kernels (one input channel of one filter)',
          filter: 'Whole filters (output channels)',
        },
        {
          about:
            'Convolutions: what survives or is pruned as one, judged by its mean magnitude (Mao et al., 2017). Other layers are always pruned weight by weight.',
          initial: 'weight',
        },
      ),
    },
    'Which weights become zero.',
  ),
);
export type PruneRecipe = ValueOf<typeof prune>;

/** Bits of codes: of shared values (2^bits at most, zero included), and of levels of a grid. */
const sharedBits = { least: 1, most: 8 };
const gridBits = { least: 2, most: 12 };

const share = named(
  'share',
  group(
    {
      method: choice(
        {
          kmeans: 'k-means from a chosen beginning, as in the paper',
          optimal: 'The k-means result with the least squared error, by dynamic programming',
          exact:
            'Change nothing: only layers that have at most 256 distinct non-zero values are coded, with exactly those',
          grid: 'Uniform levels times a scale for each output channel; nothing is pruned, zeros come out of the rounding',
        },
        { about: 'How the shared values are found.', initial: 'kmeans' },
      ),
      bits: integer({
        about:
          "Bits of a weight's code, at most 8: 2^bits values, zero included. The paper uses 8 for convolutions and 5 for fully connected layers; EIE 4. For method grid 2 to 12: levels from -(2^(bits - 1) - 1) to 2^(bits - 1) - 1.",
        initial: 8,
        least: sharedBits.least,
        most: gridBits.most,
      }),
      init: choice(
        {
          linear:
            'Equally spaced between the smallest and the largest weight: keeps the few large weights, best in the paper',
          density: 'Equally many weights to each value',
          random: 'Weights picked at random (Forgy)',
        },
        { about: 'For method kmeans: where the values begin.', initial: 'linear' },
      ),
      noise: number({
        about:
          "For method grid, in place of bits: the squared error that all layers together may get, relative to their weights' own squares. It is shared out by size: a layer with a tenth of the weights gets a tenth, so small layers are kept exactly, which costs little. 0: as many levels as bits say.",
        initial: 0,
        least: 0,
        most: 1,
      }),
    },
    'How the surviving weights of a layer come to share few values.',
  ),
);
export type ShareRecipe = ValueOf<typeof share>;

const index = named(
  'index',
  group(
    {
      bits: integerOrAuto(
        'Bits of a gap between survivors, 2 to 16; longer gaps take filler zeros. auto: the width that costs least, or no index at all where that is cheaper.',
        { least: 2, most: 16 },
      ),
    },
    'The relative index that says where the surviving weights are.',
  ),
);

const coder = named(
  'coder',
  choice(
    {
      huffman: 'Huffman codes for values and gaps, as in the paper: fast',
      arithmetic: 'Adaptive arithmetic coding: smaller, slower in both directions',
      auto: 'Whichever makes the layer smaller',
    },
    { about: 'How codes are stored. The restored weights are the same.', initial: 'huffman' },
  ),
);
export type CoderRecipe = ValueOf<typeof coder>;

const layerFields = { prune, share, index, coder };
/** What a recipe says about one layer. */
export type LayerRecipe = ValuesOf<typeof layerFields>;

const override = named(
  'override',
  sparse(
    group(
      { skip: flag({ about: 'Leave these tensors as they are.', initial: false }), ...layerFields },
      '',
    ),
  ),
);
export type LayerOverride = ValueOf<typeof override>;

const roles: Field<readonly Role[]> = choices(
  {
    weight: 'Matrices and kernels of convolutions, fully connected and recurrent layers',
    embedding: 'Lookup tables (Gather)',
    bias: 'Biases: small, and sensitive to sharing',
    normalisation: 'Scale, shift, mean and variance of normalisation layers: small and sensitive',
    other: 'Floating-point tensors with another use, or none',
  },
  {
    about:
      'Which tensors are compressed, by how the graph uses them. All others stay as they are, byte for byte, unless restNoise says otherwise.',
    initial: ['weight'],
  },
);

const goal = exclusive(
  group(
    {
      maxLoss: optional(
        number({
          about:
            'Share of accuracy that may be lost, or of answers where samples have no labels: 0.005 is half a percentage point.',
          ...{ initial: 0, above: 0, below: 1 },
        }),
      ),
      ratio: optional(
        number({
          about: 'How many times smaller than the model the whole file is at least.',
          ...{ initial: 0, above: 1 },
        }),
      ),
      maxBytes: optional(
        integer({
          about: 'Bytes of the whole file at most.',
          ...{ initial: 0, least: 1, most: Number.MAX_SAFE_INTEGER },
        }),
      ),
    },
    'What the file must keep, one of three. Sample inputs then decide the levels of all layers together (deepc compress --data): share.method must be grid, and nothing is pruned. Layers that are to stay as they are get skip.',
  ),
);
export type GoalRecipe = ValueOf<typeof goal>;

export const codingFields = {
  ...layerFields,
  roles,
  minimumWeights: integer({
    about: 'Tensors with fewer values stay as they are: a codebook would outweigh what it saves.',
    initial: 256,
    least: 0,
    most: Number.MAX_SAFE_INTEGER,
  }),
  restNoise: optional(
    number({
      about:
        "Rounds what is not compressed (biases, normalisations, small tensors): the squared error, relative to the tensor's own squares. BatchNormalization then gets mean 0 and variance 1, with scale and shift to match. 0 leaves it byte for byte.",
      initial: 0,
      least: 0,
      most: 0.01,
    }),
  ),
  goal: optional(goal),
  kinds: sparse(
    group(
      {
        conv: described(
          override,
          "Convolutions (Conv, ConvTranspose, …): the paper's CONV layers.",
        ),
        fc: described(override, "Fully connected layers (Gemm, MatMul): the paper's FC layers."),
        recurrent: described(override, 'LSTM, GRU and RNN.'),
        other: described(override, 'Everything else.'),
      },
      'Other settings for a kind of layer. What is not named here is as in the recipe.',
    ),
  ),
  layers: mapOf(
    override,
    { minLength: 1, maxLength: 512 },
    'Other settings for single layers, by name, or by the path that `deepc inspect --json` gives where several have one name: * stands for any characters, ? for one. Where several match, the later ones win; a name that no layer has is an error.',
  ),
};

export const nameFields = {
  name: text(
    { about: 'What the recipe is called in lists and reports.' },
    { minLength: 1, maxLength: 64, pattern: '^[^\\r\\n\\t]*\\S[^\\r\\n\\t]*$' },
  ),
  description: text(
    { about: 'One sentence about what it does, shown where a recipe is chosen.', initial: '' },
    { maxLength: 1000 },
  ),
};

/** How a model is coded: every default filled in. */
export type CodingRecipe = ValuesOf<typeof nameFields & typeof codingFields>;

/** @throws DeepCompressionError `invalid-recipe` when a method of sharing does not take so many bits */
export function checkShare({ method, bits }: Pick<ShareRecipe, 'method' | 'bits'>): void {
  if (method === 'grid' && bits < gridBits.least)
    throw invalidRecipe(`share.bits must be ${gridBits.least} to ${gridBits.most} for method grid`);
  if (method !== 'grid' && bits > sharedBits.most)
    throw invalidRecipe(
      `share.bits must be ${sharedBits.least} to ${sharedBits.most} for method ${method}; only grid takes up to ${gridBits.most}`,
    );
}

/** The settings of one layer, or undefined when it is to stay as it is. */
export function recipeForLayer(
  recipe: LayerRecipe & Pick<CodingRecipe, 'kinds' | 'layers'>,
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

export function invalidRecipe(message: string): DeepCompressionError {
  return new DeepCompressionError('invalid-recipe', `invalid recipe: ${message}`);
}
