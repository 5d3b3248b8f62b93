/**
 * What the jobs that need data take and give: evaluate, retrain, sensitivity. Plain data, like all
 * of protocol.ts; samples and weights never travel this way.
 */
import type { CompressResult, FileInput } from './protocol-model.ts';

/** A labelled data set: .npz, .npy, IDX (gzipped or not) or CSV. */
export interface DataInput {
  readonly file: FileInput;
  /** Labels in a file of their own (IDX, .npy); looked for beside the samples when absent. */
  readonly labels?: FileInput;
}

/** (value * scale - mean) / deviation, one of each or one a channel. */
export interface NormalisationInput {
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly deviation?: readonly number[];
}

export interface Accuracy {
  readonly samples: number;
  /** Shares of the samples, 0..1; null for regression. */
  readonly top1: number | null;
  readonly top5: number | null;
  /** Mean cross-entropy, or mean squared error for regression. */
  readonly loss: number;
}

export interface EvaluateInput {
  /** An .onnx, or a .dcz: what it restores is then evaluated. */
  readonly file: FileInput;
  readonly data: DataInput;
  /** As the model was trained with; a .dcz that was retrained knows its own. */
  readonly normalisation?: NormalisationInput;
  /** Samples a run, 256 when absent; models with a fixed batch use theirs. */
  readonly batch?: number;
  /** Use the first so many samples only. */
  readonly samples?: number;
}

export interface EvaluateResult extends Accuracy {
  /** Of the run over the samples alone. */
  readonly seconds: number;
  readonly runtime: string;
}

export interface RetrainInput {
  readonly file: FileInput;
  readonly data: DataInput;
  /** Scored before and after, and nothing else: no choice is made on it. */
  readonly test?: DataInput;
  /** A .dcz, or an .onnx: the trained model, uncompressed. */
  readonly out: string;
  readonly overwrite: boolean;
  /** With a `train` section; normalisation included. */
  readonly recipe: string | object;
  readonly seed: number;
  readonly threads: number;
  /** Use the first so many samples only. */
  readonly samples?: number;
  /** Where to keep what an interrupted run goes on from; `out` with .checkpoint when absent. */
  readonly checkpoint?: string;
  /** Do not go on from a checkpoint that is there. */
  readonly fresh?: boolean;
}

/** One epoch, for curves. */
export interface TrainingEpoch {
  /** Position in the recipe's stages, and the stage's kind. */
  readonly stage: number;
  readonly kind: string;
  /** Of pruning, from 0. */
  readonly step: number;
  /** 0: before the first epoch of a step. */
  readonly epoch: number;
  readonly trainingLoss: number | null;
  /** On the samples held out of training; null when none are. */
  readonly validation: Accuracy | null;
  /** Share of zeros among the weights. */
  readonly sparsity: number;
}

export interface RetrainResult {
  readonly output: { readonly path: string; readonly bytes: number };
  /** What compress gives; null when `out` is an .onnx. */
  readonly compressed: CompressResult | null;
  /** On the samples held out of training: the input, and the written file read again. */
  readonly before: Accuracy | null;
  readonly after: Accuracy | null;
  /** The same on the test data, when there is some. */
  readonly test: { readonly before: Accuracy; readonly after: Accuracy } | null;
  readonly epochs: readonly TrainingEpoch[];
  /** `stopped`: on request; `diverged`: the loss was no longer finite. Either way the best is kept. */
  readonly end: 'done' | 'stopped' | 'diverged';
  /** Whether it went on from a checkpoint. */
  readonly resumed: boolean;
  readonly seconds: number;
  readonly runtime: string;
  readonly notes: readonly string[];
}

export type CentroidInit = 'linear' | 'density' | 'random';

export interface SensitivityInput {
  readonly file: FileInput;
  readonly data: DataInput;
  readonly normalisation?: NormalisationInput;
  readonly samples?: number;
  /** Shares of a layer's weights to prune, 0 to below 1; [] for no pruning. */
  readonly sparsities?: readonly number[];
  /** Bits of shared values, 1 to 8; [] for no sharing. */
  readonly bits?: readonly number[];
  /** Beginnings of k-means to compare; linear alone when absent. */
  readonly inits?: readonly CentroidInit[];
  readonly seed?: number;
}

export interface SharedAccuracy extends Accuracy {
  readonly bits: number;
  readonly init: CentroidInit;
}

export interface SensitivityResult {
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
