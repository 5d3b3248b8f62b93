/**
 * What the panel shows: results of the `simulate`, `sweep` and `published` jobs. What has one number
 * a PE or a time bin comes for the chosen layer only, as typed arrays.
 */
import type {
  MachineOptions,
  PublishedResult,
  SimulatedLayer,
  SimulateResult,
  SweepAxis,
  SweepResult,
  SweptPoint,
} from '../../src/engine/protocol-eie.ts';

export type { MachineOptions, PublishedResult, SweepAxis, SweepResult, SweptPoint };

/** A layer without its arrays. */
export type PageLayer = Omit<SimulatedLayer, 'perPe' | 'timeline'>;

export interface LayerDetail {
  /** `SimulatedLayer.index` */
  readonly index: number;
  readonly perPe: SimulatedLayer['perPe'];
  readonly timeline: SimulatedLayer['timeline'];
}

export type PageRun = Omit<SimulateResult, 'layers'> & { readonly layers: readonly PageLayer[] };

/** The paper's machine: what a parameter that is left out is for workloads and models. */
export const paperMachine = { pe: 64, fifo: 8, sramWidth: 64, indexBits: 4 } as const;
