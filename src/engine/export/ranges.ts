/**
 * The ranges of inner values over samples, which static quantization needs: least and greatest, or, where
 * extremes are to be cut off, what holds a stated share of the values, from a histogram of a second pass.
 */
import type { Runs } from '../../calibrate/calibrate.ts';
import type { ValueRange } from '../../export/weights.ts';
import { memorySource } from '../../model/bytes.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { ModelEdit } from '../../model/onnx/edit.ts';
import { withOutputs } from '../../model/onnx/with-outputs.ts';
import { oneLine } from '../../train/methods/predict.ts';
import type { Outputs, Runtime } from '../../train/runtime.ts';

/** Bins of a histogram between least and greatest. */
const bins = 4096;

export interface RangesInput {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Of values of the main graph. */
  readonly names: readonly string[];
  readonly runtime: Runtime;
  readonly runs: Runs;
  /** Percent of a value's numbers that its range holds, as many left out below as above; 100: all. */
  readonly percentile: number;
  /** Called between runs; what it throws ends the work. */
  readonly turn: () => Promise<void>;
}

/**
 * Ranges of the values that were finite throughout; others are left out.
 * @throws DeepCompressionError `invalid-model` with the runtime's reason when the model does not run
 */
export async function rangesOf(input: RangesInput): Promise<Map<string, ValueRange>> {
  const ranges = new Map<string, { low: number; high: number }>();
  const broken = new Set<string>();
  await eachValue(input, (name, data) => {
    const range = ranges.get(name) ?? { low: Infinity, high: -Infinity };
    for (let i = 0; i < data.length; i++) {
      const value = data[i];
      if (!Number.isFinite(value)) broken.add(name);
      if (value < range.low) range.low = value;
      if (value > range.high) range.high = value;
    }
    if (data.length > 0) ranges.set(name, range);
  });
  for (const name of broken) ranges.delete(name);
  if (input.percentile === 100) return ranges;
  const counts = new Map([...ranges.keys()].map((name) => [name, new Float64Array(bins)]));
  await eachValue(input, (name, data) => {
    const count = counts.get(name);
    if (!count) return;
    const { low, high } = ranges.get(name)!;
    const factor = high > low ? bins / (high - low) : 0;
    for (let i = 0; i < data.length; i++)
      count[Math.min(bins - 1, Math.floor((data[i] - low) * factor))]++;
  });
  return new Map(
    [...ranges].map(([name, range]) => [name, cut(range, counts.get(name)!, input.percentile)]),
  );
}

/** The range without as many numbers at both ends as the percentile leaves out. */
function cut({ low, high }: ValueRange, count: Float64Array, percentile: number): ValueRange {
  const total = count.reduce((a, b) => a + b, 0);
  const out = (total * (100 - percentile)) / 200;
  const width = (high - low) / bins;
  let first = 0;
  for (let left = out; first < bins - 1 && count[first] <= left; first++) left -= count[first];
  let last = bins - 1;
  for (let left = out; last > first && count[last] <= left; last--) left -= count[last];
  return { low: low + first * width, high: low + (last + 1) * width };
}

async function eachValue(
  { bytes, names, runtime, runs, turn }: RangesInput,
  visit: (name: string, data: Float32Array) => void,
): Promise<void> {
  try {
    const source = memorySource('the model', bytes);
    const { graph } = new ModelEdit(source);
    const known = new Set([...graph.inputs, ...graph.outputs].map((value) => value.name));
    const inner = names.filter((name) => !known.has(name));
    const session = await runtime.open(withOutputs(source, inner));
    try {
      let outputs: Outputs = {};
      for (let run = 0; run < runs.count; run++) {
        await turn();
        const feeds = { ...runs.feeds(run) };
        if (runs.continues(run))
          for (const state of runs.states) feeds[state.input] = outputs[state.output];
        outputs = await session.run(feeds);
        for (const name of names) {
          const { data } = outputs[name] ?? feeds[name] ?? {};
          if (data instanceof Float32Array) visit(name, data);
        }
      }
    } finally {
      await session.close();
    }
  } catch (cause) {
    if (cause instanceof DeepCompressionError) throw cause;
    const line = `the model does not run on the samples: ${oneLine(cause)}`;
    throw new DeepCompressionError('invalid-model', line, { cause });
  }
}
