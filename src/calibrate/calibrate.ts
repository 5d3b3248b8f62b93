/**
 * Second moments of what a model's weights multiply, from sample inputs: the model is run with its inner
 * values as outputs (extend.ts), vectors are drawn from them (vectors.ts) and their products added up in
 * float64 (accumulator.ts). Limits that keep memory and time bounded: at most `mostColumns` columns in one
 * full matrix and `mostSecondBytes` in all of them, beyond which H is block-diagonal, with blocks as wide
 * as fit; at most `vectorsPerColumn` vectors a column, and `enoughVectors`, drawn evenly over all
 * positions of all samples.
 */
import type { Calibration, Moments } from '../compress/moments.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { OnnxModel } from '../model/onnx/open.ts';
import { mulberry32 } from '../model/random.ts';
import type { Feeds, Outputs, Runtime, Session } from '../train/runtime.ts';
import { Accumulator } from './accumulator.ts';
import { extendModel, type Extended } from './extend.ts';
import { gramModel } from './gram.ts';
import { planBlocks } from './plan-blocks.ts';
import { setsOfMatrices, sourcesOf, type Group, type Source } from './sources.ts';
import { asFloats, vectorsOf, type Value, type Vectors } from './vectors.ts';

export const vectorsPerColumn = 16;
export const enoughVectors = 1024;

/** The runs of the model over the samples. */
export interface Runs {
  readonly count: number;
  /** All inputs of one run. */
  feeds(run: number): Feeds;
  /** True where a run goes on from the one before: `states` then take the place of what is fed. */
  continues(run: number): boolean;
  readonly states: readonly { readonly input: string; readonly output: string }[];
}

