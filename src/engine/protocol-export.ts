/** What the job export takes and gives. */
import type { ExportedLayer } from '../export/weights.ts';
import type { ExportName } from '../export/formats.ts';
import type { Fidelity } from '../fidelity/compare.ts';
import type { RewriteInput } from './protocol-rewrite.ts';

/** Outputs of both are compared on `data`. */
export interface ExportInput extends RewriteInput {
  readonly to: ExportName;
  /** Fold constants and BatchNormalization first. */
  readonly fold?: boolean;
  /** Percent of an activation's values that its range holds (int8-qdq); 100, the default: all. */
  readonly percentile?: number;
}

/** Both models in one runtime, on the same inputs, one thread. */
export interface RuntimeComparison {
  readonly runtime: string;
  /** ||y' - y|| / ||y|| over all outputs. */
  readonly relativeError: number;
  /** Median milliseconds a run. */
  readonly original: number;
  readonly exported: number;
}

export interface ExportResult {
  readonly input: { readonly path: string; readonly bytes: number };
  /** `bytes` of all files. */
  readonly output: { readonly path: string; readonly bytes: number };
  /** The file of weights beside the model, where there is one. */
  readonly dataFile?: string;
  readonly layers: readonly ExportedLayer[];
  /** The made-up inputs that both ran on for `runtimes`, one line an input; none: they ran on a sample. */
  readonly inputs: readonly string[];
  readonly runtimes: readonly RuntimeComparison[];
  /** On the samples, where there are some. */
  readonly fidelity?: Fidelity;
  readonly notes: readonly string[];
}
