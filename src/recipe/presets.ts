/**
 * The built-in recipes, written as a user would write them (media/recipe.schema.json). The bits are
 * the papers'; the pruning is not, because the papers retrain after it: without retraining about
 * half of the weights go before accuracy falls (Han et al. 2015, figure 5), so that is where these
 * stop. `calibrated` states a goal, which takes sample inputs; the last four retrain: two
 * prune as the papers do, two remove channels.
 */
/** Prune in steps and retrain after each, train what is left, share, train the shared values. */
const stages: readonly object[] = [
  { kind: 'prune', steps: 4, epochs: 2, rate: 0.0005 },
  { kind: 'train', epochs: 4, rate: 0.0005 },
  { kind: 'share', epochs: 3, rate: 0.0001 },
];

/** Channels whose weights training makes small, and the smallest of every layer, go; the rest is shared. */
const slimming: readonly object[] = [
  { kind: 'group-lasso', epochs: 3, rate: 0.0005, decay: 0.2, share: 0.4 },
  { kind: 'train', epochs: 6, rate: 0.0005 },
  { kind: 'share', epochs: 2, rate: 0.0001 },
];

export const presetRecipes: readonly object[] = [
  {
    name: 'safe',
    description:
      'Fidelity first, without samples: every weight the nearest of evenly spaced levels with a scale ' +
      'for each output channel, fine enough that rounding adds 0.2 % noise to the whole model, small ' +
      'layers least; biases and normalisations rounded far finer. Prunes nothing; arithmetic coding.',
    prune: { method: 'none' },
    share: { method: 'grid', noise: 0.002 },
    coder: 'arithmetic',
    roles: ['weight', 'embedding'],
    minimumWeights: 16,
    restNoise: 1e-7,
  },
  {
    name: 'calibrated',
    description:
      'As small as a loss of half a percentage point allows, measured on sample inputs (no labels ' +
      'needed): levels of all layers decided by what they do to the outputs. Prunes nothing but what ' +
      'rounds to zero; arithmetic coding.',
    prune: { method: 'none' },
    share: { method: 'grid', bits: 8 },
    coder: 'arithmetic',
    roles: ['weight', 'embedding'],
    restNoise: 1e-7,
    goal: { maxLoss: 0.005 },
  },
  {
    name: 'deep-compression',
    description:
      "The paper's method in one shot: prunes a third to a half of the weights, 8-bit convolutions, " +
      '5-bit fully connected layers, Huffman coding. No retraining: check accuracy.',
    prune: { method: 'threshold', quality: 0.6 },
    share: { method: 'kmeans', bits: 5, init: 'linear' },
    coder: 'huffman',
    kinds: {
      conv: { prune: { quality: 0.4 }, share: { bits: 8 } },
      recurrent: { prune: { quality: 0.4 } },
    },
  },
  {
    name: 'eie',
    description:
      'What the EIE accelerator stores: 4-bit weights (15 shared values and zero) and a 4-bit ' +
      'relative index, with moderate pruning. No retraining: check accuracy.',
    prune: { method: 'threshold', quality: 0.6 },
    share: { method: 'kmeans', bits: 4, init: 'linear' },
    index: { bits: 4 },
    coder: 'huffman',
    kinds: { conv: { prune: { quality: 0.4 } } },
  },
  {
    name: 'conservative',
    description:
      'No pruning; 255 shared values a layer with the least squared error. The weights change ' +
      'slightly, accuracy usually stays.',
    prune: { method: 'none' },
    share: { method: 'optimal', bits: 8 },
    coder: 'huffman',
  },
  {
    name: 'aggressive',
    description:
      'Small before all: prunes half of all weights, layers sharing the target, 6-bit convolutions, ' +
      '4-bit other layers, the smaller of Huffman and arithmetic coding. No retraining: accuracy ' +
      'will fall on many models, check it.',
    prune: { method: 'global', target: 0.5 },
    share: { method: 'optimal', bits: 4 },
    coder: 'auto',
    kinds: { conv: { share: { bits: 6 } } },
  },
  {
    name: 'keep',
    description:
      'Changes no weight: layers with at most 256 distinct values (already shared, quantized or ' +
      'pruned ones) are coded with exactly those, the others stay as they are.',
    prune: { method: 'none' },
    share: { method: 'exact' },
    coder: 'auto',
    roles: ['weight', 'embedding', 'bias', 'normalisation', 'other'],
  },
  {
    name: 'deep-compression-retrain',
    description:
      "The paper's method with retraining, on labelled samples: prunes nine tenths of fully connected " +
      'layers and two thirds of convolutions in steps, then shares weights, training after each.',
    prune: { method: 'sparsity', target: 0.9 },
    share: { method: 'kmeans', bits: 5, init: 'linear' },
    coder: 'auto',
    kinds: {
      conv: { prune: { target: 0.65 }, share: { bits: 8 } },
      recurrent: { prune: { target: 0.8 } },
    },
    train: { stages },
  },
  {
    name: 'deep-compression-distill',
    description:
      'Retraining on samples without labels, towards the answers of the original model: prunes four ' +
      'fifths of fully connected layers and half of convolutions in steps, then shares weights.',
    prune: { method: 'sparsity', target: 0.8 },
    share: { method: 'kmeans', bits: 5, init: 'linear' },
    coder: 'auto',
    kinds: {
      conv: { prune: { target: 0.5 }, share: { bits: 8 } },
      recurrent: { prune: { target: 0.6 } },
    },
    train: { loss: 'distillation', teacher: 1, stages },
  },
  {
    name: 'slim',
    description:
      'Removes two fifths of the channels of every layer for good, on labelled samples: smaller and with ' +
      'less work in every runtime. Trains what is left, then shares weights.',
    prune: { method: 'none' },
    share: { method: 'kmeans', bits: 5, init: 'linear' },
    coder: 'auto',
    kinds: { conv: { share: { bits: 8 } } },
    train: { stages: slimming },
  },
  {
    name: 'slim-unlabelled',
    description: 'The same on samples without labels, towards the answers of the original model.',
    prune: { method: 'none' },
    share: { method: 'kmeans', bits: 5, init: 'linear' },
    coder: 'auto',
    kinds: { conv: { share: { bits: 8 } } },
    train: { loss: 'distillation', teacher: 1, stages: slimming },
  },
];
