/**
 * A simulated machine as jobs and threads know it: what can be set of it, how it takes a layer, runs it,
 * and what its results say. `all.ts` lists them. Layers, their activations, threads and what is kept
 * between two calls are the same for every machine and stand beside this file.
 */
import type { Layer } from '../../layers/layer.ts';
import type { CodeLimit } from '../../layers/grid-levels.ts';
import type { OnProgress } from '../jobs/progress.ts';
import type { HostProduct, SimulateLayers, SimulateSource } from '../protocol-simulate.ts';
import type { Check } from '../shape.ts';
import type { Prepared, StoredLayer } from './prepared.ts';

/** The types of one machine; all but `run` are plain data. */
export interface SimulatorTypes {
  /** What users set. */
  readonly options: object;
  /** What a layer runs on. */
  readonly machine: object;
  /** Values of one parameter that a sweep combines with those of others. */
  readonly axis: object;
  /** What a run gives, and what results say of it. */
  readonly run: unknown;
  readonly layer: object;
  readonly totals: object;
  /** What results say of the machine where several layers share one. */
  readonly common: object;
  /** What a machine of a sweep gives, and the same beside the others. */
  readonly point: object;
  readonly swept: object;
  /** Figures of its publication. */
  readonly published: object;
}

/** A layer made ready once, to run on one machine after another. */
export interface ReadyLayer<T extends SimulatorTypes> {
  /** @param bins most bins of a timeline; 0: none */
  run(machine: T['machine'], bins: number): T['run'];
  point(machine: T['machine']): T['point'];
}

/** A layer's share of an inference: how often it runs, and how many weights it stores. */
export interface SweptWeight {
  readonly runs: number;
  readonly stored: number;
}

export interface Simulator<T extends SimulatorTypes> extends CodeLimit {
  readonly id: string;
  readonly knobs: Check<T['options']>;
  readonly axis: Check<T['axis']>;

  /**
   * The published machine, then what a layer asks for, then what a user sets.
   * @throws DeepCompressionError `invalid-input` for one that cannot be
   */
  machine(asked: Partial<T['machine']>, options: T['options'] | undefined): T['machine'];
  /** What a model's layer asks for; `signed`: some of its activations are below zero. */
  asks(codebook: Float32Array, signed: boolean): Partial<T['machine']>;
  /** Layers that belong to the machine: those of its publication, or in files of its own. */
  ownLayers(
    source: Exclude<SimulateSource, { kind: 'model' }>,
    input: SimulateLayers,
    signal: AbortSignal,
    onProgress: OnProgress,
  ): Promise<Prepared<T['machine']>>;

  prepare(layer: Layer): ReadyLayer<T>;

  /**
   * Every combination of the axes' values on top of `base`; machines of one `family` share what is
   * costly to make and follow each other.
   * @throws DeepCompressionError `invalid-input` for an impossible axis or machine
   */
  machines(base: T['machine'], axes: readonly T['axis'][]): T['machine'][];
  family(machine: T['machine']): string;
  /** Sweeps of at most `most` points that give, one after another, the points of `machines`. */
  divided(axes: readonly T['axis'][], most: number): T['axis'][][];

  /** What results say, and what was published. */
  readonly figures: {
    layer(of: StoredLayer<T>, run: T['run'], own: HostProduct | null): T['layer'];
    totals(layers: readonly T['layer'][]): T['totals'];
    common(machines: readonly T['machine'][]): T['common'];
    /** Points of one layer. */
    points(points: readonly T['point'][]): T['swept'][];
    /** Point i of every layer added up, each layer as often as it runs. */
    total(
      layers: readonly (readonly T['point'][])[],
      weights: readonly SweptWeight[],
    ): T['swept'][];
    published(): T['published'];
  };
}

/** What a thread needs of a machine: layers are made ready there, and points computed. */
export type ThreadSimulator<T extends SimulatorTypes> = CodeLimit &
  Pick<Simulator<T>, 'asks' | 'prepare'>;
