/**
 * What the jobs on one model file take and give: inspect, compress, decompress, import, report, presets.
 */
import type { NotCoded } from '../compress/not-coded.ts';
import type { GoalRecipe } from '../compress/recipe.ts';
import type { DType } from '../model/dtype.ts';
import type { FormatId } from '../model/format-names.ts';
import type { Quantization, Role, Storage } from '../model/model.ts';
import type { JudgedFidelity, Stated } from './protocol-fidelity.ts';
import type { DataInput, NormalisationInput } from './protocol-train.ts';
import type { TrainingRecord } from './protocol-accuracy.ts';

/** A model or container file: by path, or by content where there is no disk (virtual workspaces). */
export type FileInput =
  { readonly path: string } | { readonly label: string; readonly bytes: Uint8Array<ArrayBuffer> };

export interface InspectInput {
  readonly file: FileInput;
  /** False: structure only, no payload is read (`zeros` … `std` are then null). */
  readonly statistics: boolean;
  /** Threads to use; as many as the machine offers when absent. */
  readonly threads?: number;
}

export interface InspectedLayer {
  readonly name: string;
  /** Where it lies in the model: tells layers of one name in different bodies apart. */
  readonly path: string;
  readonly op: string;
  readonly role: Role;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly storage: Storage;
  readonly bytes: number;
  readonly parameters: number;
  /** Where the format states it beside the tensor. */
  readonly quantization?: Quantization;
  /** null: not asked for, not numeric, empty, or the payload is missing. NaN and infinities are not
   * counted in min, max, mean and std. */
  readonly zeros: number | null;
  readonly distinct: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly std: number | null;
}

export interface InspectResult {
  readonly model: {
    readonly path: string;
    readonly bytes: number;
    readonly format: FormatId | 'dcz';
    /** Of the format, as its users write it: `IR 8, ai.onnx 17`; '' where there is none. */
    readonly version: string;
    /** ONNX only. */
    readonly irVersion?: number;
    readonly opsets?: Readonly<Record<string, number>>;
    readonly producer: string;
  };
  /** Sum over layers. */
  readonly parameters: number;
  readonly layers: readonly InspectedLayer[];
  readonly notes: readonly string[];
}

export interface CompressInput {
  readonly file: FileInput;
  /** Path of the .dcz to write; refused when it is the input. */
  readonly out: string;
  /** Replace an existing `out`. */
  readonly overwrite: boolean;
  /** A preset's name, or a recipe (validated by the job). */
  readonly recipe: string | object;
  readonly seed: number;
  /** Threads to use, at least 1. */
  readonly threads: number;
  /** Inputs that measure the result, and decide the levels of all layers where there is a goal. */
  readonly data?: DataInput;
  readonly normalisation?: NormalisationInput;
  /** In the place of the recipe's own. */
  readonly goal?: GoalRecipe;
}

export interface CompressedLayer {
  readonly name: string;
  readonly op: string;
  readonly shape: readonly number[];
  readonly weights: number;
  readonly nonzeros: number;
  /** 1 - nonzeros / weights */
  readonly sparsity: number;
  /** Shared values, the reserved zero included; 0 where weights are levels of a grid. */
  readonly codebookSize: number;
  /** Levels from -L to L there are (2 L + 1), channels with a scale, columns with one more. */
  readonly grid?: { readonly levels: number; readonly channels: number; readonly columns: number };
  /** Bits of a weight code before entropy coding. */
  readonly valueBits: number;
  /** Bits of the relative index before entropy coding, 0 when dense. */
  readonly indexBits: number;
  readonly coder: 'huffman' | 'arithmetic';
  /** Mean bits an entry after Huffman coding. */
  readonly huffmanBits: { readonly value: number; readonly index: number };
  /** Order-0 entropy, the bound of any such code, same unit. */
  readonly entropyBits: { readonly value: number; readonly index: number };
  /** Stored bytes in the .dcz. */
  readonly bytes: {
    readonly values: number;
    readonly index: number;
    readonly codebook: number;
    readonly tables: number;
    readonly total: number;
  };
  /** Stored entries, filler zeros included, and the fillers among them. */
  readonly entries: number;
  readonly fillers: number;
  /** Root mean square of (restored value - original), in the weights' unit. */
  readonly rmse: number;
  /** The paper's accounting (Deep Compression, Tables 2 to 5), each a fraction of 32-bit weights. */
  readonly paper: { readonly prunedQuantized: number; readonly prunedQuantizedHuffman: number };
}

