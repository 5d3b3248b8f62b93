/** What the compare job takes and gives: two models side by side, tensor by tensor. */
import type { DType } from '../model/dtype.ts';
import type { FormatId } from '../model/format-names.ts';
import type { Role } from '../model/model.ts';
import type { LayerDifference } from '../view/types.ts';
import type { FileInput } from './protocol-model.ts';

export interface CompareInput {
  /** What it is measured against, an .onnx or a .dcz. */
  readonly original: FileInput;
  readonly changed: FileInput;
}

export interface ComparedModel {
  readonly path: string;
  /** Of the file itself. */
  readonly bytes: number;
  readonly format: FormatId | 'dcz';
  readonly parameters: number;
}

/** changed - original, weight by weight. `relative` and `rmse` are against the original. */
export interface ComparedLayer extends Omit<LayerDifference, 'layer' | 'other'> {
  readonly name: string;
  readonly op: string;
  readonly role: Role;
  readonly shape: readonly number[];
  /** In the original. */
  readonly dtype: DType;
}

export interface CompareResult {
  readonly original: ComparedModel;
  readonly changed: ComparedModel;
  /** Tensors that are in both, those that changed most (`relative`) first. */
  readonly layers: readonly ComparedLayer[];
  readonly totals: {
    readonly layers: number;
    /** Layers of which any weight differs. */
    readonly differing: number;
    readonly weights: number;
    readonly changed: number;
    readonly becameZero: number;
    readonly becameNonzero: number;
    readonly signFlips: number;
    readonly nonFinite: number;
    readonly largest: number;
    /** Over the weights of all layers. */
    readonly rmse: number;
  };
  /** In both, but not comparable, with one line why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly onlyInOriginal: readonly string[];
  readonly onlyInChanged: readonly string[];
}
