/**
 * What the model is run on: the user's sample (.npz by input name, one .npy, the first of a data set),
 * its values normalised as a retrained .dcz states; or a random one that is stated. Floats are uniform in [-1, 1]; whole numbers are small; an input called like a sample rate
 * is 16000, one called like a mask is ones. Open dimensions are 1 for the batch and guessed for the
 * rest; the runner tries several guesses.
 */
import { narrowFloat16 } from '../../model/half.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { ModelGraph, ValueInfo } from '../../model/graph.ts';
import { mulberry32 } from '../../model/random.ts';
import type { DataArray } from '../../train/dataset/array.ts';
import { fillBatch, type Normalisation } from '../../train/dataset/dataset.ts';
import { isNpy, parseNpy } from '../../train/dataset/npy.ts';
import { chooseArrays, openNpz, type Npz } from '../../train/dataset/npz.ts';
import { listed } from '../../train/dataset/taken.ts';
import { forScoring } from '../train/reading.ts';
import type { Feeds, HostTensor, TensorData } from '../../train/runtime.ts';

/** Sizes an open dimension may get: of images first, of sequences and signals first. */
const imageGuesses: readonly number[] = [224, 64, 320, 32, 16];
const sequenceGuesses: readonly number[] = [16, 512, 256, 128, 1];

const most = 1 << 26; // elements of one random input

/** ONNX Runtime's names by TensorProto.DataType. */
export const typeNames: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
};

/** What the user gave. */
export interface Sample {
  readonly name: string;
  /** By input name; one alone is for the one input that takes data, whatever it is called. */
  readonly arrays: ReadonlyMap<string, DataArray>;
  readonly normalisation: Normalisation;
  /** The channels, which normalisation speaks of, are the last axis. */
  readonly channelsLast: boolean;
}

/** Inputs that must be fed: those without an initializer. */
export function modelInputs(graph: ModelGraph): ValueInfo[] {
  return graph.inputs.filter(
    ({ name }) => !graph.initializers.has(name) && !graph.sparseInitializers.has(name),
  );
}

const isZip = (bytes: Uint8Array): boolean => bytes[0] === 0x50 && bytes[1] === 0x4b;

/** Whether a file is a .npy or an .npz. */
export const isArrays = (bytes: Uint8Array): boolean => isNpy(bytes) || isZip(bytes);

/**
 * Arrays of a .npy, called '', or an .npz: those named like `inputs`, else the one that is alone or
 * called like samples; others are not unpacked.
 * @throws DeepCompressionError
 */
export function parseSample(
  bytes: Uint8Array,
  name: string,
  inputs: readonly string[],
): Map<string, DataArray> {
  const arrays = isZip(bytes)
    ? wantedArrays(openNpz(bytes, name), name, inputs)
    : new Map([['', parseNpy(bytes, name)]]);
  for (const [key, { data }] of arrays)
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i]))
        throw bad(name, `element ${i} of ${key || 'the array'} is not a finite number`);
  return arrays;
}

function wantedArrays(npz: Npz, name: string, inputs: readonly string[]): Map<string, DataArray> {
  const named = npz.names.filter((array) => inputs.includes(array));
  const samples =
    named.length > 0 || npz.names.length === 1
      ? undefined
      : chooseArrays(npz.names, inputs, forScoring, name)?.samples;
  const wanted = named.length > 0 ? named : samples === undefined ? npz.names : [samples];
  if (wanted.length > 1 && named.length === 0) throw noInput(name, npz.names, inputs);
  return new Map(wanted.map((array) => [array, npz.array(array)]));
}

function noInput(name: string, arrays: Iterable<string>, inputs: readonly string[]): Error {
  return bad(name, `holds ${listed([...arrays])}, the model's inputs are ${listed(inputs)}`);
}

const bad = (name: string, what: string): DeepCompressionError =>
  new DeepCompressionError('invalid-input', `${name}: ${what}`);

