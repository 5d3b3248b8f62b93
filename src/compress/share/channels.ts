/**
 * What scales are chosen by: the extent of every channel's weights, and the squared error that they
 * would have with given scales. Both are sums over blocks, so each is counted for the channels that a
 * block touches, a contiguous range of them.
 */
import { channelsOf, GridWalk, type GridLayout } from './grid.ts';
import { scaleOf } from './scales.ts';

/** Of the channels from number `first` on. */
export interface Extents {
  readonly first: number;
  /** Largest magnitude; Infinity or NaN where a weight is. */
  readonly largest: Float64Array;
  /** Sum of squares. */
  readonly squares: Float64Array;
}

/** The channels that weights [start, start + n) of a tensor belong to: from, and up to below. */
export function channelRange(
  layout: GridLayout,
  start: number,
  n: number,
): { readonly from: number; readonly to: number } {
  const { rows, cols, transposed } = layout;
  const unit = transposed ? rows * cols : cols;
  const each = transposed ? rows : 1;
  return {
    from: Math.floor(start / unit) * each,
    to: (Math.floor((start + n - 1) / unit) + 1) * each,
  };
}

/** Extents of the channels in a block of `values` at flat index `start`. */
export function channelExtents(
  layout: GridLayout,
  values: Float32Array | Float64Array,
  start: number,
): Extents {
  const { from, to } = channelRange(layout, start, values.length);
  const largest = new Float64Array(to - from);
  const squares = new Float64Array(to - from);
  const walk = walkOf(layout, to);
  walk.seek(start);
  for (let i = 0; i < values.length; i++) {
    const c = walk.channel - from;
    const size = Math.abs(values[i]);
    if (!(size <= largest[c])) largest[c] = size;
    squares[c] += size * size;
    walk.next();
  }
  return { first: from, largest, squares };
}

/** Adds up the extents of blocks for a tensor of `weights`. */
export function wholeExtents(
  layout: GridLayout,
  weights: number,
  parts: readonly Extents[],
): Omit<Extents, 'first'> {
  const channels = channelsOf(layout, weights);
  const largest = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (const part of parts) {
    part.largest.forEach((size, i) => {
      if (!(size <= largest[part.first + i])) largest[part.first + i] = size;
    });
    part.squares.forEach((sum, i) => (squares[part.first + i] += sum));
  }
  return { largest, squares };
}

/** Scales that are tried on the channels of a block. */
export interface ScaleTrial {
  readonly layout: GridLayout;
  /** Levels are at most this far from 0. */
  readonly largest: number;
  /** Number of the first channel of `scales`, those of `channelRange`. */
  readonly first: number;
  readonly scales: Int32Array;
  /** Added to every scale, one after another. */
  readonly offsets: readonly number[];
}

/** Squared errors, offsets x channels, of a block of `values` at flat index `start`. */
export function noiseOfScales(
  { layout, largest, first, scales, offsets }: ScaleTrial,
  values: Float32Array | Float64Array,
  start: number,
): Float64Array {
  const channels = scales.length;
  const squared = new Float64Array(offsets.length * channels);
  const walk = walkOf(layout, first + channels);
  offsets.forEach((offset, o) => {
    const steps = Float64Array.from(scales, (log) => scaleOf(log + offset));
    walk.seek(start);
    for (let i = 0; i < values.length; i++) {
      const c = walk.channel - first;
      const value = values[i];
      let level = Math.round(value / steps[c]);
      if (level > largest) level = largest;
      else if (level < -largest) level = -largest;
      const error = value - level * steps[c];
      squared[o * channels + c] += error * error;
      walk.next();
    }
  });
  return squared;
}

/** Only channels are asked of it. */
function walkOf(layout: GridLayout, channels: number): GridWalk {
  return new GridWalk({ ...layout, scales: new Int32Array(channels) });
}
