/**
 * What a layer's output error does to the outputs of the model: the layer alone is rounded coarsely and the
 * model is run. A unit of importance is a unit of squared relative output error of the model for a unit of
 * the layer's own mean squared output error. Sources: OBC's and HAWQ's layer sensitivities, taken from the
 * outputs instead of a loss, so that no labels are needed.
 */
import type { QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import type { Fidelity } from '../../fidelity/compare.ts';
import { restoredValues, type GoalLayer } from './layers.ts';

/** Bits a weight at which a layer is tried: coarse enough to be felt, fine enough to be near the goal. */
const leastBits = 1.2;
const mostBits = 4;
const wantedBits = 2.5;
/** A layer that moves the outputs less, of the middle one, was not reached by the samples. */
const leastSlope = 1e-9;

export interface LayerImportance {
  readonly layer: GoalLayer;
  readonly importance: number;
  /** Fidelity of the model with this layer alone rounded, to `bits` a weight. */
  readonly alone: Fidelity;
  readonly bits: number;
  /** Slope (cost of a bit) at which the layer takes `bits` with this importance. */
  readonly lambda: number;
}

export interface ImportanceHooks {
  readonly fidelity: (values: ReadonlyMap<number, Float64Array>) => Promise<Fidelity>;
  readonly onLayer: (layer: GoalLayer, done: number) => Promise<void>;
}

export async function measureImportance(
  layers: readonly GoalLayer[],
  { fidelity, onLayer }: ImportanceHooks,
): Promise<LayerImportance[]> {
  const found: (LayerImportance & { readonly unit: number })[] = [];
  for (const [i, layer] of layers.entries()) {
    await onLayer(layer, i);
    const { lambda, rounded } = coarse(layer);
    const alone = await fidelity(new Map([[layer.tensor.id, restoredValues(rounded)]]));
    const importance = alone.relativeError ** 2 / rounded.distortion;
    const bits = rounded.bits / layer.tensor.parameters;
    found.push({ layer, importance, alone, bits, lambda: 0, unit: lambda });
  }
  const middle = middleSlope(
    found.map(({ layer, importance, unit }) => ({ layer, lambda: unit * importance })),
  );
  return found.map(({ unit, ...f }) => {
    // what the samples do not reach is rounded as finely as the others are on average
    const felt = f.importance * unit > leastSlope * middle && f.importance < Infinity;
    const lambda = felt ? f.importance * unit : middle;
    return { ...f, importance: lambda / unit, lambda };
  });
}

/** The weighted mean, on a logarithmic scale, of the slopes of all layers that outputs feel. */
export function middleSlope(
  layers: readonly { readonly layer: GoalLayer; readonly lambda: number }[],
): number {
  let sum = 0;
  let weights = 0;
  for (const { layer, lambda } of layers) {
    if (!(lambda > 0 && lambda < Infinity)) continue;
    sum += Math.log(lambda) * layer.tensor.parameters;
    weights += layer.tensor.parameters;
  }
  return weights > 0 ? Math.exp(sum / weights) : 1;
}

/** The layer at about `wantedBits`, at importance 1. */
function coarse({ quantizer, power, tensor }: GoalLayer): {
  readonly lambda: number;
  readonly rounded: QuantizedLayer;
} {
  let lambda = power / 32;
  let rounded = quantizer.quantize(lambda, 1);
  for (let i = 0; i < 12; i++) {
    const bits = rounded.bits / tensor.parameters;
    if (bits >= leastBits && bits <= mostBits && rounded.distortion > 0) break;
    // a bit more or less is a factor of 4 in the slope, at high rates
    lambda *= 4 ** Math.max(-6, Math.min(6, bits - wantedBits));
    rounded = quantizer.quantize(lambda, 1);
  }
  return { lambda, rounded };
}