export interface CalibrateInput {
  readonly model: OnnxModel;
  /** The model's file, external data inside. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly runtime: Runtime;
  readonly runs: Runs;
  readonly seed: number;
  /** Called between runs and products; what it throws ends the calibration. */
  readonly turn: () => Promise<void>;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** What was seen of the inputs of one tensor. */
export interface Seen {
  /** Vectors that the samples give, for each of its sets. */
  readonly available: number;
  /** Vectors left out because of a value that is not finite. */
  readonly dropped: number;
}

export interface Calibrated {
  readonly calibration: Calibration;
  readonly seen: ReadonlyMap<number, Seen>;
  /** Tensors that some node multiplies by and that have no moments: why. */
  readonly without: ReadonlyMap<number, string>;
}

/**
 * @throws DeepCompressionError `unsupported` when the runtime refuses the model, `invalid-input` when it
 *   does not run on the samples
 */
export async function calibrate(input: CalibrateInput): Promise<Calibrated> {
  const { model, bytes, runtime, runs } = input;
  const { wanted, groups, without } = sourcesOf(model);
  const extended = extendModel(model, bytes, wanted);
  const session = await opened(runtime, extended.bytes);
  try {
    const gram = await runtime.open(gramModel());
    try {
      const observed = observers(groups, runs, input.seed);
      await observeAll(session, gram, extended, observed, input);
      return results(observed, without);
    } finally {
      await gram.close();
    }
  } finally {
    await session.close();
  }
}

async function opened(runtime: Runtime, bytes: Uint8Array<ArrayBuffer>): Promise<Session> {
  try {
    return await runtime.open(bytes);
  } catch (cause) {
    const line = `ONNX Runtime does not open the model (${oneLine(cause)})`;
    throw new DeepCompressionError('unsupported', line, { cause });
  }
}

function oneLine(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** A group while it is observed. */
interface Observer {
  readonly group: Group;
  readonly block: number;
  readonly samplers: readonly Sampler[];
  accumulator: Accumulator | undefined;
  available: number;
  why: string;
}

function observers(groups: readonly Group[], runs: Runs, seed: number): Observer[] {
  const blocks = planBlocks(groups);
  return groups.map((group, i) => ({
    ...{ group, block: blocks[i] },
    samplers: group.sources.map(({ geometry }, k) => {
      const vectors = Math.max(enoughVectors, vectorsPerColumn * geometry.cols);
      const own = (seed ^ Math.imul(i * 64 + k + 1, 0x9e3779b1)) >>> 0;
      return new Sampler(vectors / group.sources.length, runs.count, own);
    }),
    ...{ accumulator: undefined, available: 0, why: 'no sample reaches it' },
  }));
}

/** Draws positions evenly: `vectors` in all, if every run has as many as the first. */
class Sampler {
  readonly #vectors: number;
  readonly #runs: number;
  readonly #random: () => number;
  #share = 0;
  #due = 0;

  constructor(vectors: number, runs: number, seed: number) {
    this.#vectors = vectors;
    this.#runs = runs;
    this.#random = mulberry32(seed);
  }

  /** Positions below `count`, ascending: one at random from each of as many equal parts as are due. */
  draw(count: number): Int32Array {
    this.#share ||= Math.min(1, this.#vectors / (count * this.#runs));
    this.#due += count * this.#share;
    const drawn = Math.min(count, Math.floor(this.#due + 1e-9));
    this.#due -= drawn;
    return Int32Array.from({ length: drawn }, (_, i) =>
      Math.floor(((i + this.#random()) * count) / drawn),
    );
  }
}

async function observeAll(
  session: Session,
  gram: Session,
  extended: Extended,
  observed: readonly Observer[],
  { runs, turn, onProgress }: CalibrateInput,
): Promise<void> {
  let outputs: Outputs = {};
  for (let run = 0; run < runs.count; run++) {
    const feeds = { ...runs.feeds(run) };
    if (runs.continues(run))
      for (const state of runs.states) feeds[state.input] = outputs[state.output]!;
    try {
      outputs = await session.run(feeds);
    } catch (cause) {
      const line = `ONNX Runtime does not run the model on the samples (${oneLine(cause)})`;
      throw new DeepCompressionError('invalid-input', line, { cause });
    }
    const values = valuesOf(extended, feeds, outputs);
    for (const observer of observed) await observe(observer, values, gram, turn);
    onProgress?.(run + 1, runs.count);
    await turn();
  }
  for (const { accumulator } of observed) await accumulator?.flush(gram, turn);
}

/** The wanted values of one run by position; several where a loop gave one an iteration. */
function valuesOf(
  { outputs: shown }: Extended,
  feeds: Feeds,
  outputs: Outputs,
): (position: number) => readonly Value[] {
  const cache = new Map<number, readonly Value[]>();
  const make = ({ name, stacked }: Extended['outputs'][number]): readonly Value[] => {
    const tensor = outputs[name] ?? feeds[name];
    const data = tensor && asFloats(tensor);
    if (!tensor || !data || data.length === 0) return [];
    if (stacked === 0) return [{ dims: tensor.dims, data }];
    const dims = tensor.dims.slice(stacked);
    const size = dims.reduce((a, b) => a * b, 1);
    return Array.from({ length: data.length / size }, (_, i) => ({
      ...{ dims, data: data.subarray(i * size, (i + 1) * size) },
    }));
  };
  return (position) => {
    let values = cache.get(position);
    if (!values) cache.set(position, (values = make(shown[position])));
    return values;
  };
}

async function observe(
  observer: Observer,
  values: (position: number) => readonly Value[],
  gram: Session,
  turn: () => Promise<void>,
): Promise<void> {
  for (const [i, source] of observer.group.sources.entries()) {
    for (const [k, value] of values(source.value).entries()) {
      if (source.layout === 'rows') {
        countRows(observer, source, value);
        continue;
      }
      const vectors = readVectors(source, value, values, k);
      if (typeof vectors === 'string') {
        observer.why = vectors;
        continue;
      }
      const { sets, columns, count } = vectors;
      observer.accumulator ??= new Accumulator({ columns, sets, block: observer.block });
      const { accumulator } = observer;
      if (accumulator.shape.sets !== sets) continue;
      observer.available += count;
      for (const position of observer.samplers[i].draw(count)) {
        vectors.fill(position, accumulator.row);
        if (accumulator.take()) await accumulator.flush(gram, turn);
      }
    }
  }
}

/** Numbers of the rows of a table that are looked up; negative ones count from its end. */
function countRows(observer: Observer, { geometry: { cols } }: Source, { data }: Value): void {
  observer.accumulator ??= new Accumulator({ columns: cols, sets: 1, block: 1 });
  observer.available += data.length;
  for (const row of data) observer.accumulator.takeUnit(row < 0 ? row + cols : row);
}

function readVectors(
  { node, layout, geometry, order, initial }: Source,
  value: Value,
  values: (position: number) => readonly Value[],
  iteration: number,
): Vectors | string {
  const before = { data: initial === undefined ? undefined : values(initial)[iteration]?.data };
  const vectors = vectorsOf(value, layout, node, geometry, before);
  return typeof vectors === 'string' || !order ? vectors : reordered(vectors, order);
}

/** Columns in the order of the weights instead of the layer's. */
function reordered(vectors: Vectors, order: Uint32Array): Vectors {
  const { sets, columns } = vectors;
  const plain = new Float32Array(sets * columns);
  return {
    ...vectors,
    fill(position, target) {
      vectors.fill(position, plain);
      for (let from = 0; from < plain.length; from += columns)
        for (let c = 0; c < columns; c++) target[from + c] = plain[from + order[c]];
    },
  };
}

function results(observed: readonly Observer[], reasons: ReadonlyMap<number, string>): Calibrated {
  const calibration = new Map<number, Moments>();
  const seen = new Map<number, Seen>();
  const without = new Map(reasons);
  for (const { group, accumulator, available, why } of observed) {
    const sums = accumulator?.moments();
    const dropped = accumulator?.dropped ?? 0;
    for (const member of group.members) {
      const { id } = member.tensor;
      if (!sums) {
        without.set(id, dropped > 0 ? 'none of its inputs is finite' : why);
        continue;
      }
      calibration.set(id, { ...sums, setOf: setsOfMatrices(member, sums.sets) });
      seen.set(id, { available, dropped });
    }
  }
  return { calibration, seen, without };
}
