/** Layers ready for the simulator, wherever they came from, and what is said of them. */
import type { Layer } from '../../layers/layer.ts';
import type { LayerKind } from '../../model/model.ts';
import type { LayerActivations, SimulationResult } from '../protocol-simulate.ts';
import type { ReadyLayer, SimulatorTypes } from './simulator.ts';

/** @typeParam Machine what a layer of the simulated machine runs on */
export interface PreparedLayer<Machine> {
  readonly layer: Layer;
  /** As users write it; of one workload of `workload:all`, its own. */
  readonly source: string;
  readonly op: string;
  readonly kind: LayerKind;
  /** What the layer itself asks of the machine: a case all of it, others their code width. */
  readonly asks: Partial<Machine>;
  readonly activations: LayerActivations;
  readonly runsPerInference: number | null;
  /** Blocks of a block-diagonal matrix, 1 for any other. */
  readonly blocks: number;
  /** Id of the paper's layer, '' for any other. */
  readonly workload: string;
  /** Position among the model's tensors; -1 for a layer of no model. */
  readonly tensor: number;
}

export interface Prepared<Machine> {
  readonly layers: readonly PreparedLayer<Machine>[];
  readonly skipped: SimulationResult<never, never, never>['skipped'];
  readonly notes: readonly string[];
}

/** A layer of a source, kept ready. */
export interface StoredLayer<T extends SimulatorTypes> extends PreparedLayer<T['machine']> {
  /** Position among all layers of the source. */
  readonly index: number;
  readonly ready: ReadyLayer<T>;
}

export interface Stored<T extends SimulatorTypes> extends Omit<Prepared<T['machine']>, 'layers'> {
  readonly layers: readonly StoredLayer<T>[];
}

/** Density of activations where nothing better is known: Table III's fully connected layers. */
export const assumedDensity = 0.35;

/** Bytes of the arrays of a layer. */
export function bytesOfLayer({ matrix, activations }: Layer): number {
  return (
    matrix.row.byteLength +
    matrix.code.byteLength +
    matrix.columnStart.byteLength +
    activations.byteLength
  );
}
