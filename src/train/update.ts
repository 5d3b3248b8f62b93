/**
 * One step of gradient descent on arrays, in place: the inner loops of optimizer.ts, free of its state
 * so that any thread can do a part of them. Element by element, so where an array is divided does not
 * change the result. Arithmetic in double precision, each value rounded once to float32.
 */
export type OptimizerSpec =
  | { readonly kind: 'sgd'; readonly momentum: number; readonly nesterov?: boolean }
  | {
      readonly kind: 'adam';
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
    };

export interface Regularisation {
  readonly l1: number;
  readonly l2: number;
  readonly decoupled?: boolean;
}

/** Arrays of one length. */
export interface Updated {
  readonly values: Float32Array;
  /** Only read. */
  readonly gradient: Gradient;
  /** Adam's first moment, or the velocity. */
  readonly first: Float32Array;
  /** Adam's second moment. */
  readonly second: Float32Array;
  readonly regularised: boolean;
}

/** A gradient as the mean of these arrays, one of each part of the batch (network.ts). */
export type Gradient = readonly Float32Array[];

export interface Update {
  readonly spec: OptimizerSpec;
  readonly regularisation: Regularisation;
  readonly rate: number;
  /** With this one. */
  readonly steps: number;
  readonly tensors: readonly Updated[];
}

type Floats = Float32Array | Float64Array;

interface Decay {
  readonly l1: number;
  readonly l2: number;
}

export function update({ spec, regularisation, rate, steps, tensors }: Update): void {
  const { l1, l2, decoupled = false } = regularisation;
  for (const tensor of tensors) {
    const { values, gradient, regularised } = tensor;
    if (regularised && decoupled) shrink(values, rate * l1, rate * l2);
    const decay = regularised && !decoupled ? { l1, l2 } : { l1: 0, l2: 0 };
    if (decay.l1 === 0 && gradient.length <= 2) {
      const [one, two = one] = gradient as [Float32Array, Float32Array?]; // (g + g) / 2 is g, exactly
      kernel(spec, tensor, one, two, decay.l2, rate, steps);
    } else inBlocks(tensor, decay, (part, sums) => kernel(spec, part, sums, sums, 0, rate, steps));
  }
}

function kernel(
  spec: OptimizerSpec,
  tensor: Updated,
  one: Floats,
  two: Floats,
  l2: number,
  rate: number,
  steps: number,
): void {
  if (spec.kind === 'sgd') sgd(tensor, one, two, l2, rate, spec);
  else adam(tensor, one, two, l2, rate, steps, spec);
}

function shrink(values: Float32Array, l1: number, l2: number): void {
  for (let i = 0; i < values.length; i++) {
    const w = values[i]!;
    values[i] = w - l2 * w - (w > 0 ? l1 : w < 0 ? -l1 : 0);
  }
}

const sums = new Float64Array(1024);

/**
 * What is rare: many parts, or L1, whose signs are a coin toss that no loop should branch on without
 * need. Gradients with their regularisation come first, in double precision, a block at a time.
 */
function inBlocks(
  { values, gradient, first, second, regularised }: Updated,
  { l1, l2 }: Decay,
  work: (part: Updated, sums: Float64Array) => void,
): void {
  for (let from = 0; from < values.length; from += sums.length) {
    const to = Math.min(values.length, from + sums.length);
    for (let i = from, j = 0; i < to; i++, j++) {
      let g = 0;
      for (let k = 0; k < gradient.length; k++) g += gradient[k]![i]!;
      const w = values[i]!;
      sums[j] = g / gradient.length + l2 * w + (w > 0 ? l1 : w < 0 ? -l1 : 0);
    }
    const part = {
      values: values.subarray(from, to),
      gradient: [],
      first: first.subarray(from, to),
      second: second.subarray(from, to),
      regularised,
    };
    work(part, sums);
  }
}

function sgd(
  { values, first: velocity }: Updated,
  one: Floats,
  two: Floats,
  l2: number,
  rate: number,
  { momentum, nesterov = false }: Extract<OptimizerSpec, { kind: 'sgd' }>,
): void {
  // Polyak: w -= rate v; Nesterov: w -= rate (g + momentum v)
  const ofVelocity = nesterov ? rate * momentum : rate;
  const ofGradient = nesterov ? rate : 0;
  for (let i = 0; i < values.length; i++) {
    const w = values[i]!;
    const g = (one[i]! + two[i]!) * 0.5 + l2 * w;
    const v = momentum * velocity[i]! + g;
    velocity[i] = v;
    values[i] = w - ofVelocity * v - ofGradient * g;
  }
}

function adam(
  { values, first, second }: Updated,
  one: Floats,
  two: Floats,
  l2: number,
  rate: number,
  steps: number,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: Extract<OptimizerSpec, { kind: 'adam' }>,
): void {
  const step = rate / (1 - beta1 ** steps);
  const correction = 1 / (1 - beta2 ** steps);
  for (let i = 0; i < values.length; i++) {
    const w = values[i]!;
    const g = (one[i]! + two[i]!) * 0.5 + l2 * w;
    const m = beta1 * first[i]! + (1 - beta1) * g;
    const v = beta2 * second[i]! + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    values[i] = w - (step * m) / (Math.sqrt(v * correction) + epsilon);
  }
}
