/**
 * Runs a model and its export side by side: how far the outputs are apart, and how long a run takes. Runs of
 * the two alternate, so that whatever else the machine does meets both; the median counts.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { oneLine } from '../../train/methods/predict.ts';
import type { Feeds, Outputs, Session } from '../../train/runtime.ts';
import { guessesFor, makeFeeds, modelInputs } from '../activations/sample.ts';
import type { RuntimeComparison } from '../protocol-export.ts';
import type { Executor } from '../runtime/executor.ts';
import type { ExternalData } from '../runtime/ort-web.ts';

/** Pairs of runs. */
const mostRuns = 30;
const leastRuns = 3;
/** Milliseconds that the timed runs of one runtime may take. */
const budget = 4000;

export interface Measured {
  /** The made-up inputs; none: a sample was taken. */
  readonly inputs: readonly string[];
  readonly runtimes: readonly RuntimeComparison[];
}

export interface MeasureWith {
  /** Files beside the export. */
  readonly externals?: readonly ExternalData[];
  readonly sample?: Feeds | undefined;
}

/**
 * On a sample, or else on made-up inputs (sample.ts), which the result states.
 * @throws DeepCompressionError `invalid-model` when the original does not run, or the export does not
 */
export async function measureBoth(
  model: OnnxModel,
  original: Uint8Array<ArrayBuffer>,
  exported: Uint8Array<ArrayBuffer>,
  executors: readonly Executor[],
  seed: number,
  turn: () => Promise<void>,
  { externals = [], sample }: MeasureWith = {},
): Promise<Measured> {
  let feeding = sample && { feeds: sample, stated: [] as string[] };
  const runtimes: RuntimeComparison[] = [];
  for (const executor of executors) {
    const before = await opened(executor, original, 'the original');
    try {
      const after = await opened(executor, exported, 'the export', externals);
      try {
        feeding ??= await feedsThatRun(before, model, seed);
        const { feeds } = feeding;
        const [y, z] = [await before.run(feeds), await ran(after, feeds)];
        const times: [number[], number[]] = [[], []];
        const start = performance.now();
        while (
          times[0].length < leastRuns ||
          (times[0].length < mostRuns && performance.now() - start < budget)
        ) {
          await turn();
          for (const [i, session] of [before, after].entries()) {
            const begin = performance.now();
            await session.run(feeds);
            times[i].push(performance.now() - begin);
          }
        }
        const [a, b] = times.map(median);
        const relativeError = distance(y, z);
        runtimes.push({ runtime: executor.name, relativeError, original: a, exported: b });
      } finally {
        await after.close();
      }
    } finally {
      await before.close();
    }
  }
  return { inputs: feeding?.stated ?? [], runtimes };
}

async function opened(
  executor: Executor,
  bytes: Uint8Array<ArrayBuffer>,
  which: string,
  externals: readonly ExternalData[] = [],
): Promise<Session> {
  try {
    return await executor.open(bytes, externals);
  } catch (cause) {
    throw refusal(`${which} does not open in ${executor.name}`, cause);
  }
}

async function ran(session: Session, feeds: Feeds): Promise<Outputs> {
  try {
    return await session.run(feeds);
  } catch (cause) {
    throw refusal('the export does not run', cause);
  }
}

/**
 * Feeds of the first guess of open dimensions with which the model runs, and what they are.
 * @throws DeepCompressionError `invalid-model` when it does not open, or runs on none of them
 */
export async function workingFeeds(
  executor: Executor,
  model: OnnxModel,
  bytes: Uint8Array<ArrayBuffer>,
  seed: number,
): Promise<{ feeds: Feeds; stated: string[] }> {
  const session = await opened(executor, bytes, 'the original');
  try {
    return await feedsThatRun(session, model, seed);
  } finally {
    await session.close();
  }
}

async function feedsThatRun(
  session: Session,
  model: OnnxModel,
  seed: number,
): Promise<{ feeds: Feeds; stated: string[] }> {
  const inputs = modelInputs(model.graph);
  let failure: unknown;
  for (const guess of guessesFor(inputs)) {
    const made = makeFeeds(inputs, undefined, guess, seed);
    try {
      await session.run(made.feeds);
      return made;
    } catch (error) {
      failure = error;
    }
  }
  throw refusal('the original does not run on made-up inputs', failure);
}

function refusal(what: string, cause: unknown): DeepCompressionError {
  return new DeepCompressionError('invalid-model', `${what}: ${oneLine(cause)}`, { cause });
}

/** ||z - y|| / ||y|| over the numbers of all outputs. */
function distance(y: Outputs, z: Outputs): number {
  let error = 0;
  let size = 0;
  for (const [name, { data }] of Object.entries(y)) {
    const other = z[name]?.data;
    for (let i = 0; i < data.length; i++) {
      const value = Number(data[i]);
      error += (Number(other?.[i]) - value) ** 2;
      size += value ** 2;
    }
  }
  return error === 0 ? 0 : Math.sqrt(error / size);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
