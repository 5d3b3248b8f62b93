/**
 * Layers whose weights are shared values picked by a hash of their place (compress/hash/places.ts), under
 * training. The gradient of a value is the sum over its weights, each with its sign. Source: Chen et al.,
 * Compressing Neural Networks with the Hashing Trick, 2015, equation 12.
 */
import { hashedPlaces, type HashedLayout } from '../../compress/hash/places.ts';

export interface Hashed {
  readonly kind: 'hashed';
  readonly layout: HashedLayout;
  readonly values: Float32Array;
}

/** Plain data come back from a checkpoint without their places, which follow from the layout. */
const known = new WeakMap<HashedLayout, Int32Array>();

function placesOf(layout: HashedLayout): Int32Array {
  let places = known.get(layout);
  if (places) return places;
  places = new Int32Array(layout.outputs * layout.inputs);
  hashedPlaces(layout, 0, places);
  known.set(layout, places);
  return places;
}

/**
 * A hashed layer that begins near `weights`: a value is the sum of its weights, each with its sign, over
 * the root of their number, so that the layer keeps its norm. What the weights had learned is mostly lost.
 */
export function hashedOf(weights: Float32Array, layout: HashedLayout): Hashed {
  const sums = signedSums(layout, weights);
  const counts = new Float64Array(layout.values);
  for (const place of placesOf(layout))
    counts[place < layout.values ? place : place - layout.values]!++;
  const values = Float32Array.from(sums, (sum, k) => sum / Math.sqrt(Math.max(1, counts[k]!)));
  return { kind: 'hashed', layout, values };
}

/** Writes what the graph sees. */
export function spreadHashed({ layout, values }: Hashed, target: Float32Array): void {
  const places = placesOf(layout);
  // a table of both signs, for a branch would be a coin toss
  const signed = new Float32Array(2 * values.length);
  signed.set(values);
  for (let k = 0; k < values.length; k++) signed[values.length + k] = -values[k]!;
  for (let i = 0; i < target.length; i++) target[i] = signed[places[i]!]!;
}

/** Gradient of the values from the gradient of what the graph sees. */
export function hashedGradient({ layout }: Hashed, gradient: Float32Array): Float32Array {
  return Float32Array.from(signedSums(layout, gradient));
}

function signedSums(layout: HashedLayout, weights: Float32Array): Float64Array {
  const places = placesOf(layout);
  const both = new Float64Array(2 * layout.values);
  for (let i = 0; i < weights.length; i++) both[places[i]!]! += weights[i]!;
  const sums = both.subarray(0, layout.values);
  for (let k = 0; k < layout.values; k++) sums[k]! -= both[layout.values + k]!;
  return sums;
}
