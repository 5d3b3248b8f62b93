/**
 * How good predictions are: top-1 and top-5 accuracy and the mean cross-entropy against class numbers,
 * or the mean squared error against targets. Ties count for the lower class number, as arg-max does.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { Dataset } from '../dataset/dataset.ts';

/** What the numbers of a prediction are: before softmax, after it, or its logarithm. */
export type PredictionKind = 'scores' | 'probabilities' | 'log-probabilities';

export interface Score {
  readonly samples: number;
  /** Shares of the samples, 0..1; null without classes. */
  readonly top1: number | null;
  readonly top5: number | null;
  /** Mean over samples (classes) or over values (targets). */
  readonly loss: number;
}

/** Adds up the score of one pass over samples. */
export class ScoreCounter {
  #samples = 0;
  #first = 0;
  #five = 0;
  #loss = 0;

  /** `size`: numbers a sample has in a prediction. @throws DeepCompressionError `invalid-input` */
  constructor(
    readonly data: Dataset,
    readonly size: number,
    readonly kind: PredictionKind,
  ) {
    checkTargets(data, size);
  }

  /** `predictions` of the samples `order[from .. to)`, one after another. */
  add(predictions: Float32Array, order: Uint32Array, from: number, to: number): void {
    const { labels, targets } = this.data;
    const { size } = this;
    for (let n = from; n < to; n++) {
      const at = (n - from) * size;
      const sample = order[n]!;
      if (labels) this.#classified(predictions, at, labels[sample]!);
      else
        for (let i = 0; i < size; i++)
          this.#loss += (predictions[at + i]! - targets![sample * size + i]!) ** 2 / size;
    }
    this.#samples += to - from;
    if (Number.isNaN(this.#loss))
      throw new DeepCompressionError(
        'invalid-model',
        "the model's output holds values that are not numbers",
      );
  }

  result(): Score {
    const n = this.#samples;
    const classes = this.data.labels !== undefined;
    return {
      samples: n,
      top1: classes ? this.#first / n : null,
      top5: classes ? this.#five / n : null,
      loss: this.#loss / n,
    };
  }

  #classified(predictions: Float32Array, at: number, label: number): void {
    const own = predictions[at + label]!;
    let better = 0;
    let most = -Infinity;
    for (let i = 0; i < this.size; i++) {
      const p = predictions[at + i]!;
      if (p > own || (p === own && i < label)) better++;
      if (p > most) most = p;
    }
    if (better < 1) this.#first++;
    if (better < 5) this.#five++;
    if (this.kind === 'scores') {
      let sum = 0;
      for (let i = 0; i < this.size; i++) sum += Math.exp(predictions[at + i]! - most);
      this.#loss += most + Math.log(sum) - own;
    } else this.#loss -= this.kind === 'probabilities' ? Math.log(Math.max(own, 1e-30)) : own;
  }
}

/** @throws DeepCompressionError `invalid-input` when the data's labels or targets do not fit */
export function checkTargets(data: Dataset, size: number): void {
  if (data.labels) {
    if (data.classes <= size) return;
    const sample = data.labels.findIndex((label) => label >= size);
    throw new DeepCompressionError(
      'invalid-input',
      `${data.name}: sample ${sample} has label ${data.labels[sample]}, but the model's output has ${size} classes (0 to ${size - 1})`,
    );
  }
  if (!data.targets)
    throw new DeepCompressionError(
      'no-labels',
      `${data.name}: there are no labels: say with --against which model the answers are compared with`,
    );
  const width = data.targetShape.reduce((a, b) => a * b, 1);
  if (width !== size)
    throw new DeepCompressionError(
      'invalid-input',
      `${data.name}: a target has ${width} values, the model's output ${size} a sample`,
    );
}
