/**
 * A compiled network under training: its parameters and states, one session that gives gradients and
 * one that predicts. Steps and scores only; what changes over a run is phase.ts and run.ts.
 */
import { mulberry32 } from '../../model/random.ts';
import type { TrainingGraph } from '../compile.ts';
import { fillLabels } from '../dataset/dataset.ts';
import {
  allOf,
  type Feeds,
  type Helpers,
  type HostTensor,
  type Runtime,
  type Session,
} from '../runtime.ts';
import { adjustedDropout } from '../schedule.ts';
import { sharedFloats } from '../shared.ts';
import type { Gradient } from '../update.ts';
import { initialStructure, sparsityOf, type Parameter } from './parameters.ts';
import { openPredictor, type Between, type Predictor } from './predict.ts';
import type { Samples } from './samples.ts';
import { checkTargets, type Score } from './score.ts';

export interface State {
  readonly name: string;
  readonly next: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The teacher's predictions, in the order of the data set's samples. */
export interface Teacher {
  readonly size: number;
  readonly values: Float32Array;
}

export interface NetworkOptions {
  readonly samples: Samples;
  readonly isWeight: (name: string) => boolean;
  readonly teacher?: Teacher | undefined;
  /** Weights by the output of the Dropout before them (dropout.ts). */
  readonly afterDropout: ReadonlyMap<string, string>;
  /** How pictures are changed in training (augment.ts). */
  readonly change?: ((values: Float32Array, random: () => number) => void) | undefined;
  /** Batch of validation. */
  readonly scoreBatch: number;
  /**
   * Equal parts of a batch, each computed by a thread; 1 when absent. The graph's batch is one part.
   * Batch normalisation sees a part at a time, and running statistics become the mean of the parts'.
   */
  readonly parts?: number | undefined;
}

/**
 * Samples of a part at least: with fewer, what every part costs outweighs what it saves. A network that
 * uses each weight once a sample computes little beside what its gradients cost to exchange.
 */
const worthAPart = { reused: 16, usedOnce: 128 };
/** Values of all parts' gradients together: memory stays bounded. */
const mostGradients = 2 ** 27;

/**
 * Into how many parts a batch is best divided, so that all are equal.
 * @param weights whether a sample uses some weights many times, as convolutions do
 */
export function partsOf(
  batch: number,
  parameters: number,
  weights: keyof typeof worthAPart,
  helpers: Helpers | undefined,
): number {
  const most = Math.min(
    (helpers?.size ?? 0) + 1,
    batch / worthAPart[weights],
    mostGradients / parameters,
  );
  let parts = Math.max(1, Math.floor(most));
  while (batch % parts !== 0) parts--;
  return parts;
}

export class Network {
  readonly parameters: readonly Parameter[];
  readonly states: readonly State[];
  /** Samples of a step. */
  readonly batch: number;
  /** Where the optimizer may have help. */
  readonly helpers: Helpers | undefined;
  /** Where the gradients of each part go, when there are several. */
  readonly #into: readonly Record<string, Float32Array>[];

  /**
   * @param sessions one a part, the calling thread's last
   * @param helpers present where there are several
   */
  private constructor(
    private readonly graph: TrainingGraph,
    private readonly sessions: readonly Session[],
    private readonly predictor: Predictor,
    private readonly options: NetworkOptions,
    helpers: Helpers | undefined,
  ) {
    this.batch = sessions.length * (graph.inputs[0]!.shape[0] as number);
    this.helpers = helpers;
    this.parameters = graph.parameters.map(({ name, shape, values: given }) => {
      const values = helpers ? sharedFloats(given.length) : given;
      if (values !== given) values.set(given);
      const isWeight = options.isWeight(name);
      return { name, shape, values, isWeight, structure: initialStructure(values, isWeight) };
    });
    this.states = graph.states;
    const arrays = (): [string, Float32Array][] =>
      graph.parameters.map(({ gradient, values }) => [gradient, sharedFloats(values.length)]);
    this.#into = helpers ? sessions.map(() => Object.fromEntries(arrays())) : [];
  }

  static async open(
    runtime: Runtime,
    graph: TrainingGraph,
    options: NetworkOptions,
  ): Promise<Network> {
    const { samples } = options;
    const size = graph.predictionShape.reduce((a, b) => a * b, 1) / graph.predictionShape[0]!;
    if (graph.labels || !options.teacher) checkTargets(samples.data, size);
    const helpers = (options.parts ?? 1) > 1 ? runtime.helpers : undefined;
    const own = await runtime.open(graph.model);
    let theirs: Session | undefined;
    try {
      theirs = await helpers?.open(graph.model);
      const predictor = await openPredictor(runtime, graph.evaluation, {
        samples,
        kind: 'scores',
        batch: options.scoreBatch,
      });
      const sessions = theirs ? [...Array<Session>(options.parts! - 1).fill(theirs), own] : [own];
      return new Network(graph, sessions, predictor, options, helpers);
    } catch (error) {
      await own.close();
      await theirs?.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const session of new Set(this.sessions)) await session.close();
    await this.predictor.close();
  }

