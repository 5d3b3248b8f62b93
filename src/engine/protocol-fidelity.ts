/** What the jobs take and give that compare a changed model's outputs with the original's. */
import type { Fidelity } from '../fidelity/compare.ts';
import type { FileInput } from './protocol-model.ts';
import type { DataInput, NormalisationInput } from './protocol-train.ts';

export interface AgreementInput {
  /** An .onnx, or a .dcz: what it restores is then run. */
  readonly file: FileInput;
  /** The original, likewise. */
  readonly against: FileInput;
  /** Inputs; labels, where there are some, give the accuracy of both. */
  readonly data: DataInput;
  readonly normalisation?: NormalisationInput;
  /** Use the first so many samples only. */
  readonly samples?: number;
  readonly threads?: number;
}

export interface AgreementResult {
  readonly fidelity: Fidelity;
  readonly seconds: number;
  readonly runtime: string;
  readonly notes: readonly string[];
}
