/**
 * What jobs take and give: the one vocabulary of the command line, the extension and the pages.
 * Everything here is plain data that survives structured cloning; weights never travel this way.
 */
import type { DType } from '../model/dtype.ts';
import type { Role, Storage } from '../model/model.ts';
import type { ErrorCode } from '../model/errors.ts';
import type {
  PublishedInput,
  PublishedResult,
  SimulateInput,
  SimulateResult,
  SweepInput,
  SweepResult,
} from './protocol-eie.ts';
import type {
  CloseViewInput,
  OpenViewInput,
  OpenViewResult,
  ViewInput,
  ViewResult,
} from './protocol-view.ts';
import type {
  EvaluateInput,
  EvaluateResult,
  RetrainInput,
  RetrainResult,
  SensitivityInput,
  SensitivityResult,
  TrainingEpoch,
} from './protocol-train.ts';

export const protocolVersion = 1;

/** Progress of a job: one line for people, and a fraction when it is known. */
export interface Progress {
  /** What is being done, e.g. `prune` or `verify`. */
  readonly stage: string;
  /** The layer at hand, '' between layers. */
  readonly layer: string;
  /** 0..1 over the whole job, monotone. */
  readonly fraction: number;
  /** Training: an epoch that has just ended. */
  readonly epoch?: TrainingEpoch;
}

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
  readonly op: string;
  readonly role: Role;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly storage: Storage;
  readonly bytes: number;
  readonly parameters: number;
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
    readonly format: 'onnx' | 'dcz';
    readonly irVersion: number;
    readonly opsets: Readonly<Record<string, number>>;
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
}

export interface CompressedLayer {
  readonly name: string;
  readonly op: string;
  readonly shape: readonly number[];
  readonly weights: number;
  readonly nonzeros: number;
  /** 1 - nonzeros / weights */
  readonly sparsity: number;
  /** Entries of the codebook, the reserved zero included. */
  readonly codebookSize: number;
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
  /** Root mean square of (shared value - original), in the weights' unit. */
  readonly rmse: number;
  /** The paper's accounting (Deep Compression, Tables 2 to 5), each a fraction of 32-bit weights. */
  readonly paper: { readonly prunedQuantized: number; readonly prunedQuantizedHuffman: number };
}

export interface CompressResult {
  readonly input: { readonly path: string; readonly bytes: number };
  readonly output: { readonly path: string; readonly bytes: number };
  /** input.bytes / output.bytes: whole files. */
  readonly ratio: number;
  /** The written file was read back, decoded and compared. Never false in a result. */
  readonly verified: true;
  readonly seconds: number;
  readonly recipe: string;
  readonly layers: readonly CompressedLayer[];
  /** Everything in the output that is not a layer: the rest of the model, recipe, header. */
  readonly otherBytes: number;
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

export interface ImportInput {
  /** Song Han's published format: the weights, and the Caffe prototxt that has the graph. */
  readonly weights: FileInput;
  readonly prototxt: FileInput;
  readonly out: string;
  readonly overwrite: boolean;
}

export interface ImportResult {
  readonly output: { readonly path: string; readonly bytes: number };
  readonly layers: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly entries: number;
    readonly nonzeros: number;
  }[];
}

/** The report of a .dcz: read from the file itself, so that it can be shown at any later time. */
export type ReportInput = { readonly file: FileInput };
export type ReportResult = Omit<CompressResult, 'seconds'> & {
  /** The whole recipe, as the file holds it. */
  readonly recipeDetails?: object;
};

/** The built-in recipes, for a choice: the extension host does not load the compression room. */
export type PresetsInput = Readonly<Record<string, never>>;
export interface PresetsResult {
  readonly presets: readonly { readonly name: string; readonly description: string }[];
}

export interface Jobs {
  inspect: { input: InspectInput; result: InspectResult };
  compress: { input: CompressInput; result: CompressResult };
  decompress: { input: DecompressInput; result: DecompressResult };
  import: { input: ImportInput; result: ImportResult };
  report: { input: ReportInput; result: ReportResult };
  presets: { input: PresetsInput; result: PresetsResult };
  simulate: { input: SimulateInput; result: SimulateResult };
  sweep: { input: SweepInput; result: SweepResult };
  published: { input: PublishedInput; result: PublishedResult };
  evaluate: { input: EvaluateInput; result: EvaluateResult };
  retrain: { input: RetrainInput; result: RetrainResult };
  sensitivity: { input: SensitivityInput; result: SensitivityResult };
  openView: { input: OpenViewInput; result: OpenViewResult };
  view: { input: ViewInput; result: ViewResult };
  closeView: { input: CloseViewInput; result: Readonly<Record<string, never>> };
}

export type JobName = keyof Jobs;

/** The same as messages: `stop` ends it and keeps the best, `pause` and `resume` let it wait. */
export type Steering = 'stop' | 'pause' | 'resume';

/** What a user may ask of a training that runs: to end now and keep the best, or to wait. */
export interface JobControl {
  stopped(): boolean;
  /** Resolves when the job may go on; undefined when it need not wait. */
  paused(): Promise<void> | undefined;
}

export type Job<K extends JobName> = (
  input: Jobs[K]['input'],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
  control?: JobControl,
) => Promise<Jobs[K]['result']>;

/** Messages between the extension host (client) and the worker thread. */
export type ToWorker =
  | {
      [K in JobName]: {
        readonly type: 'start';
        readonly version: typeof protocolVersion;
        readonly id: number;
        readonly job: K;
        readonly input: Jobs[K]['input'];
      };
    }[JobName]
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: Steering; readonly id: number };

export type FromWorker =
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'result'; readonly id: number; readonly result: Jobs[JobName]['result'] }
  | {
      readonly type: 'error';
      readonly id: number;
      /** '' for a defect of ours; `message` then is the error's text. */
      readonly code: ErrorCode | '';
      readonly message: string;
      readonly stack: string;
    };
