/**
 * Rounding what is not compressed: biases, normalisations, the constants that layers are scaled and shifted by,
 * and weights too few for a table of their own. In a small model they take as much as the weights. A
 * tensor is rounded to multiples of a power of two, so that its lower bytes cost little (docs/dcz-coding.md,
 * section 8), with `noise` at most: the squared error relative to the tensor's squares.
 * Limits: float32; variances that cannot be folded (normalisations.ts) stay, for small ones matter most.
 */
import type { Model, Tensor } from '../../model/model.ts';
import { folded, normalisationsOf } from './normalisations.ts';

/** Fewer values than this are mostly constants of a formula, when their role is none of the named. */
const leastOther = 16;
/** Levels that float32 holds exactly, with room. */
const mostLevel = 2 ** 22;

export interface RoundedRest {
  /** New values by tensor id. */
  readonly values: ReadonlyMap<number, Float32Array>;
  readonly notes: readonly string[];
}

/** Rounds what is not among `kept`, by id. Noise 0 leaves everything as it is. */
export function roundRest(model: Model, kept: ReadonlySet<number>, noise: number): RoundedRest {
  const values = new Map<number, Float32Array>();
  if (noise === 0) return { values, notes: [] };
  const free = (tensor: Tensor): boolean =>
    !kept.has(tensor.id) && model.writer.whyNotReplaceable(tensor) === undefined;
  const read = (tensor: Tensor): Float32Array => {
    const target = new Float32Array(tensor.parameters);
    model.reader.readValues(tensor, 0, target);
    return target;
  };
  const variances = new Set<number>();
  let folds = 0;
  for (const normalisation of normalisationsOf(model)) {
    const { scale, shift, mean, variance } = normalisation;
    variances.add(variance.id);
    if (![scale, shift, mean, variance].every(free)) continue;
    const changed = folded(normalisation, read);
    if (changed === undefined) continue;
    folds++;
    for (const [id, plain] of changed) values.set(id, plain);
  }
  for (const tensor of model.tensors) {
    const plain = values.get(tensor.id);
    if (plain) values.set(tensor.id, roundedTo(plain, noise) ?? plain);
    else if (!variances.has(tensor.id) && isRounded(tensor) && free(tensor)) {
      const rounded = roundedTo(read(tensor), noise);
      if (rounded) values.set(tensor.id, rounded);
    }
  }
  const notes =
    values.size === 0
      ? []
      : [`rounded ${values.size} small tensors that are not compressed (biases, normalisations)`];
  if (folds > 0)
    notes.push(
      `gave ${folds} BatchNormalization nodes mean 0 and variance 1, scale and shift to match`,
    );
  return { values, notes };
}

function isRounded({ dtype, role, op, parameters, sparse }: Tensor): boolean {
  if (dtype !== 'float32' || sparse || parameters === 0) return false;
  if (role === 'other') return parameters >= leastOther && (op === 'Add' || op === 'Mul');
  return role === 'bias' || role === 'normalisation' || role === 'weight' || role === 'embedding';
}

/**
 * The nearest multiples of the largest power of two whose error, a twelfth of its square on average, is
 * within `noise`; undefined where a value is not finite or too large for that, or all are 0.
 */
export function roundedTo(values: Float32Array, noise: number): Float32Array | undefined {
  let squares = 0;
  let largest = 0;
  for (const value of values) {
    squares += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  if (!Number.isFinite(squares) || squares === 0) return undefined;
  const step = 2 ** Math.floor(Math.log2(Math.sqrt((12 * noise * squares) / values.length)));
  if (step < 2 ** -126 || largest > mostLevel * step) return undefined;
  const rounded = values.map((value) => Math.round(value / step) * step + 0);
  return rounded.every((value) => Number.isFinite(value)) ? rounded : undefined;
}
