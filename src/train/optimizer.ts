/**
 * Stochastic gradient descent with momentum (Polyak, or Nesterov's form) and Adam (Kingma and Ba
 * 2015), in plain typed arrays outside the graph: 9 to 19 % slower than inside, and masks,
 * regularisation and frozen tensors are then a line each. L2 adds l2 * w, L1 adds l1 * sign(w) to
 * the gradient (Han et al. 2015, section 3.1 compares them); `decoupled` applies both to the weight
 * instead (Loshchilov and Hutter 2019). With helpers each thread does its part of the large tensors.
 */
import { allOf, type Helpers } from './runtime.ts';
import { sharedFloats, isShared } from './shared.ts';
import {
  update,
  type Gradient,
  type OptimizerSpec,
  type Regularisation,
  type Update,
  type Updated,
} from './update.ts';

/** One tensor under training. `values` is changed in place; a mask is not changed any more. */
export interface Trained {
  readonly values: Float32Array;
  /** 1 keeps a connection, 0 holds it at exactly 0: pruned connections stay pruned. */
  readonly mask?: Uint8Array | undefined;
  /** Biases and normalisation are usually not regularised. */
  readonly regularised: boolean;
  /** Left as it is, e.g. FC while CONV retrains. */
  readonly frozen?: boolean;
}

/** Everything but the values. */
export interface OptimizerState {
  readonly steps: number;
  readonly moments: readonly Float32Array[];
}

/** The survivors of a mask: after pruning they are few, and only they cost time. */
interface Survivors {
  /** Positions in the tensor. */
  readonly kept: Uint32Array;
  /** Their values, gradients and moments side by side, for one step. */
  readonly values: Float32Array;
  readonly gradient: Float32Array[];
  readonly first: Float32Array;
  readonly second: Float32Array;
}

/** Elements from which a part is worth a message to another thread. */
const worthDividing = 8192;

/** Zeros, in shared memory where the values are. */
function like(values: Float32Array): Float32Array {
  return isShared(values) ? sharedFloats(values.length) : new Float32Array(values.length);
}

function isDivisible({ values, gradient }: Updated): boolean {
  return isShared(values) && gradient.every(isShared);
}

function slice(whole: Updated, from: number, to: number): Updated {
  return {
    values: whole.values.subarray(from, to),
    gradient: whole.gradient.map((part) => part.subarray(from, to)),
    first: whole.first.subarray(from, to),
    second: whole.second.subarray(from, to),
    regularised: whole.regularised,
  };
}

export class Optimizer {
  readonly #survivors: readonly (Survivors | undefined)[];
  readonly #first: Float32Array[];
  readonly #second: Float32Array[];
  #steps = 0;

  /** @param helpers do their parts of tensors whose values are in shared memory */
  constructor(
    readonly spec: OptimizerSpec,
    readonly regularisation: Regularisation,
    readonly tensors: readonly Trained[],
    private readonly helpers?: Helpers,
  ) {
    for (const { values, mask } of tensors) if (mask) applyMask(values, mask);
    this.#survivors = tensors.map(({ mask }) => mask && survivorsOf(mask));
    this.#first = tensors.map(({ values }) => like(values));
    this.#second = spec.kind === 'adam' ? tensors.map(({ values }) => like(values)) : [];
  }

