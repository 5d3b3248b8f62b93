/**
 * What a layer's output error does to the outputs of the model: the layer alone is rounded coarsely and the
 * model is run. A unit of importance is a unit of squared relative output error of the model for a unit of
 * the layer's own mean squared output error. Sources: OBC's and HAWQ's layer sensitivities, taken from the
 * outputs instead of a loss, so that no labels are needed.
 */
import type { Fidelity } from '../../fidelity/compare.ts';
import { restoredValues, type GoalLayer } from './layers.ts';
import type { BitRange } from './level-bench.ts';
import type { Quantizers } from './quantizers.ts';

/**
 * Bits a weight at which a layer is tried: coarse enough to be felt, fine enough to be near the goal. A
 * layer that is not felt has as many as the others have on average.
 */
const tried: BitRange = { least: 1.2, most: 4 };
/** A layer that moves the outputs less, of the middle one, was not reached by the samples. */
const leastSlope = 1e-9;

export interface LayerImportance {
  readonly layer: GoalLayer;
  /** Of no meaning where it is not felt. */
  readonly importance: number;
  /** Whether the outputs on the samples change with the layer. */
  readonly felt: boolean;
  /** Fidelity of the model with this layer alone rounded, to `bits` a weight. */
  readonly alone: Fidelity;
  readonly bits: number;
  /** Slope (cost of a bit) at which the layer takes `bits` with this importance. */
  readonly lambda: number;
}

export interface ImportanceHooks {
  readonly near: Quantizers['near'];
  readonly fidelity: (values: ReadonlyMap<number, Float64Array>) => Promise<Fidelity>;
  readonly onLayer: (layer: GoalLayer, done: number) => Promise<void>;
}

export async function measureImportance(
  layers: readonly GoalLayer[],
  { near, fidelity, onLayer }: ImportanceHooks,
): Promise<LayerImportance[]> {
  const found: LayerImportance[] = [];
  // the layers behind the one whose effect is measured are rounded meanwhile
  const rounding = layers.map(({ tensor }) => near(tensor.id, tried));
  void Promise.allSettled(rounding);
  for (const [i, layer] of layers.entries()) {
    await onLayer(layer, i);
    const { lambda: unit, rounded } = await rounding[i]!;
    const alone = await fidelity(new Map([[layer.tensor.id, restoredValues(rounded)]]));
    const importance = alone.relativeError ** 2 / rounded.distortion;
    const bits = rounded.bits / layer.tensor.parameters;
    const lambda = unit * importance;
    const felt = lambda > 0 && lambda < Infinity;
    found.push({ layer, importance, felt, alone, bits, lambda });
  }
  const middle = middleSlope(found);
  return found.map((f) => ({ ...f, felt: f.felt && f.lambda > leastSlope * middle }));
}

/** The weighted mean, on a logarithmic scale, of the slopes of all layers that the outputs feel. */
export function middleSlope(layers: readonly LayerImportance[]): number {
  let sum = 0;
  let weights = 0;
  for (const { layer, lambda, felt } of layers) {
    if (!felt) continue;
    sum += Math.log(lambda) * layer.tensor.parameters;
    weights += layer.tensor.parameters;
  }
  return weights > 0 ? Math.exp(sum / weights) : 1;
}
