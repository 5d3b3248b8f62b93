/** slim: a model without some of its channels, checked by running it beside the original. */
import { host } from '#host';
import { DeepCompressionError } from '../../model/errors.ts';
import { verdictOf } from '../../fidelity/verdict.ts';
import type { OnnxModel } from '../../model/onnx/open.ts';
import { shuffled } from '../../train/dataset/dataset.ts';
import { decodeGraph } from '../../train/graph.ts';
import type { Runtime as Executing } from '../../train/runtime.ts';
import { measureBoth } from '../export/measure.ts';
import { sampledInputs } from '../fidelity/feeds.ts';
import { Variants } from '../fidelity/variants.ts';
import { runsOf } from '../goal/runs.ts';
import { openOnnxInput, sharedInput } from '../input.ts';
import { onnxKind } from '../output-kinds.ts';
import type { SlimInput, SlimResult } from '../protocol-slim.ts';
import { executorsOf } from '../runtime/executor.ts';
import { trainingRuntime } from '../runtime/training.ts';
import { integerFrom, number, oneOf, optional } from '../shape.ts';
import { analyse, openWhole } from '../structure/analyse.ts';
import { costOf, measuredCost } from '../structure/cost.ts';
import { slim } from '../structure/slim.ts';
import { dataFiles, loadDataset } from '../train/data.ts';
import { wholeModel } from '../train/model-bytes.ts';
import { normalisationOf } from '../train/normalisation.ts';
import { forScoring } from '../train/reading.ts';
import { turns } from '../train/turns.ts';
import { defineJob } from './define.ts';
import { rewriteInput } from './inputs.ts';
import { monotone, type OnProgress } from './progress.ts';

/** Samples that report, of all, and those that calibrate, at most. */
const reporting = 1 / 4;
const mostCalibrating = 512;
const leastSamples = 4;

export const slimJob = defineJob<SlimInput, SlimResult>({
  input: {
    ...rewriteInput,
    keep: number,
    of: oneOf<SlimInput['of']>({ channels: true, work: true }),
    score: optional(
      oneOf<NonNullable<SlimInput['score']>>({ l1: true, l2: true, gamma: true, outputs: true }),
    ),
    multiple: optional(integerFrom(1)),
  },
  run: async (input, { signal, onProgress, runtime }) => {
    const progress = monotone(onProgress);
    const turn = turns(signal);
    progress({ stage: 'open', layer: '', fraction: 0 });
    if (!(input.keep > 0 && input.keep < 1))
      throw new DeepCompressionError(
        'invalid-input',
        `what is kept is a share above 0 and below 1, not ${input.keep}`,
      );
    const score = input.score ?? (input.data ? 'outputs' : 'l2');
    if (score === 'outputs' && !input.data)
      throw new DeepCompressionError(
        'invalid-input',
        'what outputs lose is measured on samples: give --data, or another score',
      );
    const opened = openOnnxInput(sharedInput(input.file));
    const engine = trainingRuntime(runtime, input.threads);
    try {
      const inputs = [...opened.files, ...dataFiles(input.data)];
      const rule = { kind: onnxKind, overwrite: input.overwrite, inputs };
      host.files.place(input.out, rule);
      const executors = executorsOf(runtime);
      const [executor] = executors;
      const analysis = await analyse(opened.model, executor, input.seed);
      await turn();
      const samples =
        input.data && (await readSamples(input, opened.model, engine, turn, progress));
      const slimmed = await slim({
        ...{ analysis, score, seed: input.seed, turn },
        wanted: { keep: input.keep, of: input.of, multiple: input.multiple ?? 1 },
        runs: samples?.runs,
        runtime: executor,
        progress: (stage, layer, fraction) => progress({ stage, layer, fraction }),
      });
      const { bytes } = slimmed;
      progress({ stage: 'run both', layer: '', fraction: 0.85 });
      const measured = await measureBoth(
        ...([analysis.model, analysis.bytes, bytes, executors, input.seed, turn] as const),
      );
      const after = await measuredCost(input.out, bytes, analysis.feeds, executor);
      progress({ stage: 'run the samples', layer: '', fraction: 0.9 });
      const fidelity = samples && (await samples.variants.fidelityOf(bytes, samples.reports));
      progress({ stage: 'write', layer: '', fraction: 0.98 });
      const written = await host.files.write(input.out, rule, async (sink) => {
        await turn();
        sink.write(bytes);
      });
      const [{ original, exported }] = measured.runtimes;
      return {
        input: { path: opened.path, bytes: opened.source.size },
        output: { path: input.out, bytes: written },
        before: costOf(
          analysis.model,
          analysis.observed,
          opened.model.files.reduce((sum, { source }) => sum + source.size, 0),
        ),
        after,
        latencyMs: { before: original, after: exported },
        groups: slimmed.groups,
        score,
        ...measured,
        ...(fidelity && {
          fidelity: { ...fidelity, on: 'samples', verdict: verdictOf(fidelity, 'samples') },
        }),
        notes: [...slimmed.notes, ...(samples?.notes ?? [])],
      };
    } finally {
      await engine.close();
      opened.close();
    }
  },
});

/** Samples in two parts: those that calibrate, and those that only report. */
async function readSamples(
  input: SlimInput,
  model: OnnxModel,
  engine: Executing,
  turn: () => Promise<void>,
  progress: OnProgress,
) {
  const bytes = wholeModel(model);
  const { data } = await loadDataset(input.data!, {
    ...{ inputs: sampledInputs(decodeGraph(bytes)), prefer: forScoring, turn },
    onRead: (line) => progress({ stage: 'read', layer: line, fraction: 0 }),
  });
  const normalisation = normalisationOf(input.normalisation, undefined);
  const whole = openWhole(model.path, bytes);
  const variants = Variants.open({ runtime: engine, model: whole, data, normalisation, turn });
  const { feeding } = variants;
  if (feeding.groups < leastSamples)
    throw new DeepCompressionError(
      'invalid-input',
      `${data.name}: ${data.samples} samples are too few to calibrate and to report on: give at least ${leastSamples}, better 100`,
    );
  const order = shuffled(feeding.groups, input.seed).slice(0, input.samples ?? feeding.groups);
  const held = Math.max(1, Math.round(order.length * reporting));
  const reports = await variants.prepare(order.slice(0, held), () => {});
  const runs = runsOf(feeding, order.slice(held, held + mostCalibrating));
  return { variants, reports, runs, notes: data.notes ?? [] };
}