/** True when some input has a dimension that must be guessed. */
export function hasOpenShape(inputs: readonly ValueInfo[]): boolean {
  return inputs.some(
    ({ shape }) => shape === undefined || shape.some((d, i) => !fixed(d) && !isBatch(d, i)),
  );
}

/** What open dimensions are tried with, one after another; one guess where none is open. */
export function guessesFor(inputs: readonly ValueInfo[]): readonly number[] {
  const images = inputs.some(({ shape }) => (shape?.length ?? 0) >= 4);
  const guesses = images ? imageGuesses : sequenceGuesses;
  return hasOpenShape(inputs) ? guesses : guesses.slice(0, 1);
}

const fixed = (d: number | string): d is number => typeof d === 'number' && d > 0;
const isBatch = (d: number | string, axis: number): boolean =>
  axis === 0 || (typeof d === 'string' && /batch/i.test(d));

/**
 * Feeds for every input, from `sample` where it has them. `guess`: what open dimensions get.
 * @throws DeepCompressionError `invalid-input` for arrays that fit no input,
 *   `unsupported` for an input that cannot be made up
 */
export function makeFeeds(
  inputs: readonly ValueInfo[],
  sample: Sample | undefined,
  guess: number,
  seed: number,
): { feeds: Feeds; stated: string[] } {
  const given = sample && assign(inputs, sample);
  const feeds: Record<string, HostTensor> = {};
  const stated: string[] = [];
  inputs.forEach((input, position) => {
    const array = given?.get(input.name);
    if (sample && array) {
      feeds[input.name] = fromArray(input, array, sample);
      return;
    }
    const { tensor, what } = randomTensor(input, guess, (seed ^ (position * 0x9e3779b1)) >>> 0);
    feeds[input.name] = tensor;
    stated.push(`${input.name} (${tensor.dims.join(' x ') || 'scalar'}): ${what}`);
  });
  return { feeds, stated };
}

/** The one input that a data set is for: floats where there are several. */
export function dataInput(inputs: readonly ValueInfo[]): ValueInfo | undefined {
  return inputs.length === 1 ? inputs[0] : inputs.find((i) => [1, 10, 11].includes(i.elemType));
}

