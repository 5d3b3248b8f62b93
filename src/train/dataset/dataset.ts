/**
 * Labelled samples, and batches of them as float32. Values stay in their file's element type (MNIST
 * as bytes) and are normalised when a batch is made. Splits and orders follow from a seed.
 */
import { mulberry32 } from '../../model/random.ts';
import { dataError } from './array.ts';
import type { ArrayData, DataArray } from './array.ts';
import { labelsOf, unlabelled, type LabelKind, type TextArray } from './labels.ts';

export interface Dataset {
  readonly name: string;
  readonly samples: number;
  /** Shape of one sample. */
  readonly shape: readonly number[];
  /** `samples` times the elements of `shape`. */
  readonly values: ArrayData;
  /** Arrays for the model's inputs beside the first, by name; a first axis of `samples` each. */
  readonly others?: ReadonlyMap<string, DataArray>;
  /** The channels, which normalisation speaks of, are the last axis of a sample, not the first. */
  readonly channelsLast?: boolean;
  /** Class of each sample; undefined without labels or for regression. */
  readonly labels: Int32Array | undefined;
  /** Number of classes: the largest label plus one. */
  readonly classes: number;
  /** Regression targets or probabilities of the classes, `targetShape` each. */
  readonly targets: Float32Array | undefined;
  readonly targetShape: readonly number[];
  /** What the labels were; absent without any. */
  readonly kind?: LabelKind;
  /** Names in the order of their class numbers, where labels are names. */
  readonly classNames?: readonly string[];
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
 * Samples from the array x (first axis: samples) and their labels; undefined where only inputs are known.
 * @param columns names of the classes, where labels are rows with a column a class
 * @throws DeepCompressionError `invalid-input`.
 */
export function datasetOf(
  x: DataArray,
  y: DataArray | TextArray | undefined,
  name: string,
  columns: readonly string[] = [],
): Dataset {
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
  if (!y) return { ...base, ...unlabelled };
  if (y.shape[0] !== samples)
    throw dataError(name, `${samples} samples but ${y.shape[0] ?? 0} labels`);
  return { ...base, ...labelsOf(y, name, columns) };
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
