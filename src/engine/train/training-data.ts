/**
 * The samples of a retraining: made to fit the loss, and split by the seed. Where only inputs are
 * known, the uncompressed model's own answers take the place of labels: accuracy is then agreement
 * with it.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { TrainRecipe } from '../../train/train-recipe.ts';
import { splitSamples, type Dataset } from '../../train/dataset/dataset.ts';
import type { Teacher } from '../../train/methods/network.ts';

/** @throws DeepCompressionError `invalid-input` when the loss needs what the data do not have */
export function dataForLoss(data: Dataset, loss: TrainRecipe['loss']): Dataset {
  const lacks = (what: string): DeepCompressionError =>
    new DeepCompressionError('invalid-input', `${data.name}: ${what}`);
  if (loss === 'cross-entropy' && !data.labels)
    throw lacks(
      data.targets
        ? 'loss cross-entropy needs class numbers, these are other values (loss mse takes them)'
        : 'loss cross-entropy needs labels (loss distillation does without)',
    );
  if (loss === 'mse' && data.labels && data.targets)
    return { ...data, labels: undefined, classes: 0 }; // probabilities
  if (loss === 'mse' && data.labels && data.kind === 'one-hot rows') {
    const targets = new Float32Array(data.samples * data.classes);
    data.labels.forEach((label, n) => (targets[n * data.classes + label] = 1));
    return { ...data, labels: undefined, classes: 0, targets, targetShape: [data.classes] };
  }
  if (loss === 'mse' && !data.targets) {
    // one whole number a sample reads as a class number
    if (!data.labels) throw lacks('loss mse needs targets');
    return {
      ...data,
      labels: undefined,
      classes: 0,
      targets: Float32Array.from(data.labels),
      targetShape: [1],
    };
  }
  return data;
}

/** The data with the teacher's answers as labels, where it has none. */
export function labelledBy(teacher: Teacher, data: Dataset): Dataset {
  if (data.labels) return data;
  const { size, values } = teacher;
  const labels = new Int32Array(data.samples);
  for (let n = 0; n < data.samples; n++) {
    let best = 0;
    for (let i = 1; i < size; i++) if (values[n * size + i] > values[n * size + best]) best = i;
    labels[n] = best;
  }
  return { ...data, labels, classes: size, targets: undefined, targetShape: [] };
}

export interface Split {
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
  readonly notes: readonly string[];
}

/** @throws DeepCompressionError `invalid-input` when nothing is left to train on */
export function splitFor(data: Dataset, share: number, seed: number, samples?: number): Split {
  const count = Math.min(data.samples, samples ?? data.samples);
  const { training, validation } = splitSamples(count, share, seed);
  if (training.length === 0)
    throw new DeepCompressionError('invalid-input', `${data.name}: too few samples to train on`);
  const notes: string[] = [];
  if (validation.length === 0)
    notes.push('no samples are held out, so the last epoch of each stage was kept');
  const { labels } = data;
  if (labels) {
    const seen = new Set(Array.from(training, (n) => labels[n]));
    if (seen.size === 1)
      notes.push(
        `every training sample has class ${String([...seen][0])}: the model will answer nothing else`,
      );
    const missing = Array.from({ length: data.classes }, (_, c) => c).filter((c) => !seen.has(c));
    if (missing.length > 0)
      notes.push(
        `no training sample has class ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', …' : ''}: the model will unlearn ${missing.length > 1 ? 'them' : 'it'}`,
      );
  }
  return { training, validation, notes };
}
