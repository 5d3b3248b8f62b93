/** Layers ready for the simulator, wherever they came from, and what is said of them. */
import type { Layer } from '../../eie/layer.ts';
import type { Machine } from '../../eie/machine.ts';
import type { LayerActivations, SimulatedLayer, SimulateResult } from '../protocol-eie.ts';

export interface PreparedLayer {
  readonly layer: Layer;
  /** As `SimulatedLayer.source`. */
  readonly source: string;
  readonly op: string;
  readonly kind: SimulatedLayer['kind'];
  /** What the layer itself asks of the machine: a case all of it, others their code width. */
  readonly machine: Partial<Machine>;
  readonly activations: LayerActivations;
  readonly runsPerInference: number | null;
  /** Blocks of a block-diagonal matrix, 1 for any other. */
  readonly blocks: number;
  /** Id of the paper's layer, '' for any other. */
  readonly workload: string;
  /** Position among the model's tensors; -1 for a layer of no model. */
  readonly tensor: number;
}

export interface Prepared {
  readonly layers: readonly PreparedLayer[];
  readonly skipped: SimulateResult['skipped'];
  readonly notes: readonly string[];
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
