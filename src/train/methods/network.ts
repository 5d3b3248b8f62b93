/**
 * A compiled network under training: its parameters and states, one session that gives gradients and
 * one that predicts. Steps and scores only; what changes over a run is phase.ts and run.ts.
 */
import { mulberry32 } from '../../model/random.ts';
import type { TrainingGraph } from '../compile.ts';
import { fillLabels } from '../dataset/dataset.ts';
import type { HostTensor, Runtime, Session } from '../runtime.ts';
import { adjustedDropout } from '../schedule.ts';
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
}

export class Network {
  readonly parameters: readonly Parameter[];
  readonly states: readonly State[];
  /** Samples of a step. */
  readonly batch: number;

  private constructor(
    private readonly graph: TrainingGraph,
    private readonly session: Session,
    private readonly predictor: Predictor,
    private readonly options: NetworkOptions,
  ) {
    this.batch = graph.inputs[0]!.shape[0] as number;
    this.parameters = graph.parameters.map(({ name, shape, values }) => {
      const isWeight = options.isWeight(name);
      return { name, shape, values, isWeight, structure: initialStructure(values, isWeight) };
    });
    this.states = graph.states;
  }

  static async open(
    runtime: Runtime,
    graph: TrainingGraph,
    options: NetworkOptions,
  ): Promise<Network> {
    const { samples } = options;
    const size = graph.predictionShape.reduce((a, b) => a * b, 1) / graph.predictionShape[0]!;
    if (graph.labels || !options.teacher) checkTargets(samples.data, size);
    const session = await runtime.open(graph.model);
    try {
      const predictor = await openPredictor(runtime, graph.evaluation, {
        samples,
        kind: 'scores',
        batch: options.scoreBatch,
      });
      return new Network(graph, session, predictor, options);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.predictor.close();
  }

  /**
   * Loss and gradients (in the order of `parameters`) of the samples `order[from .. from + batch)`;
   * running statistics move on.
   */
  async gradients(
    order: Uint32Array,
    from: number,
    random: () => number,
  ): Promise<{ readonly loss: number; readonly gradients: readonly Float32Array[] }> {
    const { graph, batch } = this;
    const { samples, teacher, change } = this.options;
    const feeds: Record<string, HostTensor> = this.#weights();
    feeds[samples.input] = samples.batch(
      order,
      from,
      from + batch,
      batch,
      change && ((values) => change(values, random)),
    );
    const { data } = samples;
    if (graph.labels) {
      const classes = new BigInt64Array(batch);
      fillLabels(data.labels!, order, from, from + batch, classes);
      feeds[graph.labels] = { type: 'int64', dims: [batch], data: classes };
    }
    if (graph.target) {
      const rows = teacher ?? {
        size: data.targets!.length / data.samples,
        values: data.targets!,
      };
      feeds[graph.target] = {
        type: 'float32',
        dims: graph.predictionShape,
        data: gathered(rows, order, from, batch),
      };
    }
    for (const mask of graph.masks)
      feeds[mask.name] = {
        type: 'float32',
        dims: mask.shape,
        data: drawn(mask.shape, this.#dropped(mask), random),
      };
    const outputs = await this.session.run(feeds);
    const floats = (name: string): Float32Array => outputs[name]!.data as Float32Array;
    const loss = floats(graph.loss)[0]!;
    if (Number.isFinite(loss))
      for (const { values, next } of graph.states) values.set(floats(next));
    return { loss, gradients: graph.parameters.map((p) => floats(p.gradient)) };
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