function assign(
  inputs: readonly ValueInfo[],
  { arrays, name }: Sample,
): ReadonlyMap<string, DataArray> {
  const named = new Map([...arrays].filter(([key]) => inputs.some((i) => i.name === key)));
  if (named.size > 0) return named;
  const [first] = [...arrays.values()];
  const target = dataInput(inputs);
  if (arrays.size === 1 && first && target) return new Map([[target.name, first]]);
  throw noInput(
    name,
    arrays.keys(),
    inputs.map((i) => i.name),
  );
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

function fromArray(input: ValueInfo, array: DataArray, sample: Sample): HostTensor {
  const { name } = sample;
  const type = typeNames[input.elemType];
  if (type === undefined) throw bad(name, `input ${input.name} does not take numbers`);
  const dims = dimsFor(input, array);
  if (!dims || dims.some((d) => d < 1))
    throw bad(
      name,
      `an array of ${array.shape.join(' x ') || 'one number'} does not fit input ${input.name} of ${(input.shape ?? []).map((d) => (fixed(d) ? d : '?')).join(' x ')}`,
    );
  // of a data set where one sample is wanted: the first
  const values = array.data.subarray(0, product(dims));
  return { type, dims, data: converted(type, normalised(values, dims[0] ?? 1, sample)) };
}

/**
 * The shape in which an array goes into an input: its own; with a batch of one before it; or that of
 * its first sample, which as in a data set needs only as many values as the input, whatever its axes.
 */
function dimsFor(
  { shape: expected }: ValueInfo,
  { shape }: DataArray,
): readonly number[] | undefined {
  if (!expected) return shape;
  const fits = (dims: readonly number[]): boolean =>
    dims.length === expected.length && expected.every((d, i) => !fixed(d) || d === dims[i]);
  const inner = expected.slice(1);
  const one = [1, ...(inner.every(fixed) ? inner : shape.slice(1))];
  const sameValues = product(one) === product(shape.slice(1));
  return [shape, [1, ...shape], ...(sameValues ? [one] : [])].find(fits);
}

/** Whether a normalisation changes anything. */
export function isNormalised({ scale, mean, deviation }: Normalisation): boolean {
  return scale !== 1 || mean.some((m) => m !== 0) || deviation.some((d) => d !== 1);
}

/** As `evaluate` does it to the samples of a data set. */
function normalised(
  values: DataArray['data'],
  samples: number,
  { name, normalisation, channelsLast }: Sample,
): DataArray['data'] {
  if (!isNormalised(normalisation)) return values;
  const channels = Math.max(normalisation.mean.length, normalisation.deviation.length);
  if ((values.length / samples) % channels !== 0)
    throw bad(name, `the model's normalisation is for ${channels} channels, the sample has others`);
  const target = new Float32Array(values.length);
  const order = Uint32Array.from({ length: samples }, (_, i) => i);
  const data = { samples, values, channelsLast };
  fillBatch(data, order, 0, samples, normalisation, target);
  return target;
}

function converted(type: string, data: ArrayLike<number>): TensorData {
  switch (type) {
    case 'float32':
      return Float32Array.from(data);
    case 'float64':
      return Float64Array.from(data);
    case 'float16': {
      const target = new Uint16Array(data.length);
      narrowFloat16(Float32Array.from(data), target);
      return target;
    }
    case 'int64':
      return BigInt64Array.from({ length: data.length }, (_, i) => BigInt(Math.trunc(data[i])));
    case 'uint64':
      return BigUint64Array.from({ length: data.length }, (_, i) =>
        BigInt(Math.max(0, Math.trunc(data[i]))),
      );
    case 'int32':
      return Int32Array.from(data);
    case 'uint32':
      return Uint32Array.from(data);
    case 'int16':
      return Int16Array.from(data);
    case 'uint16':
      return Uint16Array.from(data);
    case 'int8':
      return Int8Array.from(data);
    default:
      return Uint8Array.from(data);
  }
}

/** What an input that is called so always is; null for any other. */
export function constantFor({ name, elemType }: ValueInfo): number | null {
  if (/^(sr|.*sampl(e|ing)_?rate)$/i.test(name)) return 16000;
  if (/mask/i.test(name)) return 1;
  return /type/i.test(name) && ![1, 10, 11].includes(elemType) ? 0 : null;
}

function randomTensor(
  { name, elemType, shape }: ValueInfo,
  guess: number,
  seed: number,
): { tensor: HostTensor; what: string } {
  const type = typeNames[elemType];
  const refuse = (why: string): never => {
    throw new DeepCompressionError('unsupported', `input ${name} ${why}`);
  };
  if (type === undefined) return refuse('does not take numbers');
  const dims = (shape ?? refuse('has no known rank')).map((d, i) =>
    fixed(d) ? d : isBatch(d, i) ? 1 : guess,
  );
  const count = dims.reduce((a, b) => a * b, 1);
  if (!(count <= most)) refuse(`of ${dims.join(' x ')} is too large to make up`);
  const random = mulberry32(seed);
  const floats = type.startsWith('float');
  const constant = constantFor({ name, elemType, shape });
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++)
    values[i] =
      constant ?? (floats ? 2 * random() - 1 : Math.floor(random() * (type === 'bool' ? 2 : 100)));
  const what =
    constant !== null
      ? `all ${constant}`
      : floats
        ? 'uniform in [-1, 1]'
        : `whole numbers below ${type === 'bool' ? 2 : 100}`;
  return { tensor: { type, dims, data: converted(type, values) }, what };
}