  /** One update; `gradients` in the order of the tensors, only read. */
  async step(gradients: readonly Gradient[], rate: number): Promise<void> {
    this.#steps++;
    const own: Updated[] = [];
    const theirs: Updated[][] = Array.from({ length: this.helpers?.size ?? 0 }, () => []);
    const parts = [...theirs, own];
    this.tensors.forEach((tensor, i) => {
      if (tensor.frozen) return;
      const { values, regularised } = tensor;
      const first = this.#first[i]!;
      const gradient = gradients[i]!;
      const whole = { values, gradient, first, second: this.#second[i] ?? first, regularised };
      const few = this.#survivors[i];
      if (few) own.push(gathered(whole, few));
      else if (values.length < worthDividing || !isDivisible(whole)) own.push(whole);
      else
        parts.forEach((part, k) => {
          const at = (n: number): number => Math.floor((values.length * n) / parts.length);
          part.push(slice(whole, at(k), at(k + 1)));
        });
    });
    const { spec, regularisation } = this;
    const step = (tensors: readonly Updated[]): Update => ({
      ...{ spec, regularisation, rate, steps: this.#steps },
      tensors,
    });
    const helped = theirs
      .filter((part) => part.length > 0)
      .map((part) => this.helpers!.update(step(part)));
    update(step(own));
    await allOf(helped);
    this.tensors.forEach(({ values, frozen }, i) => {
      const few = this.#survivors[i];
      if (!few || frozen) return;
      // without second moments they stand for the first, so they are written before them
      scatter(few.second, few.kept, this.#second[i] ?? this.#first[i]!);
      scatter(few.first, few.kept, this.#first[i]!);
      scatter(few.values, few.kept, values);
    });
  }

  /** For a checkpoint; the arrays are the optimizer's own. */
  state(): OptimizerState {
    return { steps: this.#steps, moments: [...this.#first, ...this.#second] };
  }

  /** Restores what `state` gave, so that a resumed run equals an uninterrupted one. */
  restore(state: OptimizerState): void {
    this.#steps = state.steps;
    [...this.#first, ...this.#second].forEach((own, i) => own.set(state.moments[i]!));
  }
}

/** Sets pruned connections to 0. */
export function applyMask(values: Float32Array, mask: Uint8Array): void {
  for (let i = 0; i < values.length; i++) if (mask[i] === 0) values[i] = 0;
}

function survivorsOf(mask: Uint8Array): Survivors {
  const kept = positionsOf(mask);
  const make = (): Float32Array => new Float32Array(kept.length);
  return { kept, values: make(), gradient: [], first: make(), second: make() };
}

/** Where a mask, or codes, are not 0. */
export function positionsOf(marks: Uint8Array | Uint16Array): Uint32Array {
  let count = 0;
  for (let i = 0; i < marks.length; i++) if (marks[i] !== 0) count++;
  const positions = new Uint32Array(count);
  for (let i = 0, at = 0; i < marks.length; i++) if (marks[i] !== 0) positions[at++] = i;
  return positions;
}

/** The survivors' part of a tensor, copied. */
function gathered(
  { values, gradient, first, second, regularised }: Updated,
  few: Survivors,
): Updated {
  gather(values, few.kept, few.values);
  gather(first, few.kept, few.first);
  gather(second, few.kept, few.second);
  const gradients = gradient.map((part, i) => {
    const to = (few.gradient[i] ??= new Float32Array(few.kept.length));
    gather(part, few.kept, to);
    return to;
  });
  return { ...few, gradient: gradients, regularised };
}

function gather(from: Float32Array, positions: Uint32Array, to: Float32Array): void {
  for (let j = 0; j < positions.length; j++) to[j] = from[positions[j]!]!;
}

function scatter(from: Float32Array, positions: Uint32Array, to: Float32Array): void {
  for (let j = 0; j < positions.length; j++) to[positions[j]!] = from[j]!;
}

/** 1 where a value is not 0. */
export function maskOf(values: Float32Array): Uint8Array {
  const mask = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) mask[i] = values[i] === 0 ? 0 : 1;
  return mask;
}

/** Scales all gradients so that their common Euclidean norm is at most `most`; gives the norm before. */
export function clipNorm(gradients: readonly Gradient[], most: number): number {
  let sum = 0;
  for (const parts of gradients)
    for (let i = 0; i < parts[0]!.length; i++) {
      let g = 0;
      for (let k = 0; k < parts.length; k++) g += parts[k]![i]!;
      g /= parts.length;
      sum += g * g;
    }
  const norm = Math.sqrt(sum);
  if (norm > most)
    for (const part of gradients.flat())
      for (let i = 0; i < part.length; i++) part[i]! *= most / norm;
  return norm;
}
