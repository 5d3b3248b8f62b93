/**
 * Running a model over samples at inference speed: batches through one session a thread. `promoted` makes a
 * graph whose named tensors are inputs, so that one session serves every variant of them
 * (sensitivity scans); `openPredictor` reads what a final softmax says about the output.
 */
import { TensorProto_DataType as DataType } from 'onnx-buf';
import { DeepCompressionError } from '../../model/errors.ts';
import { widenFloat16 } from '../../model/half.ts';
import { cloneGraph, encodeGraph, shapeOf, stringOf, type Graph } from '../graph.ts';
import {
  allOf,
  type Feeds,
  type HostTensor,
  type Outputs,
  type Runtime,
  type Session,
} from '../runtime.ts';
import type { Samples } from './samples.ts';
import { ScoreCounter, type PredictionKind, type Score } from './score.ts';

/** Called between batches: throws to stop, and may let other work have its turn. */
export type Between = (done: number, of: number) => Promise<void> | void;

export interface Predictor {
  /** Feeds beside the samples, e.g. promoted tensors. */
  score(order: Uint32Array, feeds: Feeds, between: Between): Promise<Score>;
  /** Predictions of the samples in `order`, one after another; `size` numbers each. */
  predict(
    order: Uint32Array,
    feeds: Feeds,
    between: Between,
  ): Promise<{ readonly size: number; readonly values: Float32Array }>;
  close(): Promise<void>;
}

/** What the model's (first) output says: a final Softmax or LogSoftmax is recognised. */
export function predictionKind(graph: Graph, output: string): PredictionKind {
  let value = output;
  for (let i = 0; i < 8; i++) {
    const node = graph.nodes.find((candidate) => candidate.output.includes(value));
    if (node?.opType === 'Softmax') return 'probabilities';
    if (
      node?.domain === 'ai.onnx.ml' &&
      /^(SOFTMAX|LOGISTIC)$/.test(stringOf(node, 'post_transform', ''))
    )
      return 'probabilities';
    if (node?.opType === 'LogSoftmax') return 'log-probabilities';
    if (!node || !['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Cast'].includes(node.opType))
      break;
    value = node.input[0]!;
  }
  return 'scores';
}

/** The graph with the float32 tensors `names` as inputs, as model bytes. */
export function promoted(graph: Graph, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const open = cloneGraph(graph);
  for (const name of names) {
    const tensor = open.initializers.get(name);
    if (!tensor) throw new DeepCompressionError('not-found', `no tensor is named ${name}`);
    open.initializers.delete(name);
    open.inputs.push({ name, type: DataType.FLOAT, shape: shapeOf(tensor) });
  }
  return encodeGraph(open);
}

export interface PredictorOptions {
  readonly samples: Samples;
  readonly kind: PredictionKind;
  /** Output to read; the only one when absent. */
  readonly output?: string;
  /** Samples a run, where the model leaves that open. */
  readonly batch: number;
}

/** Bytes of weights that all threads together may hold: beyond that one thread works alone. */
const mostCopies = 2 ** 31;

