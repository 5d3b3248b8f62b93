/** What the jobs groups and slim take and give. */
import type { ScoreName } from '../structure/order.ts';
import type { RuntimeComparison } from './protocol-export.ts';
import type { FileInput, JudgedFidelity } from './protocol-model.ts';
import type { RewriteInput } from './protocol-rewrite.ts';

export interface GroupsInput {
  readonly file: FileInput;
  /** Of the made-up inputs that show the dimensions. */
  readonly seed: number;
}

/** Channels that can be removed, each with its place in all layers that are named. */
export interface GroupSummary {
  /** The first layer whose outputs they are. */
  readonly name: string;
  readonly channels: number;
  readonly layers: readonly string[];
  readonly readers: readonly string[];
  /** The node over whose mean or variance they count, if any: the others' values change with each that goes. */
  readonly changes?: string;
}

export interface BoundarySummary {
  readonly layer: string;
  /** Outputs that stay, of all. */
  readonly whole: number;
  readonly of: number;
  readonly why: string;
}

export interface GroupsResult {
  readonly input: { readonly path: string; readonly bytes: number };
  readonly groups: readonly GroupSummary[];
  readonly boundaries: readonly BoundarySummary[];
  /** The inputs that showed the dimensions, one line an input. */
  readonly inputs: readonly string[];
}

/** A quarter of the samples only reports. */
export interface SlimInput extends RewriteInput {
  /** Share that is left, above 0 and below 1. */
  readonly keep: number;
  /** Of the channels of each group, or of all multiply-accumulates. */
  readonly of: 'channels' | 'work';
  /** What decides which channels go; the outputs of the layers that read them when there are samples. */
  readonly score?: ScoreName;
  /** Groups keep a multiple of so many channels; 1 when absent. */
  readonly multiple?: number;
}

export interface ModelCost {
  /** Values of all tensors of floating-point numbers. */
  readonly parameters: number;
  /** Multiply-accumulates of one run on `inputs`. */
  readonly macs: number;
  /** The whole file. */
  readonly bytes: number;
}

/** What a training left without: channels of which every weight was zero. */
export interface RemovedChannels {
  readonly before: ModelCost;
  readonly after: ModelCost;
  readonly groups: readonly { readonly name: string; readonly kept: number; readonly of: number }[];
  /** The inputs that both ran on for `runtimes`, one line an input. */
  readonly inputs: readonly string[];
  /** Both models side by side: times, and how far the outputs are apart. */
  readonly runtimes: readonly RuntimeComparison[];
}

export interface SlimResult {
  readonly input: { readonly path: string; readonly bytes: number };
  readonly output: { readonly path: string; readonly bytes: number };
  readonly before: ModelCost;
  readonly after: ModelCost;
  /** Median milliseconds a run in the first of `runtimes`. */
  readonly latencyMs: { readonly before: number; readonly after: number };
  readonly groups: readonly { readonly name: string; readonly kept: number; readonly of: number }[];
  /** What decided which channels went. */
  readonly score: ScoreName;
  /** The inputs that both ran on for `runtimes`, one line an input. */
  readonly inputs: readonly string[];
  readonly runtimes: readonly RuntimeComparison[];
  /** On samples that decided nothing, where there are some. */
  readonly fidelity?: JudgedFidelity;
  readonly notes: readonly string[];
}
