/** What the jobs take and give that compare a changed model's outputs with the original's. */
import type { Fidelity } from '../fidelity/compare.ts';
import type { Interval } from '../fidelity/interval.ts';
import type { OutputKind } from '../fidelity/kinds.ts';
import type { Basis, Verdict } from '../fidelity/verdict.ts';
import type { FileInput } from './protocol-model.ts';
import type { DataInput, NormalisationInput } from './protocol-train.ts';

/** A fidelity, and how much it says. */
export interface JudgedFidelity extends Fidelity {
  readonly on: Basis;
  readonly verdict: Verdict;
}

/** What a .dcz says of what it did to the outputs, in rounded shares. */
export interface StatedOutputs {
  readonly on: Basis;
  readonly kind: OutputKind['kind'];
  readonly samples: number;
  readonly answers: number;
  readonly disagreement: number;
  readonly interval: Interval | null;
  /** As `likelyLoss` has it. */
  readonly loss: number;
  readonly relativeError: number;
  readonly accuracy: { readonly original: number; readonly changed: number } | null;
}

/** What a .dcz says of itself. Anyone can write it: nothing proves it. */
export interface Statement {
  /** What it was made of: `engine/statement.ts` has the hash. */
  readonly model: { readonly name: string; readonly sha256: string };
  readonly outputs?: StatedOutputs;
  /** The loss that was allowed. */
  readonly maxLoss?: number;
}

/** A statement as it is shown. */
export interface Stated extends Statement {
  /** Of `outputs`, by this program. */
  readonly verdict?: Verdict;
}

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

export interface AttemptsInput {
  /** A .dcz. */
  readonly file: FileInput;
  /** Others, which may have been made of the same model. */
  readonly others: readonly FileInput[];
}

/** A .dcz among those of one model. */
export interface Attempt {
  readonly path: string;
  readonly bytes: number;
  /** Bytes of what it restores over its own. */
  readonly ratio: number;
  /** Name of its recipe. */
  readonly recipe: string;
  readonly stated: Stated;
}

export interface AttemptsResult {
  /** The file and those that state the same model, the smallest first; empty where it states none. */
  readonly attempts: readonly Attempt[];
}
