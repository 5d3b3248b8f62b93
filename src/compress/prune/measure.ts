/**
 * How magnitudes of different layers are compared when one threshold prunes them all: a measure is an
 * increasing function of the magnitude, one a layer, and its inverse.
 */
import type { Points } from '../histogram.ts';

export interface Measure {
  /** Of a magnitude. */
  of(magnitude: number): number;
  /** The magnitude that measures so much. */
  at(measured: number): number;
}

/** Magnitudes in units of `unit`. */
export function inUnits(unit: number): Measure {
  return { of: (magnitude) => magnitude / unit, at: (measured) => measured * unit };
}

/**
 * The LAMP score (Lee et al. 2021, "Layer-adaptive sparsity for the magnitude-based pruning",
 * section 3.1): w^2 over the sum of squares of the layer's weights that are at least as large. What is
 * pruned by it costs each layer about the same share of its output, so layers that can spare more
 * lose more, and none is emptied. Weights of one bin of the histogram share their denominator.
 */
export function lampScore({ values, counts }: Points): Measure {
  const order = Uint32Array.from(values, (_, i) => i).sort(
    (a, b) => Math.abs(values[a]) - Math.abs(values[b]),
  );
  const magnitudes = Float64Array.from(order, (i) => Math.abs(values[i]));
  const rest = Float64Array.from(order, (i) => values[i] ** 2 * counts[i]);
  for (let i = rest.length - 2; i >= 0; i--) rest[i] += rest[i + 1];
  const last = magnitudes.length - 1;
  const score = (magnitude: number, i: number): number => magnitude ** 2 / rest[i];
  /** The first place whose magnitude passes, the last one where none does. */
  const first = (passes: (i: number) => boolean): number => {
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (passes(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  return {
    of: (magnitude) =>
      last < 0
        ? magnitude
        : score(
            magnitude,
            first((i) => magnitudes[i] >= magnitude),
          ),
    at(measured) {
      if (last < 0) return measured;
      const i = first((at) => score(magnitudes[at], at) >= measured);
      const magnitude = Math.sqrt(measured * rest[i]);
      return i > 0 ? Math.max(magnitude, magnitudes[i - 1]) : magnitude;
    },
  };
}
