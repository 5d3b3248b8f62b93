/** What the job export takes and gives. */
import type { ExportedLayer } from '../export/weights.ts';
import type { ExportName } from '../export/formats.ts';
import type { Fidelity } from '../fidelity/compare.ts';
import type { RewriteInput } from './protocol-rewrite.ts';

/** Outputs of both are compared on `data`. */
export interface ExportInput extends RewriteInput {
  readonly to: ExportName;
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
  readonly output: { readonly path: string; readonly bytes: number };
  readonly layers: readonly ExportedLayer[];
  /** The inputs that both ran on for `runtimes`, one line an input. */
  readonly inputs: readonly string[];
  readonly runtimes: readonly RuntimeComparison[];
  /** On the samples, where there are some. */
  readonly fidelity?: Fidelity;
  readonly notes: readonly string[];
}
