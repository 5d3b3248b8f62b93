/**
 * What the model is run on: the user's sample (.npz by input name, one .npy), or a random one that is
 * stated. Floats are uniform in [-1, 1]; whole numbers are small; an input called like a sample rate
 * is 16000, one called like a mask is ones. Open dimensions are 1 for the batch and guessed for the
 * rest; the runner tries several guesses.
 */
import { widenFloat16, narrowFloat16 } from '../../model/half.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxGraph, OnnxValueInfo } from '../../model/onnx/graph.ts';
import { mulberry32 } from '../../model/random.ts';
import type { DataArray } from '../../train/dataset/array.ts';
import { isNpy, parseNpy, parseNpz } from '../../train/dataset/npy.ts';
import type { Feeds, HostTensor, TensorData } from '../../train/runtime.ts';

/** Sizes an open dimension may get: of images first, of sequences and signals first. */
export const imageGuesses: readonly number[] = [224, 64, 320, 32, 16];
export const sequenceGuesses: readonly number[] = [16, 512, 256, 128, 1];

const most = 1 << 26; // elements of one random input

/** ONNX Runtime's names by TensorProto.DataType. */
const typeNames: Readonly<Record<number, string>> = {
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

/** Inputs that must be fed: those without an initializer. */
export function modelInputs(graph: OnnxGraph): OnnxValueInfo[] {
  return graph.inputs.filter(
    ({ name }) => !graph.initializers.has(name) && !graph.sparseInitializers.has(name),
  );
}

/** Arrays of a sample file: one called '' for an .npy. @throws DeepCompressionError */
export function parseSample(bytes: Uint8Array, name: string): Map<string, DataArray> {
  const arrays = isNpy(bytes)
    ? new Map([['', parseNpy(bytes, name)]])
    : /^PK/.test(String.fromCharCode(...bytes.subarray(0, 2)))
      ? parseNpz(bytes, name)
      : undefined;
  if (!arrays) throw bad(name, 'neither a .npy array nor an .npz file of them');
  for (const [key, { data }] of arrays)
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i]))
        throw bad(name, `element ${i} of ${key || 'the array'} is not a finite number`);
  return arrays;
}

const bad = (name: string, what: string): DeepCompressionError =>
  new DeepCompressionError('invalid-input', `${name}: ${what}`);

/** True when some input has a dimension that must be guessed. */
export function hasOpenShape(inputs: readonly OnnxValueInfo[]): boolean {
  return inputs.some(
    ({ shape }) => shape === undefined || shape.some((d, i) => !fixed(d) && !isBatch(d, i)),
  );
}

/** True when the inputs look like images: what decides which guesses are tried first. */
export function looksLikeImages(inputs: readonly OnnxValueInfo[]): boolean {
  return inputs.some(({ shape }) => (shape?.length ?? 0) >= 4);
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
  inputs: readonly OnnxValueInfo[],
  sample: ReadonlyMap<string, DataArray> | undefined,
  sampleName: string,
  guess: number,
  seed: number,
): { feeds: Feeds; stated: string[] } {
  const given = sample ? assign(inputs, sample, sampleName) : new Map<string, DataArray>();
  const feeds: Record<string, HostTensor> = {};
  const stated: string[] = [];
  inputs.forEach((input, position) => {
    const array = given.get(input.name);
    if (array) {
      feeds[input.name] = fromArray(input, array, sampleName);
      return;
    }
    const { tensor, what } = randomTensor(input, guess, (seed ^ (position * 0x9e3779b1)) >>> 0);
    feeds[input.name] = tensor;
    stated.push(`${input.name} (${tensor.dims.join(' x ') || 'scalar'}): ${what}`);
  });
  return { feeds, stated };
}

function assign(
  inputs: readonly OnnxValueInfo[],
  sample: ReadonlyMap<string, DataArray>,
  name: string,
): Map<string, DataArray> {
  const named = new Map([...sample].filter(([key]) => inputs.some((i) => i.name === key)));
  if (named.size > 0) return named;
  const [first] = [...sample.values()];
  if (sample.size === 1 && first && inputs.length > 0) {
    const floats = inputs.filter((i) => [1, 10, 11].includes(i.elemType));
    const target = inputs.length === 1 ? inputs[0] : floats[0];
    if (target) return new Map([[target.name, first]]);
  }
  throw bad(
    name,
    `holds ${[...sample.keys()].join(', ')}, the model's inputs are ${inputs.map((i) => i.name).join(', ')}`,
  );
}

function fromArray(input: OnnxValueInfo, array: DataArray, name: string): HostTensor {
  const type = typeNames[input.elemType];
  if (type === undefined) throw bad(name, `input ${input.name} does not take numbers`);
  const { shape: expected } = input;
  let dims = [...array.shape];
  let { data } = array as { data: ArrayLike<number> };
  if (expected && dims.length === expected.length - 1) dims = [1, ...dims];
  if (expected && dims.length === expected.length && expected[0] === 1 && dims[0] > 1) {
    // a data set where one sample is wanted: its first
    data = Array.prototype.slice.call(data, 0, data.length / dims[0]) as number[];
    dims[0] = 1;
  }
  const fits =
    !expected ||
    (dims.length === expected.length && expected.every((d, i) => !fixed(d) || d === dims[i]));
  if (!fits || dims.some((d) => d < 1))
    throw bad(
      name,
      `an array of ${array.shape.join(' x ') || 'one number'} does not fit input ${input.name} of ${(expected ?? []).map((d) => (fixed(d) ? d : '?')).join(' x ')}`,
    );
  return { type, dims, data: converted(type, data) };
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

function randomTensor(
  { name, elemType, shape }: OnnxValueInfo,
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
  const constant = /^(sr|.*sampl(e|ing)_?rate)$/i.test(name)
    ? 16000
    : /mask/i.test(name)
      ? 1
      : /type/i.test(name) && !floats
        ? 0
        : null;
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

/** An output as float32; undefined for what is not numbers. */
export function asFloats({ type, data }: HostTensor): Float32Array | undefined {
  if (data instanceof Float32Array) return data;
  if (type === 'float16' && data instanceof Uint16Array) {
    const target = new Float32Array(data.length);
    widenFloat16(data, target);
    return target;
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array)
    return Float32Array.from(data, Number);
  return ArrayBuffer.isView(data) ? Float32Array.from(data) : undefined;
}
