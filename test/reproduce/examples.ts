/**
 * Two networks that the paper does not have, compressed with the same jobs: an LSTM pruned to a tenth
 * (the lecture on the paper prunes one to 90 % without loss) and a convolutional network with
 * BatchNormalization and GlobalAveragePool. Trained from nothing, pruned and retrained, shared and
 * fine-tuned, each step from the ONNX file of the step before; the digits that score them are looked at
 * when all files are written.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import type { AllJobs } from '../../src/engine/jobs/all.ts';
import type { Accuracy } from '../../src/engine/protocol-accuracy.ts';
import type { DataInput, RetrainResult } from '../../src/engine/protocol-train.ts';
import { averageCnn, rowLstm } from '../fixtures/more-networks.ts';
import { Timetable } from './timetable.ts';

export type ExampleName = keyof typeof examples;

interface Example {
  readonly title: string;
  readonly build: (seed: number, small: boolean) => Uint8Array<ArrayBuffer>;
  /** Share of the weights that pruning removes from every layer. */
  readonly target: number;
  readonly bits: number;
  readonly epochs: { readonly train: number; readonly step: number; readonly after: number };
  readonly train: object;
  readonly rate: number;
}

export const examples = {
  lstm: {
    title: 'an LSTM that reads a digit row by row',
    build: (seed, small) => rowLstm(seed, small ? 48 : 100),
    target: 0.9,
    bits: 5,
    epochs: { train: 8, step: 1, after: 3 },
    train: {},
    rate: 0.002,
  },
  cnn: {
    title: 'convolutions with BatchNormalization and GlobalAveragePool',
    build: (seed, small) => averageCnn(seed, small ? [8, 12, 16] : [16, 32, 64]),
    target: 0.8,
    bits: 5,
    epochs: { train: 5, step: 1, after: 3 },
    train: { batchNorm: 'batch' },
    rate: 0.002,
  },
} as const satisfies Record<string, Example>;

export interface ExampleOptions {
  readonly samples: number;
  /** Multiplies all epochs. */
  readonly factor: number;
  readonly seed: number;
  /** Fewer units in smaller and larger steps, for tests. */
  readonly small: boolean;
  readonly folder: string;
  readonly data: DataInput;
  readonly test: DataInput;
  readonly signal: AbortSignal;
}

export interface Step {
  readonly what: string;
  readonly file: string;
  /** Of the whole file. */
  readonly bytes: number;
  /** Share of zeros among the weights. */
  readonly zeros: number;
  readonly test: Accuracy;
}

export interface ExampleResult {
  readonly name: ExampleName;
  readonly title: string;
  readonly runtime: string;
  readonly seconds: number;
  /** Trained; pruned without retraining; pruned and retrained; shared too. */
  readonly steps: readonly Step[];
}

export async function runExample(
  name: ExampleName,
  jobs: AllJobs,
  options: ExampleOptions,
): Promise<ExampleResult> {
  const example: Example = examples[name];
  const { folder, signal, data, seed, samples, factor } = options;
  const path = (suffix: string): string => join(folder, `${name}.${suffix}`);
  const recipes = recipesOf(name, example, factor, options.small);
  const timetable = new Timetable(Object.values(recipes).map(parseRecipe));
  mkdirSync(folder, { recursive: true });
  writeFileSync(path('untrained.onnx'), example.build(seed, options.small));
  const start = performance.now();
  const files: { what: string; run: RetrainResult }[] = [];
  const step = async (what: string, from: string, recipe: object, to: string): Promise<void> => {
    const run = await timetable.during(`${name}, ${what}`, recipe, (onProgress, onEvent) =>
      jobs.retrain(
        {
          ...{ file: { path: path(from) }, out: path(to), recipe, data },
          ...{ overwrite: true, fresh: true, seed, samples, threads: 1 },
        },
        signal,
        onProgress,
        undefined,
        onEvent,
      ),
    );
    files.push({ what, run });
  };
  await step('trained', 'untrained.onnx', recipes.train, 'onnx');
  await step('pruned', 'onnx', recipes.prune, 'pruned.onnx');
  await step('pruned and retrained', 'onnx', recipes.retrain, 'retrained.onnx');
  await step('shared too', 'retrained.onnx', recipes.share, 'dcz');
  const seconds = (performance.now() - start) / 1000;
  const steps: Step[] = [];
  for (const { what, run } of files) {
    const file = run.output.path;
    const { normalisation } = common;
    const input = { file: { path: file }, data: options.test, normalisation };
    const score = await jobs.evaluate(input, signal, () => {});
    steps.push({
      ...{ what, file, bytes: statSync(file).size, zeros: run.epochs.at(-1)!.sparsity },
      test: { samples: score.samples, top1: score.top1, top5: score.top5, loss: score.loss },
    });
  }
  return { name, title: example.title, runtime: files[0]!.run.runtime, seconds, steps };
}

const common = { validation: 1 / 12, normalisation: { scale: 1 / 256 } };

function recipesOf(name: string, example: Example, factor: number, small: boolean) {
  const epochs = (n: number): number => Math.max(0.2, Math.round(n * factor * 10) / 10);
  const prune = { method: 'sparsity', target: example.target };
  // few digits make few steps
  const batch = small ? 32 : 64;
  const rate = example.rate * (small ? 5 : 1);
  const recipe = (stages: readonly object[]): object => ({
    name,
    prune,
    share: { bits: example.bits },
    coder: 'auto',
    train: { ...common, batch, ...example.train, stages: stages.map((s) => ({ clip: 1, ...s })) },
  });
  const kept = { keep: 'last' };
  return {
    train: recipe([{ kind: 'train', epochs: epochs(example.epochs.train), rate }]),
    prune: recipe([{ kind: 'prune', epochs: 0, ...kept }]),
    retrain: recipe([
      { kind: 'prune', steps: 6, epochs: epochs(example.epochs.step), rate, ...kept },
      { kind: 'train', epochs: epochs(example.epochs.after), rate },
    ]),
    share: recipe([{ kind: 'share', epochs: epochs(1), rate: rate / 20 }]),
  };
}
