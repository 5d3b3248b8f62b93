/**
 * The samples of a calibration as runs of the model: any data set that `evaluate` reads, labels not
 * needed, or an .npz with arrays by the names of the inputs, their first axis the samples. A model that
 * hands state from run to run gets samples in their order as one sequence, or, where a sample has one axis
 * more than the input, one sequence a sample; state begins at zeros. Other inputs that are not given are an
 * error, but for sample rates and masks (activations/sample.ts).
 */
import { host } from '#host';
import type { Runs } from '../../calibrate/calibrate.ts';
import { statePairs, type StatePair } from '../../calibrate/state.ts';
import { readBytes } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import type { ValueInfo } from '../../model/graph.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import type { DataArray } from '../../train/dataset/array.ts';
import type { Normalisation } from '../../train/dataset/dataset.ts';
import { text } from '../../train/methods/samples.ts';
import type { Feeds, HostTensor } from '../../train/runtime.ts';
import {
  constantFor,
  dataInput,
  isArrays,
  makeFeeds,
  modelInputs,
  parseSample,
} from '../activations/sample.ts';
import { shapeOfInput } from '../activations/read-sample.ts';
import { labelOf, openSource, sharedInput } from '../input.ts';
import type { DataInput } from '../protocol-train.ts';
import type { FileInput } from '../protocol-model.ts';
import { loadDataset } from '../train/data.ts';
import { forScoring } from '../train/reading.ts';

export interface SampleRuns {
  readonly runs: Runs;
  /** Of which as many are used as `runs` has place for. */
  readonly samples: number;
  readonly notes: readonly string[];
}

export interface ReadRuns {
  readonly normalisation: Normalisation;
  /** Samples that are used at most, spread over all. */
  readonly most: number;
  readonly turn: () => Promise<void>;
  readonly onRead?: (line: string) => void;
}

/** Steps of a sequence a sample that is asked for: they are short. */
const stepsPerSample = 16;

/** @throws DeepCompressionError `invalid-input`, one line: what does not fit the model */
export async function readRuns(
  model: OnnxModel,
  input: DataInput,
  options: ReadRuns,
): Promise<SampleRuns> {
  const inputs = modelInputs(model.graph);
  const { name, arrays, channelsLast, notes } = await readArrays(inputs, input, options);
  const main = inputs.find((i) => arrays.has(i.name))!;
  const data = arrays.get(main.name)!;
  const states = statePairs(model.graph, main.name).filter((s) => !arrays.has(s.input.name));
  const others = inputs.filter(
    (i) => !arrays.has(i.name) && !states.some((s) => s.input.name === i.name),
  );
  const missing = others.filter((i) => constantFor(i) === null);
  if (missing.length > 0)
    throw new DeepCompressionError(
      'invalid-input',
      `${name}: has nothing for input ${missing.map((i) => i.name).join(', ')}: give an .npz with an array for each input by name`,
    );
  const plan =
    states.length > 0 ? sequences(main, data, options.most) : single(main, data, options.most);
  const begin = Object.fromEntries(states.map((s) => [s.input.name, zeros(s, plan.size)]));
  const feeds = (run: number): Feeds => {
    const part = new Map<string, DataArray>();
    for (const [key, array] of arrays)
      part.set(key, array.shape[0] === data.shape[0] ? plan.slice(array, run) : array);
    const sample = { name, arrays: part, normalisation: options.normalisation, channelsLast };
    const asked = inputs.filter((i) => !(i.name in begin));
    return { ...makeFeeds(asked, sample, 1, 1).feeds, ...begin };
  };
  feeds(0); // says at once what does not fit
  return {
    runs: {
      ...{ count: plan.count, feeds, continues: plan.continues },
      states: states.map((s) => ({ input: s.input.name, output: s.output })),
    },
    samples: data.shape[0],
    notes,
  };
}

interface Arrays {
  readonly name: string;
  /** By the names of inputs, at least one of them. */
  readonly arrays: ReadonlyMap<string, DataArray>;
  readonly channelsLast: boolean;
  readonly notes: readonly string[];
}