export async function openPredictor(
  runtime: Runtime,
  model: Uint8Array<ArrayBuffer>,
  options: PredictorOptions,
): Promise<Predictor> {
  const own = await opened(runtime, model);
  let theirs: Session | undefined;
  const { samples, kind } = options;
  let batch = samples.fixedBatch ?? options.batch;
  const predictions = (outputs: Outputs, rows: number): ReturnType<typeof predictionOf> =>
    predictionOf(
      options.output === undefined ? Object.values(outputs)[0] : outputs[options.output],
      rows,
    );
  /** Whether one sample a run works where more do not: a Reshape inside may fix the batch. */
  const takesOne = async (order: Uint32Array, feeds: Feeds): Promise<boolean> => {
    try {
      predictions(await own.run({ ...feeds, ...samples.batch(order, 0, 1, 1) }), 1);
      return true;
    } catch {
      return false; // what failed first is told
    }
  };
  const run = async (
    order: Uint32Array,
    feeds: Feeds,
    between: Between,
    take: (predictions: Float32Array, size: number, from: number, to: number) => void,
  ): Promise<void> => {
    const fed = Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0);
    const threads = (runtime.helpers?.size ?? 0) + 1;
    const helpers = threads * (model.length + fed) <= mostCopies ? runtime.helpers : undefined;
    for (let from = 0; from < order.length;) {
      await between(from, order.length);
      const left = Math.ceil((order.length - from) / batch);
      if (left > 1) theirs ??= await helpers?.open(model);
      const runs: { from: number; to: number; rows: number; outputs: Promise<Outputs> }[] = [];
      // the others have begun when this thread begins its own batch, the last
      for (let k = Math.min(left, helpers && theirs ? threads : 1); k > 0; k--) {
        const to = Math.min(order.length, from + batch);
        const rows = samples.fixedBatch ?? to - from;
        const inputs = { ...feeds, ...samples.batch(order, from, to, rows) };
        runs.push({ from, to, rows, outputs: (k > 1 ? theirs! : own).run(inputs) });
        from = to;
      }
      let found;
      try {
        const outputs = await allOf(runs.map((run) => run.outputs));
        found = runs.map(({ rows }, i) => predictions(outputs[i]!, rows));
      } catch (cause) {
        const first = runs[0]!.from === 0 && runs[0]!.rows > 1;
        if (!first || samples.fixedBatch !== undefined || !(await takesOne(order, feeds)))
          return refused(cause);
        batch = 1;
        from = 0;
        continue;
      }
      runs.forEach((run, i) => take(found[i]!.data, found[i]!.size, run.from, run.to));
    }
    await between(order.length, order.length);
  };
  return {
    async score(order, feeds, between) {
      let counter: ScoreCounter | undefined;
      await run(order, feeds, between, (predictions, size, from, to) => {
        counter ??= new ScoreCounter(samples.data, size, kind);
        counter.add(predictions, order, from, to);
      });
      return counter!.result();
    },
    async predict(order, feeds, between) {
      let values: Float32Array | undefined;
      let width = 0;
      await run(order, feeds, between, (predictions, size, from, to) => {
        width = size;
        values ??= new Float32Array(order.length * size);
        values.set(predictions.subarray(0, (to - from) * size), from * size);
      });
      return { size: width, values: values! };
    },
    async close() {
      await own.close();
      await theirs?.close();
    },
  };
}

/** A session, or the runtime's refusal in one line. */
async function opened(runtime: Runtime, model: Uint8Array<ArrayBuffer>): Promise<Session> {
  try {
    return await runtime.open(model);
  } catch (cause) {
    return refused(cause);
  }
}

function refused(cause: unknown): never {
  if (cause instanceof DeepCompressionError) throw cause;
  throw new DeepCompressionError('invalid-model', `the model does not run: ${oneLine(cause)}`, {
    cause,
  });
}

export function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s+/g, ' ').slice(0, 300);
}

function predictionOf(
  output: HostTensor | undefined,
  rows: number,
): { readonly data: Float32Array; readonly size: number } {
  if (!output) throw new DeepCompressionError('not-found', 'the model has no such output');
  const { dims } = output;
  const data = floatsOf(output);
  if (dims[0] !== rows || data.length % rows !== 0 || data.length === 0)
    throw new DeepCompressionError(
      'invalid-model',
      `the model's output has shape ${dims.join(' x ')} for ${rows} samples`,
    );
  return { data, size: data.length / rows };
}

function floatsOf({ type, data }: HostTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (type === 'float64') return Float32Array.from(data as Float64Array);
  if (type === 'float16') {
    const { buffer, byteOffset, length } = data;
    const wide = new Float32Array(length);
    widenFloat16(new Uint16Array(buffer, byteOffset, length), wide);
    return wide;
  }
  throw new DeepCompressionError(
    'unsupported',
    `the model's output is ${type}, not floating-point numbers: it cannot be scored`,
  );
}
