/**
 * What the jobs that need data take and give: evaluate, retrain, sensitivity. Plain data, like all
 * of protocol.ts; samples and weights never travel this way.
 */
import type { FileInput } from './protocol.ts';

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
