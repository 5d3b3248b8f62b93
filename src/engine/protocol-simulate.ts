/**
 * What the jobs that simulate take and give, whatever the machine (engine/simulate/simulator.ts): its
 * options and what it says are type parameters. Plain data like the rest of the protocol.
 */
import type { FileInput } from './protocol-model.ts';

/** Where the layers come from. */
export type SimulateSource =
  /** A .dcz, or an .onnx that is compressed on the way with the `eie` preset. */
  | { readonly kind: 'model'; readonly file: FileInput }
  /** A benchmark layer of the paper's Table III (`alex-7`), or `all` nine. */
  | { readonly kind: 'workload'; readonly name: string }
  /** A cases file (docs/eie.md, "Cases files"). */
  | { readonly kind: 'cases'; readonly file: FileInput };

/** What decides the layers and their activations: everything but the machine. */
export interface SimulateLayers {
  readonly source: SimulateSource;
  /** Sample input of the model (.npz by input name, one .npy, or a data set, whose first sample it is);
   * random when absent. */
  readonly input?: FileInput;
  /** Share of non-zero activations, 0 to 1, drawn at random instead of running the model. */
  readonly density?: number;
  /** Seed of workloads, random inputs and random activations. */
  readonly seed: number;
  /** Threads for compressing and sweeping; as many as the machine offers when absent. */
  readonly threads?: number;
  /** Positions (`SimulatedLayer.index`) of the layers wanted; all when absent. */
  readonly layers?: readonly number[];
}

/**
 * The worker keeps the prepared layers (codes, activations, encodings) of the last sources, keyed by
 * their content and the options above, so that a call that changes only `machine` or `layers`
 * answers in milliseconds: a slider just calls again.
 */
export interface SimulationInput<Options> extends SimulateLayers {
  readonly machine?: Options;
  /** Most bins of a layer's queue timeline; 0 or absent: no timeline. */
  readonly timelineBins?: number;
  /** Time this machine's own dense and sparse product of every layer (not for slider steps). */
  readonly measureHost?: boolean;
}

/** What a result is of, beside the machine. */
export interface SimulationConfig {
  /** The source as a user writes it: a path, `workload:alex-7`, `cases:FILE.json`. */
  readonly source: string;
  readonly seed: number;
  /** Asked for on the command line; null: from the model, the workload or the case. */
  readonly density: number | null;
  /** Path of the sample input; null: none was given. */
  readonly input: string | null;
}

export interface LayerActivations {
  /** Where the vector comes from: a `sample` or `random-input` that the model ran on, …. */
  readonly from: 'case' | 'workload' | 'sample' | 'random-input' | 'density';
  /** Share of inputs that are not zero in the vector that is simulated. */
  readonly density: number;
  /** The mean of that share over the vectors that were looked at; null when there is only one. */
  readonly meanDensity: number | null;
  /** One line: which vector of how many, or why the model could not give one. '' for none. */
  readonly note: string;
}

/** This machine's own products of the layer, one core, batch 1, measured in the same run. */
export interface HostProduct {
  readonly denseUs: number;
  readonly sparseUs: number;
}

/** @typeParam Machine what all layers share of it */
export interface SimulationResult<Machine, Layer, Totals> {
  readonly config: SimulationConfig & Machine;
  readonly layers: readonly Layer[];
  /** All layers there are, for a choice, also when only some were asked for. */
  readonly available: readonly {
    readonly index: number;
    /** Position among the model's tensors, several of which may have one name; -1: of no model. */
    readonly tensor: number;
    readonly name: string;
  }[];
  /** What cannot run on the machine, with one line why. */
  readonly skipped: readonly {
    readonly tensor: number;
    readonly name: string;
    readonly reason: string;
  }[];
  readonly totals: Totals;
  readonly notes: readonly string[];
}

export interface DesignSpaceInput<Options, Axis> extends SimulateLayers {
  readonly machine?: Options;
  readonly axes: readonly Axis[];
}

export interface LayerDesigns<Point> {
  readonly index: number;
  readonly name: string;
  readonly rows: number;
  readonly cols: number;
  readonly nonzeros: number;
  /** One a combination of the axes' values, in the same order for every layer. */
  readonly points: readonly Point[];
}

export interface DesignSpaceResult<Machine, Axis, Point> {
  readonly config: SimulationConfig & Machine;
  readonly axes: readonly Axis[];
  readonly layers: readonly LayerDesigns<Point>[];
  /** Sums over the layers point by point (means weighted by time); the layer's own when it is one. */
  readonly total: readonly Point[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly notes: readonly string[];
  readonly seconds: number;
}
