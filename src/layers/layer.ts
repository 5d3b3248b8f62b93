/**
 * A layer as the simulator takes it, wherever it came from, and the check that its parts fit
 * together: one place, so that every engine below may trust its input.
 */
import { DeepCompressionError } from '../model/errors.ts';
import { highestCode, type SparseCodes } from './sparse.ts';

export interface Layer {
  readonly name: string;
  readonly matrix: SparseCodes;
  /** Bias codes, one a row, from the same codebook (0 = none); null: no biases stored. */
  readonly bias: Uint16Array | null;
  /** Value of each code; codebook[0] is 0. */
  readonly codebook: Float32Array;
  /** What each row's sum is multiplied by as it leaves its PE; 1 when absent (grid-levels.ts). */
  readonly rowScales?: Float32Array;
  /** Input vector, one a column. */
  readonly activations: Float32Array;
}

const fail = (layer: string, line: string): never => {
  throw new DeepCompressionError('invalid-input', `${layer}: ${line}`);
};

/** @throws DeepCompressionError `invalid-input`: one line naming the layer and what does not fit. */
export function checkLayer(layer: Layer, weightBits: number): void {
  const { name, matrix, bias, codebook, activations } = layer;
  if (codebook.length > 2 ** weightBits)
    fail(name, `codebook of ${codebook.length} values does not fit ${weightBits}-bit codes`);
  if (codebook.length === 0 || codebook[0] !== 0) fail(name, 'codebook must begin with 0');
  const wrong = codebook.findIndex((v) => !Number.isFinite(v));
  if (wrong >= 0) fail(name, `codebook value ${wrong} is not a finite number`);
  let { highest } = matrix;
  if (bias) {
    if (bias.length !== matrix.rows)
      fail(name, `${matrix.rows} rows need as many bias codes, got ${bias.length}`);
    highest = Math.max(highest, highestCode(bias));
  }
  if (highest >= codebook.length)
    fail(name, `weight code ${highest} is outside the codebook of ${codebook.length} values`);
  checkActivations(name, activations, matrix.cols);
  const { rowScales } = layer;
  if (rowScales !== undefined) checkScales(name, rowScales, matrix.rows);
}

function checkScales(name: string, scales: Float32Array, rows: number): void {
  if (scales.length !== rows) fail(name, `${rows} rows need as many scales, got ${scales.length}`);
  const wrong = scales.findIndex((s) => !Number.isFinite(s));
  if (wrong >= 0) fail(name, `the scale of row ${wrong} is not a finite number`);
}

/** Throws one line unless there is one finite activation a column. */
export function checkActivations(name: string, activations: Float32Array, cols: number): void {
  if (activations.length !== cols)
    fail(name, `${cols} columns need as many activations, got ${activations.length}`);
  for (let i = 0; i < activations.length; i++)
    if (!Number.isFinite(activations[i])) fail(name, `activation ${i} is not a finite number`);
}
