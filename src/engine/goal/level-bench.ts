/**
 * One thread's side of calibrated compression: the quantizers of the layers it was given, each with its
 * weights and the factor of its inputs' moments, so that another slope costs only the rounding.
 */
import type { Moments } from '../../compress/moments.ts';
import { LayerQuantizer, type QuantizedLayer } from '../../compress/rate/quantize-layer.ts';
import type { Geometry } from '../../model/model.ts';

/** Bits a weight, from and to. */
export interface BitRange {
  readonly least: number;
  readonly most: number;
}

export type LevelWork =
  /** Takes a layer, or one that it has with other moments. */
  | {
      readonly kind: 'layer';
      readonly id: number;
      readonly weights: Float32Array | Float64Array;
      readonly geometry: Geometry;
      readonly moments: Moments | undefined;
    }
  | {
      readonly kind: 'quantize';
      readonly id: number;
      readonly lambda: number;
      readonly importance: number;
    }
  /** Looks for a slope, at importance 1, at which the layer takes so many bits. */
  | { readonly kind: 'near'; readonly id: number; readonly bits: BitRange };

export interface Near {
  readonly lambda: number;
  readonly rounded: QuantizedLayer;
}

interface Layer {
  readonly quantizer: LayerQuantizer;
  readonly weights: number;
  /** Where the next search begins. */
  lambda: number;
}

const mostTries = 12;
const firstBits = 2.5;

export class LevelBench {
  readonly #layers = new Map<number, Layer>();

  perform(work: LevelWork): Near | QuantizedLayer | undefined {
    if (work.kind === 'layer') {
      const { weights, geometry, moments } = work;
      const quantizer = new LayerQuantizer(weights, geometry, moments);
      const lambda = this.#layers.get(work.id)?.lambda ?? quantizer.slopeAt(firstBits);
      this.#layers.set(work.id, { quantizer, weights: weights.length, lambda });
      return undefined;
    }
    const layer = this.#layers.get(work.id)!;
    if (work.kind === 'quantize')
      return ownScales(layer.quantizer.quantize(work.lambda, work.importance));
    return near(layer, work.bits);
  }
}

function near(layer: Layer, { least, most }: BitRange): Near {
  const wanted = (least + most) / 2;
  let rounded = layer.quantizer.quantize(layer.lambda, 1);
  for (let i = 0; i < mostTries; i++) {
    const bits = rounded.bits / layer.weights;
    if (bits >= least && bits <= most && rounded.distortion > 0) break;
    // a bit more or less is a factor of 4 in the slope, at high rates
    layer.lambda *= 4 ** Math.max(-6, Math.min(6, bits - wanted));
    rounded = layer.quantizer.quantize(layer.lambda, 1);
  }
  return { lambda: layer.lambda, rounded: ownScales(rounded) };
}

/** With scales that are not the quantizer's: results may be moved to another thread. */
function ownScales(layer: QuantizedLayer): QuantizedLayer {
  const { columnScales } = layer.grid;
  return columnScales
    ? { ...layer, grid: { ...layer.grid, columnScales: columnScales.slice() } }
    : layer;
}