async function readArrays(
  inputs: readonly ValueInfo[],
  input: DataInput,
  { turn, onRead }: ReadRuns,
): Promise<Arrays> {
  const name = labelOf(input.file);
  const named = namedArrays(inputs, input.file, name);
  if (named) return { name, arrays: named, channelsLast: false, notes: [] };
  const target = dataInput(inputs);
  if (!target)
    throw new DeepCompressionError('unsupported', 'the model has no input that takes numbers');
  const wanted = [{ name: target.name, type: target.elemType, ...shapeOfInput(target.shape) }];
  const reading = { turn, inputs: wanted, prefer: forScoring };
  const { data } = await loadDataset(input, onRead ? { ...reading, onRead } : reading);
  const shape = [data.samples, ...data.shape];
  return {
    ...{ name, channelsLast: data.channelsLast ?? false, notes: data.notes ?? [] },
    arrays: new Map([[target.name, { shape, data: data.values }]]),
  };
}

/** Arrays of an .npz that are called like inputs; undefined for any other data. */
function namedArrays(
  inputs: readonly ValueInfo[],
  file: FileInput,
  name: string,
): ReadonlyMap<string, DataArray> | undefined {
  if ('path' in file && host.files.isFolder(file.path)) return undefined;
  const source = openSource(sharedInput(file));
  try {
    if (source.size < 4 || source.size > 2 ** 31) return undefined;
    const head = readBytes(source, 0, 4);
    if (head[0] !== 0x50 || !isArrays(head)) return undefined;
    const all = parseSample(
      readBytes(source, 0, source.size),
      name,
      inputs.map((i) => i.name),
    );
    const own = new Map([...all].filter(([key]) => inputs.some((i) => i.name === key)));
    return own.size > 0 ? own : undefined;
  } finally {
    source.close();
  }
}

interface Plan {
  readonly count: number;
  /** Samples of one run. */
  readonly size: number;
  continues(run: number): boolean;
  slice(array: DataArray, run: number): DataArray;
}

/** A sample a run, or as many as the model fixes; the last are repeated to fill it. */
function single(main: ValueInfo, { shape }: DataArray, most: number): Plan {
  const first = main.shape?.[0];
  const size =
    typeof first === 'number' && first > 1 && main.shape!.length === shape.length ? first : 1;
  const used = Math.min(shape[0], most);
  return {
    ...{ count: Math.ceil(used / size), size, continues: () => false },
    slice(array, run) {
      const own = array.data.length / array.shape[0];
      const at = (k: number): number =>
        Math.floor((Math.min(used - 1, run * size + k) * array.shape[0]) / used) * own;
      const rest = array.shape.slice(1);
      if (size === 1) return { shape: [1, ...rest], data: array.data.subarray(at(0), at(0) + own) };
      const data = array.data.slice(0, size * own);
      for (let k = 0; k < size; k++) data.set(array.data.subarray(at(k), at(k) + own), k * own);
      return { shape: [size, ...rest], data };
    },
  };
}

function sequences(main: ValueInfo, { shape }: DataArray, most: number): Plan {
  const rank = main.shape?.length ?? shape.length;
  if (shape.length !== rank && shape.length !== rank + 1)
    throw new DeepCompressionError(
      'invalid-input',
      `samples of ${text(shape.slice(1))} do not fit input ${main.name}: a sequence is an array of steps, or of sequences of steps`,
    );
  const steps = shape.length === rank ? shape[0] : shape[1];
  const count = Math.min(shape.length === rank ? steps : shape[0] * steps, most * stepsPerSample);
  return {
    ...{ count, size: 1, continues: (run) => run % steps !== 0 },
    slice(array, run) {
      const inner = array.shape.slice(shape.length === rank ? 1 : 2);
      const own = inner.reduce((a, b) => a * b, 1);
      return { shape: [1, ...inner], data: array.data.subarray(run * own, (run + 1) * own) };
    },
  };
}

/** A state before anything was seen; what is open in its shape is the batch. */
function zeros({ input }: StatePair, batch: number): HostTensor {
  const dims = (input.shape ?? []).map((d) => (typeof d === 'number' && d > 0 ? d : batch));
  const length = dims.reduce((a, b) => a * b, 1);
  return input.elemType === 10
    ? { type: 'float16', dims, data: new Uint16Array(length) }
    : input.elemType === 11
      ? { type: 'float64', dims, data: new Float64Array(length) }
      : { type: 'float32', dims, data: new Float32Array(length) };
}
