/**
 * Labelled samples, and batches of them as float32. Values stay in their file's element type (MNIST
 * as bytes) and are normalised when a batch is made. Splits and orders follow from a seed.
 */
import { mulberry32 } from '../../model/random.ts';
import { dataError } from './array.ts';
import type { ArrayData, DataArray } from './array.ts';

export interface Dataset {
  readonly name: string;
  readonly samples: number;
  /** Shape of one sample. */
  readonly shape: readonly number[];
  /** `samples` times the elements of `shape`. */
  readonly values: ArrayData;
  /** The channels, which normalisation speaks of, are the last axis of a sample, not the first. */
  readonly channelsLast?: boolean;
  /** Class of each sample; undefined without labels or for regression. */
  readonly labels: Int32Array | undefined;
  /** Number of classes: the largest label plus one. */
  readonly classes: number;
  /** Regression targets, `targetShape` each. */
  readonly targets: Float32Array | undefined;
  readonly targetShape: readonly number[];
  /** What a user should know of how it was read. */
  readonly notes?: readonly string[];
}

/** (value * scale - mean) / deviation, channel by channel along the first axis of a sample, or the last. */
export interface Normalisation {
  readonly scale: number;
  /** One for all, or one a channel. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

export const unnormalised: Normalisation = { scale: 1, mean: [0], deviation: [1] };

/**
 * Samples from the array x (first axis: samples) and y: class numbers [n], one-hot rows [n, classes],
 * or regression targets; undefined where only inputs are known.
 * @throws DeepCompressionError `invalid-input`.
 */
export function datasetOf(x: DataArray, y: DataArray | undefined, name: string): Dataset {
  const samples = x.shape[0] ?? 0;
  if (x.shape.length < 2)
    throw dataError(name, 'samples need at least one axis besides their number');
  if (samples === 0 || x.data.length === 0) throw dataError(name, 'no samples');
  for (let i = 0; i < x.data.length; i++)
    if (!Number.isFinite(Math.fround(x.data[i]!)))
      throw dataError(
        name,
        `sample ${Math.floor(i / (x.data.length / samples))} holds a value that is not a number`,
      );
  const base = { name, samples, shape: x.shape.slice(1), values: x.data };
  const none = { labels: undefined, classes: 0, targets: undefined, targetShape: [] };
  if (!y) return { ...base, ...none };
  if (y.shape[0] !== samples)
    throw dataError(name, `${samples} samples but ${y.shape[0] ?? 0} labels`);
  const labels = classNumbers(y) ?? oneHot(y);
  if (labels) {
    const negative = labels.findIndex((label) => label < 0);
    if (negative >= 0)
      throw dataError(name, `label ${labels[negative]} of sample ${negative} is negative`);
    const classes = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
    return { ...base, ...none, labels, classes };
  }
  const bad = y.data.findIndex((value: number) => !Number.isFinite(value));
  if (bad >= 0) throw dataError(name, 'a target that is not a number');
  return { ...base, ...none, targets: Float32Array.from(y.data), targetShape: y.shape.slice(1) };
}

/** Whole numbers in one column. */
function classNumbers(y: DataArray): Int32Array | undefined {
  const column = y.shape.length === 1 || y.data.length === y.shape[0];
  const whole = (v: number): boolean => Number.isInteger(v) && Math.abs(v) < 2 ** 24;
  return column && (y.data as Float64Array).every(whole) ? Int32Array.from(y.data) : undefined;
}

/** Rows with a single 1 among zeros. */
function oneHot(y: DataArray): Int32Array | undefined {
  if (y.shape.length !== 2) return undefined;
  const [rows = 0, columns = 0] = y.shape;
  const labels = new Int32Array(rows);
  for (let r = 0; r < rows; r++) {
    let ones = 0;
    for (let c = 0; c < columns; c++) {
      const value = y.data[r * columns + c];
      if (value === 1) {
        ones++;
        labels[r] = c;
      } else if (value !== 0) return undefined;
    }
    if (ones !== 1) return undefined;
  }
  return labels;
}

/** A permutation of 0 .. count - 1 (Fisher and Yates). */
export function shuffled(count: number, seed: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const random = mulberry32(seed);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
}

/** Sample numbers for training and validation: disjoint, together all, decided by the seed. */
export function splitSamples(
  samples: number,
  validationShare: number,
  seed: number,
): { readonly training: Uint32Array; readonly validation: Uint32Array } {
  const order = shuffled(samples, seed);
  const held = Math.round(samples * validationShare);
  return { validation: order.slice(0, held), training: order.slice(held) };
}

/** Writes the normalised values of the given samples one after another into `target`. */
export function fillBatch(
  data: Pick<Dataset, 'samples' | 'values' | 'channelsLast'>,
  order: Uint32Array,
  from: number,
  to: number,
  { scale, mean, deviation }: Normalisation,
  target: Float32Array,
): void {
  const size = data.values.length / data.samples;
  const channels = Math.max(mean.length, deviation.length);
  const plane = size / channels;
  const { values, channelsLast = false } = data;
  const between = channelsLast ? channels : 1;
  for (let n = from; n < to; n++) {
    const source = order[n]! * size;
    const goal = (n - from) * size;
    for (let c = 0; c < channels; c++) {
      const d = deviation[deviation.length === 1 ? 0 : c]!;
      const factor = scale / d;
      const offset = mean[mean.length === 1 ? 0 : c]! / d;
      let at = channelsLast ? c : c * plane;
      for (let i = 0; i < plane; i++, at += between)
        target[goal + at] = values[source + at]! * factor - offset;
    }
  }
}

/** Class numbers of the given samples, as a graph's int64 input takes them. */
export function fillLabels(
  labels: Int32Array,
  order: Uint32Array,
  from: number,
  to: number,
  target: BigInt64Array,
): void {
  for (let n = from; n < to; n++) target[n - from] = BigInt(labels[order[n]!]!);
}