export type { Verdict } from '../fidelity/verdict.ts';
export type { JudgedFidelity } from './protocol-fidelity.ts';

/** What a compression did to the outputs of the model. */
export interface MeasuredOutputs {
  /** On samples that chose nothing, or estimated on made-up inputs. */
  readonly fidelity?: JudgedFidelity;
  /** Why it is not known, where it was asked for. */
  readonly notMeasured?: string;
}

export interface CompressResult extends MeasuredOutputs {
  readonly input: { readonly path: string; readonly bytes: number };
  readonly output: { readonly path: string; readonly bytes: number };
  /** input.bytes / output.bytes: whole files. */
  readonly ratio: number;
  /** The written file decodes exactly: it was read back and compared. Never false in a result. */
  readonly decodesExactly: true;
  readonly seconds: number;
  readonly recipe: string;
  /** The share that was allowed to be lost, when a loss was the goal. */
  readonly maxLoss?: number;
  readonly layers: readonly CompressedLayer[];
  /** Everything in the output that is not a layer: the rest of the model, recipe, header. */
  readonly otherBytes: number;
  /** Tensors above one percent of the input that are stored as they were, the largest first. */
  readonly notCoded: readonly NotCoded[];
  readonly notes: readonly string[];
}

export interface DecompressInput {
  readonly file: FileInput;
  readonly out: string;
  readonly overwrite: boolean;
  readonly threads: number;
}

export interface DecompressResult {
  readonly input: { readonly path: string; readonly bytes: number };
  /** The model, and the external data files written beside it. */
  readonly output: { readonly path: string; readonly bytes: number };
  readonly externalFiles: readonly string[];
  readonly seconds: number;
}

/** Of which .dcz, and where its model would go. */
export interface FilesToRestoreInput {
  readonly file: FileInput;
  readonly out: string;
}

/** What decompressing would write: asked before it is done. */
export interface FilesToRestore {
  /** Of the model. */
  readonly format: FormatId;
  /** The model, then its external data files. */
  readonly files: readonly {
    readonly path: string;
    readonly bytes: number;
    /** A data file that is there already; it is never replaced. */
    readonly taken: boolean;
  }[];
}

export interface ImportInput {
  /** A TensorFlow.js layers model, or with `prototxt` the weights of Song Han's published format. */
  readonly weights: FileInput;
  /** The Caffe network that the weights belong to. */
  readonly prototxt?: FileInput;
  readonly out: string;
  readonly overwrite: boolean;
}

export interface ImportResult {
  readonly output: { readonly path: string; readonly bytes: number };
  readonly layers: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    /** Values that the file stores. */
    readonly entries: number;
    readonly nonzeros: number;
  }[];
}

/** The report of a .dcz: read from the file itself, so that it can be shown at any later time. */
export type ReportInput = { readonly file: FileInput };
export type ReportResult = Omit<CompressResult, 'seconds'> & {
  /** What the file says of itself. */
  readonly stated?: Stated;
  /** The whole recipe, as the file holds it. */
  readonly recipeDetails?: object;
  /** Accuracy and curves, when a record of this very file lies beside it. */
  readonly training?: TrainingRecord;
};

/** The built-in recipes, for a choice: the extension host does not load the compression room. */
export type PresetsInput = Readonly<Record<string, never>>;
export interface PresetsResult {
  readonly presets: readonly {
    readonly name: string;
    readonly description: string;
    /** States a goal, which takes sample inputs. */
    readonly calibrates: boolean;
    /** Retrains, so it needs samples. */
    readonly trains: boolean;
    /** Its samples need labels. */
    readonly labelled: boolean;
  }[];
}
