/**
 * What the jobs that need data take and give: evaluate, retrain, sensitivity. Plain data, like all
 * of protocol.ts; samples and weights never travel this way.
 */
import type { DataSplit } from '../train/dataset/taken.ts';
import type { Accuracy, CentroidInit, Retraining, WasScored } from './protocol-accuracy.ts';
import type { CompressResult, FileInput } from './protocol-model.ts';
import type { RemovedChannels } from './protocol-slim.ts';

/** A labelled data set: .npz, .npy, IDX (gzipped or not), CSV, or a folder of images by class. */
export interface DataInput {
  readonly file: FileInput;
  /** Labels in a file of their own (IDX, .npy, text); looked for beside the samples when absent. */
  readonly labels?: FileInput;
  /** The part to take of an .npz that has several; what suits the purpose when absent. */
  readonly split?: DataSplit;
  /** Of a table: name of the label's column, or its number from 1. */
  readonly label?: string;
  /** Of a table: whether its first line is names; decided by its content when absent. */
  readonly header?: boolean;
}

/** What is asked before a compression begins. */
export interface DurationInput {
  readonly file: FileInput;
  readonly recipe: string | object;
  /** Of a recipe that trains. */
  readonly data?: DataInput;
  readonly normalisation?: NormalisationInput;
  readonly threads?: number;
}

export interface DurationResult {
  /** An estimate. */
  readonly seconds: number;
  /** Of all stages, and the samples of one; 0 where nothing is trained. */
  readonly epochs: number;
  readonly samples: number;
}

/** What an output may not replace: the models and data that are shown. */
export interface InputFilesInput {
  readonly models: readonly FileInput[];
  readonly data: readonly DataInput[];
}

export interface InputFiles {
  /** External data, labels and every picture of a folder included. */
  readonly paths: readonly string[];
}

/** (value * scale - mean) / deviation, one of each or one a channel. */
export interface NormalisationInput {
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly deviation?: readonly number[];
}

export interface EvaluateInput {
  /** An .onnx, or a .dcz: what it restores is then evaluated. */
  readonly file: FileInput;
  readonly data: DataInput;
  /** Which of the model's outputs is scored; the first of floating-point numbers when absent. */
  readonly output?: string;
  /** As the model was trained with; a .dcz that was retrained knows its own. */
  readonly normalisation?: NormalisationInput;
  /** Samples a run, 256 when absent; models with a fixed batch use theirs. */
  readonly batch?: number;
  /** Use the first so many samples only. */
  readonly samples?: number;
  /** As many as the machine has, at most 8, when absent. */
  readonly threads?: number;
}

export interface EvaluateResult extends Accuracy, WasScored {
  /** Of the run over the samples alone. */
  readonly seconds: number;
  readonly runtime: string;
  /** As given, else as a retrained .dcz states it. */
  readonly normalisation: Required<NormalisationInput>;
  readonly notes: readonly string[];
}

export interface RetrainInput {
  readonly file: FileInput;
  readonly data: DataInput;
  /** Scored before and after, and nothing else: no choice is made on it. */
  readonly test?: DataInput;
  /** A .dcz, or an .onnx: the trained model, uncompressed. */
  readonly out: string;
  readonly overwrite: boolean;
  /** Which of the model's outputs is trained; the first of floating-point numbers when absent. */
  readonly output?: string;
  /** With a `train` section. */
  readonly recipe: string | object;
  /** In the place of the recipe's own. */
  readonly normalisation?: NormalisationInput;
  readonly seed: number;
  /** Results follow from their number too, because sums are taken in another order. */
  readonly threads: number;
  /** Use the first so many samples only. */
  readonly samples?: number;
  /** Where to keep what an interrupted run goes on from; `out` with .checkpoint when absent. */
  readonly checkpoint?: string;
  /** Do not go on from a checkpoint that is there. */
  readonly fresh?: boolean;
}

export interface RetrainResult extends Retraining {
  readonly output: { readonly path: string; readonly bytes: number };
  /** What compress gives; null when `out` is an .onnx. */
  readonly compressed: CompressResult | null;
  /** The file beside a .dcz that keeps this for its report; null when `out` is an .onnx. */
  readonly record: string | null;
  /** Where stages made channels zero: what was removed from the model, as trained and in one file. */
  readonly removed?: RemovedChannels;
  /** Whether it went on from a checkpoint. */
  readonly resumed: boolean;
  readonly notes: readonly string[];
}

export interface SensitivityInput {
  readonly file: FileInput;
  readonly data: DataInput;
  readonly output?: string;
  readonly normalisation?: NormalisationInput;
  readonly samples?: number;
  /** Shares of a layer's weights to prune, 0 to below 1; [] for no pruning. */
  readonly sparsities?: readonly number[];
  /** Bits of shared values, 1 to 8; [] for no sharing. */
  readonly bits?: readonly number[];
  /** Beginnings of k-means to compare; linear alone when absent. */
  readonly inits?: readonly CentroidInit[];
  readonly seed?: number;
  /** Numbers of the layers and, after these, of the kinds to scan; all when absent. */
  readonly only?: readonly number[];
  /** A .dcz made from this model, whose report is to show the scan: it goes into its training record. */
  readonly into?: string;
  /** As many as the machine has, at most 8, when absent. */
  readonly threads?: number;
}
