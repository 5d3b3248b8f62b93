/**
 * What is known about how good a model is: accuracy, the epochs of a training, how much each layer can
 * take, and the record of all that beside a .dcz. Plain data, so that any other part of the protocol
 * may speak of it.
 */
import type { Taken } from '../train/dataset/taken.ts';
import type { ChosenOutput } from '../train/methods/output.ts';

/** What was scored: which samples and labels, and which output of the model. */
export interface WasScored {
  readonly taken: Taken;
  readonly scored: ChosenOutput;
}

export interface Accuracy {
  readonly samples: number;
  /** Shares of the samples, 0..1; null for regression. */
  readonly top1: number | null;
  readonly top5: number | null;
  /** Mean cross-entropy, or mean squared error for regression. */
  readonly loss: number;
}

/** One epoch, for curves. */
export interface TrainingEpoch {
  /** Position in the recipe's stages, and the stage's kind. */
  readonly stage: number;
  readonly kind: string;
  /** Of pruning, from 0. */
  readonly step: number;
  /** Epochs done of the step, the last maybe in part; 0: before the first. */
  readonly epoch: number;
  readonly trainingLoss: number | null;
  /** On the samples held out of training; null when none are. */
  readonly validation: Accuracy | null;
  /** Share of zeros among the weights. */
  readonly sparsity: number;
}

/** A stage of a recipe, as far as its length goes. */
export interface PlannedStage {
  readonly kind: string;
  readonly steps: number;
  /** Of each step. */
  readonly epochs: number;
}

/** What a training is about to do. */
export interface TrainingStart {
  readonly stages: readonly PlannedStage[];
  /** The model as it is, on the held-out samples; null when none are. */
  readonly before: Accuracy | null;
  /** The samples have no labels: accuracy is agreement with the model as it is. */
  readonly agreement: boolean;
  /** Samples to train on. */
  readonly samples: number;
  readonly runtime: string;
  /** One line: what of the data was taken for samples, labels and header, and which output is scored. */
  readonly taken: string;
}

/** What a training tells while it runs: its plan before the first epoch, then every epoch, those of an
 * interrupted run first. */
export type TrainingEvent =
  | { readonly kind: 'start'; readonly start: TrainingStart }
  | { readonly kind: 'epoch'; readonly epoch: TrainingEpoch };

export type CentroidInit = 'linear' | 'density' | 'random';

export interface SharedAccuracy extends Accuracy {
  readonly bits: number;
  readonly init: CentroidInit;
}

export interface SensitivityResult extends Partial<WasScored> {
  /** Of the model as it is. */
  readonly baseline: Accuracy;
  /** Each layer alone, all others as they are. */
  readonly layers: readonly {
    readonly name: string;
    readonly op: string;
    readonly kind: string;
    readonly shape: readonly number[];
    readonly weights: number;
    readonly pruned: readonly (Accuracy & { readonly sparsity: number })[];
    readonly shared: readonly SharedAccuracy[];
  }[];
  /** All layers of a kind together: conv, fc, …, or all. */
  readonly kinds: readonly { readonly kind: string; readonly shared: readonly SharedAccuracy[] }[];
  readonly seconds: number;
  readonly runtime: string;
  readonly notes: readonly string[];
}

/** What retraining did; records of earlier versions do not say on what. */
export interface Retraining extends Partial<WasScored> {
  /** Of the test data, when there is some. */
  readonly testTaken?: Taken;
  /** The samples had no labels: accuracy is agreement with the model as it was. */
  readonly agreement: boolean;
  /** On the samples held out of training: the input, and the written file read again; null without such. */
  readonly before: Accuracy | null;
  readonly after: Accuracy | null;
  /** The same on the test data, when there is some: no choice was made on it. */
  readonly test: { readonly before: Accuracy; readonly after: Accuracy } | null;
  readonly epochs: readonly TrainingEpoch[];
  /** `stopped`: on request; `diverged`: the loss was no longer finite. Either way the best is kept. */
  readonly end: 'done' | 'stopped' | 'diverged';
  /** File name of the samples. */
  readonly data: string;
  /** The complete recipe. */
  readonly recipe: object;
  readonly seed: number;
  readonly runtime: string;
  /** That worked together; a batch too small to divide, or one the model fixes, trained on one. */
  readonly threads: number;
  readonly seconds: number;
}

/** What is known about the accuracy of a .dcz, kept in a file beside it (train/record.ts). */
export interface TrainingRecord {
  readonly retraining?: Retraining;
  /** Of the model that was compressed. */
  readonly sensitivity?: SensitivityResult;
}
