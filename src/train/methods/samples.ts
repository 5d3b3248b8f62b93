/**
 * Samples of a data set as a model's input takes them: shapes checked once, then batch after batch.
 * A sample fits when it has as many values as the input, whatever its axes are called (28 x 28 goes
 * into 784 and into 1 x 28 x 28). Models with one data input only.
 */
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { DeepCompressionError } from '../../model/errors.ts';
import { fillBatch, type Dataset, type Normalisation } from '../dataset/dataset.ts';
import type { GraphValue } from '../graph.ts';
import type { HostTensor, TensorData } from '../runtime.ts';

export interface Samples {
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  readonly input: string;
  /** Shape of one sample at the input, the batch left out. */
  readonly shape: readonly number[];
  /** Samples a run takes when the model fixes that, else undefined. */
  readonly fixedBatch: number | undefined;
  /**
   * The samples `order[from .. to)`, the last repeated until there are `batch`. `change` may alter
   * the normalised values in place.
   */
  batch(
    order: Uint32Array,
    from: number,
    to: number,
    batch: number,
    change?: (values: Float32Array) => void,
  ): HostTensor;
}

const product = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);

/** @throws DeepCompressionError `invalid-input` or `unsupported`, naming the data set and the input */
export function bindSamples(
  inputs: readonly GraphValue[],
  data: Dataset,
  normalisation: Normalisation,
): Samples {
  const [input] = inputs;
  if (!input || inputs.length > 1)
    throw new DeepCompressionError(
      'unsupported',
      `the model has ${inputs.length} inputs: data sets are for models with one`,
    );
  const shape = sampleShape(input, data);
  const size = product(shape);
  const channels = Math.max(normalisation.mean.length, normalisation.deviation.length);
  for (const { length } of [normalisation.mean, normalisation.deviation])
    if ((length !== 1 && length !== channels) || size % channels !== 0)
      throw new DeepCompressionError(
        'invalid-input',
        `${data.name}: the normalisation is for ${channels} channels, a sample is ${text(data.shape)}`,
      );
  const make = types[input.type];
  if (!make)
    throw new DeepCompressionError(
      'unsupported',
      `input ${input.name} has an element type that samples cannot be turned into`,
    );
  const first = input.shape[0];
  let floats = new Float32Array(0);
  return {
    data,
    normalisation,
    input: input.name,
    shape,
    fixedBatch: typeof first === 'number' ? first : undefined,
    batch(order, from, to, batch, change) {
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

function sampleShape(input: GraphValue, data: Dataset): readonly number[] {
  const wanted = input.shape.slice(1);
  const fail = (): never => {
    const named = wanted.map((d) => d ?? '?').join(' x ');
    throw new DeepCompressionError(
      'invalid-input',
      `${data.name}: a sample is ${text(data.shape)}, the model's input ${input.name} takes ${named || 'no axes'}`,
    );
  };
  if (wanted.every((d) => typeof d === 'number'))
    return product(wanted) === product(data.shape) ? wanted : fail();
  const padded = [...Array<number>(Math.max(0, wanted.length - data.shape.length)).fill(1)].concat(
    data.shape,
  );
  const fits =
    padded.length === wanted.length &&
    padded.every((d, i) => typeof wanted[i] !== 'number' || wanted[i] === d);
  return fits ? padded : fail();
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
  [DataType.DOUBLE]: { type: 'float64', of: (v) => Float64Array.from(v) },
  [DataType.INT64]: {
    type: 'int64',
    of: (v) => BigInt64Array.from(v, (x) => BigInt(Math.round(x))),
  },
  [DataType.INT32]: { type: 'int32', of: (v) => Int32Array.from(v, Math.round) },
  [DataType.UINT8]: { type: 'uint8', of: (v) => Uint8Array.from(v, Math.round) },
};
