/**
 * Samples of a data set as a model's input takes them: shapes checked once, then batch after batch.
 * A sample fits when it has as many values as the input, whatever its axes are called (28 x 28 goes
 * into 784 and into 1 x 28 x 28). A model's further inputs take arrays of their own.
 */
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { DeepCompressionError } from '../../model/errors.ts';
import { narrowFloat16 } from '../../model/half.ts';
import { fillBatch, unnormalised, type Dataset, type Normalisation } from '../dataset/dataset.ts';
import type { GraphValue } from '../graph.ts';
import type { HostTensor, TensorData } from '../runtime.ts';

export interface Samples {
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** Shapes of one sample by input, the batch left out. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Samples a run takes when the model fixes that, else undefined. */
  readonly fixedBatch: number | undefined;
  /**
   * The samples `order[from .. to)` for every input, the last repeated until there are `batch`. `change`
   * may alter the normalised values of the first in place.
   */
  batch(
    order: Uint32Array,
    from: number,
    to: number,
    batch: number,
    change?: (values: Float32Array) => void,
  ): Record<string, HostTensor>;
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

const isFixed = (dim: unknown): dim is number => typeof dim === 'number';

/** @throws DeepCompressionError `invalid-input` or `unsupported`, naming the data set and the input */
export function bindSamples(
  inputs: readonly GraphValue[],
  data: Dataset,
  normalisation: Normalisation,
): Samples {
  const [input, ...others] = inputs;
  const missing = others.filter(({ name }) => !data.others?.has(name));
  if (!input || missing.length > 0)
    throw new DeepCompressionError(
      'unsupported',
      `the model has ${inputs.length} inputs, ${data.name} holds samples for ${inputs.length - missing.length}`,
    );
  checkNormalisation(normalisation, data, product(sampleShape(input, data)), others.length > 0);
  const bound = [
    bindInput(input, data, normalisation, data.name),
    ...others.map((other) => {
      const { data: values, shape } = data.others!.get(other.name)!;
      const own = { samples: data.samples, values, shape: shape.slice(1) };
      return bindInput(other, own, unnormalised, data.name);
    }),
  ];
  const first = inputs.map(({ shape }) => shape[0]).find(isFixed);
  return {
    data,
    normalisation,
    shapes: new Map(bound.map(({ name, shape }) => [name, shape])),
    fixedBatch: first,
    batch: (order, from, to, batch, change) =>
      Object.fromEntries(
        bound.map(({ name, fill }, i) => [
          name,
          fill(order, from, to, batch, i === 0 ? change : undefined),
        ]),
      ),
  };
}

function checkNormalisation(
  { mean, deviation, scale }: Normalisation,
  data: Dataset,
  size: number,
  several: boolean,
): void {
  const channels = Math.max(mean.length, deviation.length);
  for (const { length } of [mean, deviation])
    if ((length !== 1 && length !== channels) || size % channels !== 0)
      throw new DeepCompressionError(
        'invalid-input',
        `${data.name}: the normalisation is for ${channels} channels, a sample is ${text(data.shape)}`,
      );
  const changes = scale !== 1 || mean.some((m) => m !== 0) || deviation.some((d) => d !== 1);
  if (several && changes)
    throw new DeepCompressionError(
      'unsupported',
      `${data.name}: normalisation is for models with one input: prepare the arrays beforehand`,
    );
}

interface BoundInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly fill: (...of: [...Parameters<Samples['batch']>]) => HostTensor;
}

function bindInput(
  input: GraphValue,
  data: Pick<Dataset, 'samples' | 'values' | 'shape' | 'channelsLast'>,
  normalisation: Normalisation,
  file: string,
): BoundInput {
  const shape = sampleShape(input, { ...data, name: file });
  const size = product(shape);
  const make = types[input.type];
  if (!make)
    throw new DeepCompressionError(
      'unsupported',
      `input ${input.name} has an element type that samples cannot be turned into`,
    );
  let floats = new Float32Array(0);
  return {
    ...{ name: input.name, shape },
    fill(order, from, to, batch, change) {
      if (floats.length !== batch * size) floats = new Float32Array(batch * size);
      fillBatch(data, order, from, to, normalisation, floats);
      for (let n = to - from; n < batch; n++)
        floats.copyWithin(n * size, (to - from - 1) * size, (to - from) * size);
      change?.(floats);
      const { type, of } = make;
      return { type, dims: [batch, ...shape], data: of(floats) };
    },
  };
}

function sampleShape(input: GraphValue, data: Pick<Dataset, 'name' | 'shape'>): readonly number[] {
  const shape = shapeInInput(input, data.shape);
  if (shape) return shape;
  const named = input.shape
    .slice(1)
    .map((d) => (isFixed(d) || typeof d === 'string' ? d : '?'))
    .join(' x ');
  throw new DeepCompressionError(
    'invalid-input',
    `${data.name}: a sample is ${text(data.shape)}, the model's input ${input.name} takes ${named || 'no axes'}`,
  );
}

/** Whether a sample of this shape can be put into the input. */
export function fitsInput(input: GraphValue, shape: readonly number[]): boolean {
  return shapeInInput(input, shape) !== undefined;
}

/** The shape that a sample gets at the input; an input without a known rank takes samples as they are. */
function shapeInInput(
  { shape: whole, rankless }: GraphValue,
  shape: readonly number[],
): readonly number[] | undefined {
  if (rankless) return shape;
  const wanted = whole.slice(1);
  if (wanted.every(isFixed)) return product(wanted) === product(shape) ? wanted : undefined;
  const missing = Math.max(0, wanted.length - shape.length);
  const padded = [...Array<number>(missing).fill(1), ...shape];
  const fits =
    padded.length === wanted.length &&
    padded.every((d, i) => !isFixed(wanted[i]) || wanted[i] === d);
  return fits ? padded : undefined;
}

/** Whole shapes of a batch, by input. */
export function inputShapes({ shapes }: Samples, batch: number): Record<string, readonly number[]> {
  return Object.fromEntries([...shapes].map(([name, shape]) => [name, [batch, ...shape]]));
}

/** `28 x 28` */
export function text(shape: readonly number[]): string {
  return shape.length ? shape.join(' x ') : 'a single value';
}

interface ElementType {
  readonly type: string;
  of(values: Float32Array): TensorData;
}

const types: Readonly<Record<number, ElementType>> = {
  [DataType.FLOAT]: { type: 'float32', of: (v) => v },
  [DataType.FLOAT16]: {
    type: 'float16',
    of: (v) => {
      const halves = new Uint16Array(v.length);
      narrowFloat16(v, halves);
      return halves;
    },
  },
  [DataType.DOUBLE]: { type: 'float64', of: (v) => Float64Array.from(v) },
  [DataType.INT64]: {
    type: 'int64',
    of: (v) => BigInt64Array.from(v, (x) => BigInt(Math.round(x))),
  },
  [DataType.INT32]: { type: 'int32', of: (v) => Int32Array.from(v, Math.round) },
  [DataType.INT16]: { type: 'int16', of: (v) => Int16Array.from(v, Math.round) },
  [DataType.UINT8]: { type: 'uint8', of: (v) => Uint8Array.from(v, Math.round) },
  [DataType.INT8]: { type: 'int8', of: (v) => Int8Array.from(v, Math.round) },
  [DataType.BOOL]: { type: 'bool', of: (v) => Uint8Array.from(v, (x) => (x === 0 ? 0 : 1)) },
};