  /**
   * Loss and gradients (in the order of `parameters`, valid until the next call) of the samples
   * `order[from .. from + batch)`; running statistics move on.
   */
  async gradients(
    order: Uint32Array,
    from: number,
    random: () => number,
  ): Promise<{ readonly loss: number; readonly gradients: readonly Gradient[] }> {
    const { graph, sessions } = this;
    const size = this.batch / sessions.length;
    // the others have begun when this thread begins its own part
    const parts = await allOf(
      sessions.map((session, k) =>
        session.run(this.#feeds(order, from + k * size, size, random), this.#into[k]),
      ),
    );
    const floats = (name: string): Gradient =>
      parts.map((part) => part[name]!.data as Float32Array);
    const loss = floats(graph.loss).reduce((sum, part) => sum + part[0]!, 0) / parts.length;
    if (Number.isFinite(loss))
      for (const { values, next } of graph.states) meanOf(floats(next), values);
    return { loss, gradients: graph.parameters.map((p) => floats(p.gradient)) };
  }

  #feeds(order: Uint32Array, from: number, size: number, random: () => number): Feeds {
    const { graph } = this;
    const { samples, teacher, change } = this.options;
    const feeds: Record<string, HostTensor> = this.#weights();
    const varied = change && ((values: Float32Array) => change(values, random));
    Object.assign(feeds, samples.batch(order, from, from + size, size, varied));
    const { data } = samples;
    if (graph.labels) {
      const classes = new BigInt64Array(size);
      fillLabels(data.labels!, order, from, from + size, classes);
      feeds[graph.labels] = { type: 'int64', dims: [size], data: classes };
    }
    if (graph.target) {
      const rows = teacher ?? {
        size: data.targets!.length / data.samples,
        values: data.targets!,
      };
      feeds[graph.target] = {
        type: 'float32',
        dims: graph.predictionShape,
        data: gathered(rows, order, from, size),
      };
    }
    for (const mask of graph.masks)
      feeds[mask.name] = {
        type: 'float32',
        dims: mask.shape,
        data: drawn(mask.shape, this.#dropped(mask), random),
      };
    return feeds;
  }

  /** How good the network is now on the samples of `order`. */
  score(order: Uint32Array, between: Between): Promise<Score> {
    return this.predictor.score(order, this.#weights(), between);
  }

  /** The rate at which a Dropout drops now: less after pruning. */
  #dropped({ name, ratio }: { readonly name: string; readonly ratio: number }): number {
    const found = [...this.options.afterDropout].find(([output]) =>
      name.startsWith(`${output}_mask`),
    );
    const weight = found && this.parameters.find((p) => p.name === found[1]);
    if (!weight) return ratio;
    const kept = Math.round((1 - sparsityOf([weight])) * weight.values.length);
    return adjustedDropout(ratio, weight.values.length, kept);
  }

  #weights(): Record<string, HostTensor> {
    const feeds: Record<string, HostTensor> = {};
    for (const { name, shape, values } of [...this.parameters, ...this.states])
      feeds[name] = { type: 'float32', dims: shape, data: values };
    return feeds;
  }
}

function meanOf(parts: Gradient, into: Float32Array): void {
  for (let i = 0; i < into.length; i++) {
    let sum = 0;
    for (let k = 0; k < parts.length; k++) sum += parts[k]![i]!;
    into[i] = sum / parts.length;
  }
}

function gathered(
  { size, values }: Teacher,
  order: Uint32Array,
  from: number,
  batch: number,
): Float32Array {
  const target = new Float32Array(batch * size);
  for (let i = 0; i < batch; i++) {
    const at = order[from + i]! * size;
    target.set(values.subarray(at, at + size), i * size);
  }
  return target;
}

function drawn(shape: readonly number[], ratio: number, random: () => number): Float32Array {
  const mask = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const kept = 1 / (1 - ratio);
  for (let i = 0; i < mask.length; i++) mask[i] = random() < ratio ? 0 : kept;
  return mask;
}

/** A generator for one purpose of a run: the same seed and place give the same numbers. */
export function randomAt(seed: number, ...place: readonly number[]): () => number {
  return mulberry32(seedAt(seed, ...place));
}

export function seedAt(seed: number, ...place: readonly number[]): number {
  let mixed = seed >>> 0;
  for (const part of place) {
    mixed = Math.imul(mixed ^ (part + 0x9e3779b9), 0x85ebca6b);
    mixed = (mixed ^ (mixed >>> 15)) >>> 0;
  }
  return mixed;
}
