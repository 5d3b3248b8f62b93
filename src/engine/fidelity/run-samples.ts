/**
 * Runs a model over groups of samples (feeds.ts) and hands out the outputs of each sample. Batches take
 * turns on the calling thread and the helpers; models with state run several stretches side by side, step
 * after step.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import type { SampleOutputs } from '../../fidelity/compare.ts';
import type { Outputs, Runtime, Session } from '../../train/runtime.ts';
import { allOf } from '../../train/runtime.ts';
import { oneLine } from '../../train/methods/predict.ts';
import { initialState, type Feeding } from './feeds.ts';
import { floatsOf } from './values.ts';

export interface Running {
  readonly runtime: Runtime;
  readonly feeding: Feeding;
  /** Groups a run; chosen by the size of a sample when absent. */
  readonly batch: number | undefined;
  /** Names of the outputs that are wanted. */
  readonly outputs: readonly string[];
  /** Between batches: throws to stop, may let other work have its turn. */
  readonly turn: (done: number, of: number) => Promise<void>;
}

/** Values of inputs that a run takes together, at most: with activations beyond the cache it takes twice as long. */
const batchValues = 2 ** 16;
const mostBatch = 16;

export type Take = (sample: number, outputs: SampleOutputs) => void;

/**
 * @param groups which, in any order
 * @throws DeepCompressionError `invalid-model` when the runtime refuses the model or fails in it
 */
export async function runSamples(
  bytes: Uint8Array<ArrayBuffer>,
  running: Running,
  groups: Uint32Array,
  take: Take,
): Promise<void> {
  const { runtime, feeding, turn } = running;
  if (groups.length === 0) return;
  const sessions: Session[] = [];
  try {
    sessions.push(await runtime.open(bytes));
    const batch = running.batch ?? batchOf(feeding);
    const batches = Math.ceil(groups.length / batch);
    if (runtime.helpers && batches > 1) sessions.push(await runtime.helpers.open(bytes));
    const lanes = sessions.length > 1 ? 1 + runtime.helpers!.size : 1;
    for (let from = 0; from < batches; from += lanes) {
      await turn(from, batches);
      const side = Math.min(lanes, batches - from);
      // the others have begun when this thread begins its own batch, the last
      const runs = Array.from({ length: side }, (_, k) => {
        const own = groups.subarray((from + k) * batch, (from + k + 1) * batch);
        return runBatch(sessions[k < side - 1 ? 1 : 0]!, running, own, batch, take);
      });
      await allOf(runs);
    }
    await turn(batches, batches);
  } catch (error) {
    if (error instanceof DeepCompressionError) throw error;
    throw new DeepCompressionError('invalid-model', `the model does not run: ${oneLine(error)}`, {
      cause: error,
    });
  } finally {
    for (const session of sessions) await session.close();
  }
}

function batchOf({ samples, states }: Feeding): number {
  if (samples.fixedBatch !== undefined) return samples.fixedBatch;
  let size = 0;
  for (const shape of samples.shapes.values()) size += shape.reduce((a, b) => a * b, 1);
  return Math.max(1, Math.min(mostBatch, Math.floor(batchValues / (states.length ? 1 : size))));
}

/** One batch of groups, as many steps as the longest has samples. */
async function runBatch(
  session: Session,
  { feeding, outputs, turn }: Running,
  groups: Uint32Array,
  batch: number,
  take: Take,
): Promise<void> {
  const { samples, states, constants, samplesOf } = feeding;
  const rows = samples.fixedBatch === undefined ? groups.length : batch;
  const spans = Array.from(groups, samplesOf);
  const steps = spans.reduce((most, { from, to }) => Math.max(most, to - from), 0);
  let state = Object.fromEntries(states.map((s) => [s.input.name, initialState(s, rows)]));
  for (let step = 0; step < steps; step++) {
    if (step % 16 === 15) await turn(0, 0);
    const order = Uint32Array.from(spans, ({ from, to }) => Math.min(to - 1, from + step));
    const inputs = Object.entries(samples.batch(order, 0, order.length, rows));
    // a batch's arrays are used again for the next one, which may begin before this one has run
    const own = inputs.map(([name, input]) => [name, { ...input, data: input.data.slice() }]);
    const found = await session.run({ ...constants, ...state, ...Object.fromEntries(own) });
    state = Object.fromEntries(states.map((s) => [s.input.name, found[s.output]!]));
    const split = splitRows(found, outputs, rows);
    spans.forEach(({ from, to }, row) => {
      if (from + step < to) take(from + step, split(row));
    });
  }
}

function splitRows(
  found: Outputs,
  names: readonly string[],
  rows: number,
): (row: number) => SampleOutputs {
  const values = names.flatMap((name) => {
    const output = found[name];
    const floats = output && floatsOf(output);
    if (!floats) return [];
    if (rows > 1 && output.dims[0] !== rows)
      throw new DeepCompressionError(
        'unsupported',
        `output ${name} has shape ${output.dims.join(' x ')} for ${rows} samples: which part is whose is not known`,
      );
    const batched = output.dims[0] === rows;
    return [{ name, floats, dims: batched ? output.dims.slice(1) : output.dims }];
  });
  return (row) =>
    Object.fromEntries(
      values.map(({ name, floats, dims }) => {
        const size = dims.reduce((a, b) => a * b, 1);
        return [name, { dims, data: floats.slice(row * size, (row + 1) * size) }];
      }),
    );
}
