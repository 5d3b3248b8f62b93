/** What every job takes that writes another ONNX model, with sample inputs where there are some. */
import type { FileInput } from './protocol-model.ts';
import type { DataInput, NormalisationInput } from './protocol-train.ts';

export interface RewriteInput {
  /** An .onnx, or a .dcz: the model it restores is then taken. */
  readonly file: FileInput;
  /** Sample inputs; labels are not needed. */
  readonly data?: DataInput;
  readonly normalisation?: NormalisationInput;
  /** Use the first so many samples only. */
  readonly samples?: number;
  readonly out: string;
  readonly overwrite: boolean;
  /** Of whatever is made up. */
  readonly seed: number;
  readonly threads?: number;
}
