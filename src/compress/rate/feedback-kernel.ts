/**
 * The loops of calibrated compression in WebAssembly (assembly/feedback.ts), bit for bit what
 * `factorizePlain` (cholesky.ts) and feedback-plain.ts do. A thread makes one instance and keeps it.
 */
import { bytes as moduleBytes } from 'wasm:feedback';
import { oncePerThread } from '../code/block-kernel.ts';
import { groupRows, type RowGroup } from './feedback-plain.ts';
import { costClasses, costWidth } from './level-cost.ts';

/** Addresses for pointers; 0 where there is no memory. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  prepareMatrix(n: number): number;
  factorize(n: number): number;
  prepareRows(n: number): number;
  columnStepsAt(): number;
  weightsAt(): number;
  stepsAt(): number;
  importanceAt(): number;
  bitsAt(): number;
  levelsAt(): number;
  classesAt(): number;
  roundRows(count: number, lambda: number, damping: number): number;
}

export class FeedbackKernel {
  readonly #exports: Exports;

  /** @throws WebAssembly.CompileError or RangeError where the engine cannot run it. */
  constructor() {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes));
    this.#exports = instance.exports as unknown as Exports;
  }

  /** As `factorizePlain`; undefined when there is no memory for it. */
  factorize(h: Float64Array, n: number): boolean | undefined {
    const x = this.#exports;
    const at = x.prepareMatrix(n);
    if (at === 0) return undefined;
    const inside = new Float64Array(x.memory.buffer, at, n * n);
    inside.set(h);
    const definite = x.factorize(n) !== 0;
    h.set(inside);
    return definite;
  }

  /** As `plainRows`, until the next call; undefined when there is no memory for it. */
  rows(n: number): RowGroup | undefined {
    const x = this.#exports;
    const factor = x.prepareRows(n);
    if (factor === 0) return undefined;
    const { buffer } = x.memory;
    return {
      factor: new Float64Array(buffer, factor, (n * (n + 1)) / 2),
      columnSteps: new Float64Array(buffer, x.columnStepsAt(), n),
      bits: new Float64Array(buffer, x.bitsAt(), costClasses * costWidth),
      steps: new Float64Array(buffer, x.stepsAt(), groupRows),
      importance: new Float64Array(buffer, x.importanceAt(), groupRows),
      weights: new Float64Array(buffer, x.weightsAt(), n * groupRows),
      classes: new Uint8Array(buffer, x.classesAt(), n * groupRows),
      levels: new Int16Array(buffer, x.levelsAt(), n * groupRows),
      round: (count, lambda, damping) => x.roundRows(count, lambda, damping),
    };
  }
}

/** This thread's kernel; undefined where there is none. */
export const feedbackKernel = oncePerThread(() => new FeedbackKernel());
