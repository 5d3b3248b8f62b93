/** Scores of classes in an output: where they lie, what probabilities they are, how sure of one class. */

/** One output for one sample, the batch axis left out. */
export interface SampleOutput {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** How the scores of one position lie in an output. */
export interface ClassLayout {
  readonly classes: number;
  readonly positions: number;
  /** Between scores of one position. */
  readonly step: number;
  /** Where the scores of position p begin. */
  readonly start: (position: number) => number;
}

export function classesOf(dims: readonly number[], axis: number): ClassLayout {
  const classes = dims[axis] ?? 1;
  const step = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const positions = dims.reduce((a, b) => a * b, 1) / Math.max(1, classes);
  return {
    classes,
    positions,
    step,
    start: (p) => Math.floor(p / step) * step * classes + (p % step),
  };
}

/** Position of the highest of `count` numbers, the first of equals. */
export function highest(data: Float32Array, start: number, step: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++)
    if (data[start + c * step]! > data[start + best * step]!) best = c;
  return best;
}

/** Scores after a softmax along `axis`, where they are not yet probabilities. */
export function probabilities(
  { dims, data }: SampleOutput,
  axis: number,
  normalised: boolean,
): Float32Array {
  if (normalised) return data;
  const { classes, positions, step, start } = classesOf(dims, axis);
  const out = new Float32Array(data.length);
  for (let p = 0; p < positions; p++) {
    const first = start(p);
    const most = data[first + highest(data, first, step, classes) * step]!;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(data[first + c * step]! - most);
    for (let c = 0; c < classes; c++) {
      const at = first + c * step;
      out[at] = Math.exp(data[at]! - most) / sum;
    }
  }
  return out;
}

/** The mean, over all positions, of what the highest class has beyond even odds: 0 there, 1 for certainty. */
export function sureness(
  samples: readonly SampleOutput[],
  axis: number,
  normalised: boolean,
): number {
  let sum = 0;
  let count = 0;
  for (const sample of samples) {
    const { classes, positions, step, start } = classesOf(sample.dims, axis);
    const shares = probabilities(sample, axis, normalised);
    for (let p = 0; p < positions; p++) {
      const most = shares[start(p) + highest(shares, start(p), step, classes) * step]!;
      sum += (most - 1 / classes) / (1 - 1 / classes);
    }
    count += positions;
  }
  return count > 0 ? sum / count : 0;
}
