/** What the jobs groups and slim take and give. */
import type { FileInput } from './protocol-model.ts';

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
