/**
 * Where to cut: the magnitude below which weights are pruned. Learning both Weights and Connections
 * (Han et al. 2015) sets it to a quality parameter times the standard deviation of the layer; a target
 * sparsity needs an order statistic of the magnitudes instead, which is found without sorting them:
 * from the histogram down to one bin, then among the values of that bin alone.
 */
import { binAround, type Points } from '../histogram.ts';
import type { Measure } from './measure.ts';

/** Histogram of measured magnitudes, ascending. */
interface Magnitudes {
  readonly values: Float64Array;
  readonly counts: Float64Array;
}

/** A layer's part in a common target: its points, its zeros, and how its magnitudes are measured. */
export interface PrunableLayer {
  readonly points: Points;
  readonly zeros: number;
  readonly measure: Measure;
}

/** Where the search goes on: magnitudes from `low` up to below `high`, in the layers' own units. */
export interface Bracket {
  /** For each layer, what to select from it. */
  readonly ranges: readonly { readonly low: number; readonly high: number }[];
  /** How many weights are pruned when everything below the brackets is. */
  readonly below: number;
  /** How many are wanted. */
  readonly wanted: number;
}

/**
 * Brackets the threshold that prunes `target` (0..1) of all weights of `layers` together, the
 * smallest first, as each layer's `measure` has it. undefined when zeros alone suffice.
 */
export function bracketThreshold(
  layers: readonly PrunableLayer[],
  target: number,
): Bracket | undefined {
  let wanted = 0;
  let zeros = 0;
  const lists: Magnitudes[] = [];
  for (const layer of layers) {
    let weights = layer.zeros;
    for (const c of layer.points.counts) weights += c;
    wanted += weights;
    zeros += layer.zeros;
    lists.push(magnitudes(layer));
  }
  wanted = Math.round(wanted * target);
  if (wanted <= zeros) return undefined;
  const merged = lists.length === 1 ? lists[0] : mergeMagnitudes(lists);
  let below = zeros;
  let at = 0;
  while (at < merged.values.length - 1 && below + merged.counts[at] < wanted) {
    below += merged.counts[at++];
  }
  // A bin is counted at its mean, so bins of other layers near it may lie on either side: the
  // bracket takes whole bins of every layer, and what lies below them is counted anew.
  const cut = merged.values[at];
  const ranges = layers.map((layer) => {
    let { low, high } = binAround(layer.measure.at(cut));
    for (let more = 0; more < 2; more++) {
      low = binAround(low * (1 - 1e-6)).low;
      high = binAround(high).high;
    }
    return { low, high };
  });
  below = zeros;
  layers.forEach((layer, i) => {
    const { values, counts } = layer.points;
    // the mean of a bin may be rounded to just below its first value
    const low = ranges[i].low * (1 - 1e-9);
    for (let p = 0; p < values.length; p++) if (Math.abs(values[p]) < low) below += counts[p];
  });
  return { ranges, below, wanted };
}

/**
 * The threshold (measured) that prunes as nearly `wanted` weights as ties allow, given the
 * measured magnitudes selected from the bracket: prune what is smaller than it.
 */
export function refineThreshold(selected: Float64Array, bracket: Bracket): number {
  const sorted = Float64Array.from(selected).sort();
  const index = bracket.wanted - bracket.below;
  if (sorted.length === 0) return 0;
  if (index <= 0) return sorted[0];
  if (index >= sorted.length) return next(sorted[sorted.length - 1]);
  const cut = sorted[index];
  if (sorted[index - 1] !== cut) return cut;
  // a tie: prune all of it or none, whichever is nearer to what is wanted
  let first = index;
  while (first > 0 && sorted[first - 1] === cut) first--;
  let end = index;
  while (end < sorted.length && sorted[end] === cut) end++;
  return end - index < index - first ? next(cut) : cut;
}

function next(magnitude: number): number {
  return magnitude * (1 + 2 ** -50);
}

/** Measured magnitudes of a layer's points, ascending. */
function magnitudes(layer: PrunableLayer): Magnitudes {
  const { values, counts } = layer.points;
  const n = values.length;
  const out = { values: new Float64Array(n), counts: new Float64Array(n) };
  let left = 0;
  while (left < n && values[left] < 0) left++;
  let right = left--;
  for (let i = 0; i < n; i++) {
    const takeLeft = left >= 0 && (right >= n || -values[left] <= values[right]);
    const p = takeLeft ? left-- : right++;
    out.values[i] = layer.measure.of(Math.abs(values[p]));
    out.counts[i] = counts[p];
  }
  return out;
}

function mergeMagnitudes(lists: readonly Magnitudes[]): Magnitudes {
  const size = lists.reduce((a, l) => a + l.values.length, 0);
  const all = new Float64Array(size);
  const counts = new Float64Array(size);
  let at = 0;
  for (const list of lists) {
    all.set(list.values, at);
    counts.set(list.counts, at);
    at += list.values.length;
  }
  const order = Uint32Array.from(all, (_, i) => i).sort((a, b) => all[a] - all[b] || a - b);
  return {
    values: Float64Array.from(order, (i) => all[i]),
    counts: Float64Array.from(order, (i) => counts[i]),
  };
}
