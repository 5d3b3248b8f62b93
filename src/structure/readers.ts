/**
 * The layers that read channels, as matrices: which columns of which matrix a channel is, the weights as rows
 * of outputs, and the second moments of what they multiply. Columns follow `Geometry` (model/model.ts).
 * Limits: layers whose inputs are not one run of columns a channel (grouped ConvTranspose) have none.
 */
import { gatherMatrix } from '../compress/rate/matrix.ts';
import type { Moments } from '../compress/moments.ts';
import type { Geometry, Tensor } from '../model/model.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import type { Place } from './groups.ts';

/** Columns of every matrix of the tensor that an index along its input axis is: a run this long. */
export function columnsPerIndex({ op, shape, geometry }: Tensor, axis: number): number | undefined {
  if (!geometry) return undefined;
  const run = geometry.cols / shape[axis];
  if (op === 'ConvTranspose' && geometry.matrices > 1) return undefined;
  return Number.isInteger(run) && run >= 1 ? run : undefined;
}

/** Columns of the reader that go with a channel, ascending. */
export function columnsOf(tensor: Tensor, { axis, indices }: Place): Uint32Array | undefined {
  const run = columnsPerIndex(tensor, axis);
  if (run === undefined) return undefined;
  return Uint32Array.from({ length: indices.length * run }, (_, i) => {
    return indices[Math.floor(i / run)] * run + (i % run);
  });
}

/** Weights of all matrices, one under the other: (matrices x rows) x cols. */
export function matricesOf(model: OnnxModel, tensor: Tensor): Float64Array {
  const geometry = tensor.geometry!;
  const { rows, cols, matrices } = geometry;
  const stored = new Float64Array(tensor.parameters);
  model.reader.readValues(tensor, 0, stored);
  const all = new Float64Array(tensor.parameters);
  for (let m = 0; m < matrices; m++)
    gatherMatrix(stored, geometry, m, all.subarray(m * rows * cols, (m + 1) * rows * cols));
  return all;
}

/** The same weights where they are stored. */
export function storedAs(
  { rows, cols, matrices, transposed }: Geometry,
  all: Float64Array,
): Float64Array {
  if (!transposed) return all;
  const stored = new Float64Array(all.length);
  for (let m = 0; m < matrices; m++) {
    const from = m * rows * cols;
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < cols; c++) stored[from + c * rows + r] = all[from + r * cols + c];
  }
  return stored;
}

/** One diagonal block of the moments of one set, dampened: n x n. */
export interface MomentBlock {
  readonly set: number;
  readonly first: number;
  readonly n: number;
  readonly second: Float64Array;
}

/** Share of the mean diagonal that is added to the diagonal (GPTQ's). */
const damping = 0.01;

/**
 * E[x x^T], or, `centred`, the covariance, block by block of every set.
 */
export function* momentBlocks(moments: Moments, centred: boolean): Generator<MomentBlock> {
  const { columns, block, sets, second, mean } = moments;
  const count = Math.ceil(columns / block);
  for (let set = 0; set < sets; set++)
    for (let b = 0; b < count; b++) {
      const first = b * block;
      const n = Math.min(block, columns - first);
      const at = (set * count + b) * block * block;
      const made = new Float64Array(n * n);
      let diagonal = 0;
      for (let i = 0; i < n; i++) {
        const m = centred ? mean[set * columns + first + i] : 0;
        for (let j = 0; j < n; j++)
          made[i * n + j] = second[at + i * block + j] - m * mean[set * columns + first + j];
        diagonal += made[i * n + i];
      }
      const added = diagonal > 0 ? (damping * diagonal) / n : 1;
      for (let i = 0; i < n; i++) made[i * n + i] += added;
      yield { set, first, n, second: made };
    }
}
