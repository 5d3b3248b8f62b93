/**
 * The quantizers of all layers, on threads of their own where they can be had: a layer stays on the thread
 * that has its factor. What a layer is rounded to does not depend on the thread, nor on their number.
 */
import type { Moments } from '../../compress/moments.ts';
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { startLevelCrew, type LevelCrew } from '../pool.ts';
import { LevelBench, type BitRange, type LevelWork, type Near } from './level-bench.ts';
import type { GoalLayer } from './layers.ts';

export interface QuantizersSetup {
  /** The bundled worker; undefined: no threads to be had, work here. */
  readonly workerFile: string | undefined;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Called between layers that are worked on here. */
  readonly turn: () => Promise<void>;
}

const mostThreads = 16;

export class Quantizers {
  readonly #crews: readonly LevelCrew[];
  /** Work of the layers that each thread has. */
  readonly #loads: Float64Array;
  readonly #threadOf = new Map<number, number>();

  constructor(setup: QuantizersSetup) {
    const { workerFile, signal } = setup;
    const threads = Math.max(1, Math.min(mostThreads, setup.threads));
    this.#crews =
      workerFile === undefined
        ? [inline(setup.turn)]
        : Array.from({ length: threads }, () => startLevelCrew(workerFile, signal));
    this.#loads = new Float64Array(this.#crews.length);
  }

  /** Takes a layer, or replaces its moments. */
  async add({ tensor, weights }: GoalLayer, moments: Moments | undefined): Promise<void> {
    const { id, geometry } = tensor;
    let thread = this.#threadOf.get(id);
    if (thread === undefined) {
      thread = this.#loads.indexOf(this.#loads.reduce((a, b) => Math.min(a, b)));
      this.#threadOf.set(id, thread);
      const { rows, cols, matrices } = geometry;
      const block = moments?.block ?? 1;
      this.#loads[thread] += matrices * rows * cols * (block + 100) + cols * block * block;
    }
    await this.#perform({ kind: 'layer', id, weights, geometry, moments });
  }

  quantize(id: number, lambda: number, importance: number): Promise<QuantizedLayer> {
    return this.#perform({ kind: 'quantize', id, lambda, importance }) as Promise<QuantizedLayer>;
  }

  /** At a slope of importance 1 at which the layer takes so many bits a weight, as far as one is found. */
  near(id: number, bits: BitRange): Promise<Near> {
    return this.#perform({ kind: 'near', id, bits }) as Promise<Near>;
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#crews.map((crew) => crew.dispose()));
  }

  #perform(work: LevelWork): Promise<unknown> {
    return this.#crews[this.#threadOf.get(work.id)!]!.perform(work);
  }
}

/** Does one piece after another on this thread. */
function inline(turn: () => Promise<void>): LevelCrew {
  const bench = new LevelBench();
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  return {
    perform(work) {
      const piece = last.then(async () => {
        if (closed) throw new DeepCompressionError('cancelled', 'cancelled');
        await turn();
        return bench.perform(work);
      });
      last = piece.catch(() => {});
      return piece;
    },
    dispose() {
      closed = true;
      return Promise.resolve();
    },
  };
}
