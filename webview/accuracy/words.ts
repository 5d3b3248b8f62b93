/** Sentences about accuracy, for every page that shows some. Part of such a page's `english`. */
export const accuracyWords = {
  accuracy: 'Accuracy',
  agreement: 'Agreement',
  agreementHint:
    'The samples have no labels: how often the compressed model answers as the original does',
  squaredError: 'Mean squared error',
  loss: 'Loss',
  before: 'before',
  heldOut: 'held-out samples',
  testSamples: 'test samples',
  training: 'training samples',
  zeros: 'Zeros',
  stage: 'Stage',
  step: 'Step',
  epoch: 'Epoch',
  stage_train: 'train',
  stage_prune: 'prune',
  stage_share: 'share',
  stage_ternary: 'ternary',
  stage_hash: 'hash',
  'stage_group-lasso': 'group lasso',
  stage_slimming: 'slimming',
  stage_reconstruct: 'reconstruct',
  trainingLoss: 'Training loss',
  heldOutLoss: 'Held-out loss',
  curves: 'Training',
  curvesCaption:
    'What each stage cost at once, and what its epochs brought back. The best epoch of a stage is where the next one begins.',
  curvesSummary: '{0} epochs in {1} stages; {2} of the weights are zero at the end.',
  curvesAccuracy: '{0} on held-out samples: {1} before, {2} at the end.',
  sensitivity: 'Sensitivity',
  sensitivityBase: 'The model as it is: {0} on {1} samples.',
  readAs: 'Read as {0}.',
  scoredOutput: 'Scored on output {0} of {1}.',
  pruningCurves: 'One layer pruned',
  pruningCaption:
    'Accuracy when a single layer loses the smallest of its weights, without training: a line a layer (Han et al. 2015, figure 6).',
  pruningSummary: 'With {0} of its weights gone, {1} costs most: {2} falls to {3}.',
  pruningMost: 'The {0} layers that cost most, of {1}; the table has all.',
  prunedAxis: 'Share of the layer’s weights pruned',
  bitsCurves: 'Bits of a shared value',
  bitsCaption:
    'Accuracy when layers share 2ᵏ values of k bits, without training (Deep Compression, figures 7 and 8).',
  bitsSummary: '{0} bits for {1} are within one point of {2}, which the model has as it is.',
  bitsNone:
    'No number of bits in the scan is within one point of {0}, which the model has as it is.',
  bitsAxis: 'Bits',
  kind_all: 'all layers',
  kind_conv: 'convolutions',
  kind_fc: 'fully connected layers',
  kind_recurrent: 'recurrent layers',
  kind_other: 'other layers',
  init_linear: 'linear',
  init_density: 'density',
  init_random: 'random',
  layerOrKind: 'Layer',
  pruned: 'pruned',
  bitsOfValue: 'bits',
};

export type AccuracyWords = Readonly<Record<keyof typeof accuracyWords, string>>;

/** A word of the protocol as people read it; one that is not known stays as it is. */
export function wordFor(what: 'stage' | 'kind' | 'init', word: string, t: AccuracyWords): string {
  const key = `${what}_${word}`;
  return Object.hasOwn(accuracyWords, key) ? t[key as keyof AccuracyWords] : word;
}
