/**
 * What a compression did to a model's outputs where there are no samples: the original and the restored
 * model run on a few made-up inputs, smooth fields where an input has planes, else noise as the simulator
 * makes it (activations/sample.ts). Compared are the scores before a last softmax or sigmoid, which saturate on
 * inputs that are like nothing the model knows. An estimate: it tells a model that is destroyed from one that
 * is not, and no more. Nothing here fails a compression: what cannot be run is said.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { memorySource } from '../../model/bytes.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { withOutputs } from '../../model/onnx/with-outputs.ts';
import { mulberry32 } from '../../model/random.ts';
import { Comparison, type Fidelity, type SampleOutputs } from '../../fidelity/compare.ts';
import { decodeGraph, type Graph } from '../../train/graph.ts';
import { oneLine } from '../../train/methods/predict.ts';
import type { Feeds, HostTensor, Outputs, Runtime, Session } from '../../train/runtime.ts';
import { guessesFor, makeFeeds, modelInputs } from '../activations/sample.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { ownFeeds } from './feeds.ts';
import { floatsOf } from './values.ts';

/** Inputs that are made up. */
const inputs = 4;
/** Larger models take longer to run than to compress. */
const largestModel = 256 * 2 ** 20;
/** Planes with shorter sides are noise. */
const leastSide = 16;
/** Sides of the grids whose interpolations make a smooth field. */
const octaves = [3, 7, 15];

export type Estimate = { readonly fidelity: Fidelity } | { readonly why: string };

export interface EstimateSetup {
  readonly original: OnnxModel;
  readonly changed: OnnxModel;
  readonly runtime: Runtime;
  readonly seed: number;
  /** Between runs: throws to stop. */
  readonly turn: () => Promise<void>;
}

/** @throws DeepCompressionError `cancelled` alone */
export async function estimateFidelity(setup: EstimateSetup): Promise<Estimate> {
  const { original } = setup;
  const size = original.files.reduce((sum, { source }) => sum + source.size, 0);
  if (size > largestModel)
    return { why: 'the model is too large to be run for an estimate: evaluate it on samples' };
  try {
    return await estimated(setup);
  } catch (error) {
    if (error instanceof DeepCompressionError && error.code === 'cancelled') throw error;
    return { why: `the model does not run on made-up inputs: ${oneLine(error).slice(0, 120)}` };
  }
}

async function estimated(setup: EstimateSetup): Promise<Estimate> {
  const { original, changed, runtime, seed, turn } = setup;
  const bytes = wholeModel(original);
  const graph = decodeGraph(bytes);
  const states = ownFeeds(graph, 1);
  const watched = new Set(graph.outputs.map(({ name }) => scoresBefore(graph, name)));
  const names = [...watched];
  const more = names.filter((n) => !graph.outputs.some((o) => o.name === n));
  const before: SampleOutputs[] = [];
  const feeds = await withSession(runtime, bytes, more, turn, async (session) => {
    const made: Feeds[] = [];
    for (let i = 0; i < inputs; i++) {
      await turn();
      const run = await runnable(session, original, states, (seed + i) >>> 0);
      made.push(run.feeds);
      before.push(numbersOf(run.outputs, names));
    }
    return made;
  });
  const comparison = new Comparison(new Map(names.map((name) => [name, { kind: 'values' }])));
  await withSession(runtime, wholeModel(changed), more, turn, async (session) => {
    for (const [i, feed] of feeds.entries()) {
      await turn();
      comparison.add(before[i]!, numbersOf(await session.run(feed), names));
    }
  });
  const fidelity = comparison.result();
  return Number.isFinite(fidelity.relativeError)
    ? { fidelity }
    : { why: 'the outputs on made-up inputs are not finite' };
}

/** What a last softmax or sigmoid of an output takes; the output itself where there is none. */
function scoresBefore(graph: Graph, output: string): string {
  let value = output;
  for (let i = 0; i < 8; i++) {
    const node = graph.nodes.find((candidate) => candidate.output.includes(value));
    if (!node?.input[0]) return output;
    if (['Softmax', 'LogSoftmax', 'Sigmoid'].includes(node.opType)) return node.input[0];
    if (!['Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].includes(node.opType))
      return output;
    value = node.input[0];
  }
  return output;
}

async function withSession<T>(
  runtime: Runtime,
  bytes: Uint8Array<ArrayBuffer>,
  more: readonly string[],
  turn: () => Promise<void>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  await turn();
  const session = await runtime.open(withOutputs(memorySource('the model', bytes), more));
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

/** A made-up input that the model takes: open dimensions are guessed until it runs. */
async function runnable(
  session: Session,
  { graph }: OnnxModel,
  states: Feeds,
  seed: number,
): Promise<{ readonly feeds: Feeds; readonly outputs: Outputs }> {
  const wanted = modelInputs(graph).filter(({ name }) => !Object.hasOwn(states, name));
  let failure: unknown;
  for (const guess of guessesFor(wanted)) {
    const made = Object.entries(makeFeeds(wanted, undefined, guess, seed).feeds);
    const smooth = made.map(([name, feed]) => [name, smoothed(feed, seed)]);
    const feeds: Feeds = { ...states, ...Object.fromEntries(smooth) };
    try {
      return { feeds, outputs: await session.run(feeds) };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** A float input with planes as smooth fields in [-1, 1], a twentieth of it noise; others as they are. */
function smoothed(feed: HostTensor, seed: number): HostTensor {
  const { dims, data } = feed;
  const [height = 0, width = 0] = dims.slice(-2);
  if (!(data instanceof Float32Array) || Math.min(height, width) < leastSide) return feed;
  const random = mulberry32(seed);
  const values = data.map((v) => 0.05 * v);
  const plane = height * width;
  for (let at = 0; at < values.length; at += plane)
    for (const side of octaves) addField(values.subarray(at, at + plane), width, side, random);
  return { ...feed, data: values };
}

/** Adds a grid of side x side random numbers, interpolated linearly over a plane. */
function addField(plane: Float32Array, width: number, side: number, random: () => number): void {
  const height = plane.length / width;
  const grid = Float64Array.from(
    { length: side * side },
    () => (2 * random() - 1) / octaves.length,
  );
  for (let y = 0; y < height; y++) {
    const v = (y / height) * (side - 1);
    const row = Math.floor(v);
    for (let x = 0; x < width; x++) {
      const u = (x / width) * (side - 1);
      const at = row * side + Math.floor(u);
      const right = u - Math.floor(u);
      const down = v - row;
      plane[y * width + x]! +=
        (1 - down) * ((1 - right) * grid[at]! + right * grid[at + 1]!) +
        down * ((1 - right) * grid[at + side]! + right * grid[at + side + 1]!);
    }
  }
}

/** Outputs of a batch of one, without its axis. */
function numbersOf(outputs: Outputs, names: readonly string[]): SampleOutputs {
  return Object.fromEntries(
    names.flatMap((name) => {
      const output = outputs[name];
      const data = output && floatsOf(output);
      if (!data) return [];
      return [[name, { dims: output.dims[0] === 1 ? output.dims.slice(1) : output.dims, data }]];
    }),
  );
}
