/** The arguments of the commands that need data: `deepc evaluate`, `retrain`, `sensitivity`. */
import type { CentroidInit } from '../engine/protocol-accuracy.ts';
import type { DataInput, NormalisationInput } from '../engine/protocol-train.ts';
import { UsageError } from './usage.ts';

export const trainOptions = {
  data: { type: 'string' },
  labels: { type: 'string' },
  split: { type: 'string' },
  label: { type: 'string' },
  header: { type: 'string' },
  output: { type: 'string' },
  scale: { type: 'string' },
  mean: { type: 'string' },
  deviation: { type: 'string' },
  samples: { type: 'string' },
  batch: { type: 'string' },
  test: { type: 'string' },
  checkpoint: { type: 'string' },
  fresh: { type: 'boolean' },
  sparsities: { type: 'string' },
  bits: { type: 'string' },
  init: { type: 'string' },
  into: { type: 'string' },
  against: { type: 'string' },
} as const;

const ofData = [
  ...['data', 'labels', 'split', 'label', 'header', 'output'],
  ...['samples', 'threads'],
];
export const evaluateTakes: readonly string[] = [
  ...ofData,
  ...['scale', 'mean', 'deviation', 'batch', 'against'],
];
export const sensitivityTakes: readonly string[] = [
  ...ofData,
  'scale',
  'mean',
  'deviation',
  'seed',
  'sparsities',
  'bits',
  'init',
  'into',
];
export const retrainTakes: readonly string[] = [
  ...ofData,
  'scale',
  'mean',
  'deviation',
  'out',
  'recipe',
  'preset',
  'seed',
  'force',
  'test',
  'checkpoint',
  'fresh',
];

export const trainUsage = `
  deepc evaluate MODEL|FILE.dcz --data FILE    accuracy and loss on labelled samples, or, with
        [--against ORIGINAL]                   --against, agreement on samples without labels
  deepc retrain MODEL --data FILE --out FILE.dcz|FILE.onnx [--preset NAME | --recipe FILE]
                                               train as the recipe's stages say, then compress
  deepc sensitivity MODEL --data FILE          accuracy with each layer pruned, or sharing values, alone`;

export const trainOptionsUsage = `
options of evaluate, retrain and sensitivity
  --data FILE     .npz (x, y), .npy, CSV (label column), IDX (MNIST files, gzipped or not), or a folder
                  with a folder of PNG and JPEG images for each class
  --labels FILE   labels, when they are in another file (looked for beside IDX and .npy files)
  --split NAME    train, validation or test, of an .npz with x_train, y_train, x_test, …; without it
                  evaluate takes test, retrain train, sensitivity validation or train
  --label COLUMN  of a CSV: the label's name, or number from 1; without it the column named label,
                  class, target or y, or the one that can only be it
  --header yes|no whether a CSV's first line is names (default: as its content says)
  --output NAME   the model's output that is scored (default: the first with floating-point numbers)
  --scale S --mean A,B,C --deviation A,B,C
                  samples become (value x S - mean) / deviation, one number or one a channel;
                  S may be a fraction (1/255); a recipe and a retrained .dcz may say it themselves
  --samples N     only the first N samples
  --batch N       evaluate: samples a run (default: 256)
  --against MODEL evaluate: how many answers are those of this model; no labels are needed
  --test FILE     retrain: score this before and after, and use it for nothing else
  --checkpoint F  retrain: what an interrupted run goes on from (default: beside --out)
  --fresh         retrain: do not go on from a checkpoint that is there
  --sparsities A,B --bits A,B --init linear,density,random
                  sensitivity: shares of weights to prune, bits of shared values and how k-means
                  begins (default: 0.3 to 0.95, 1 to 8 bits, linear)
  --into FILE.dcz sensitivity: keep the curves for the report of this file, made from MODEL`;

/** As parseArgs gives them. */
export type TrainValues = {
  readonly [K in keyof typeof trainOptions]?:
    ((typeof trainOptions)[K]['type'] extends 'boolean' ? boolean : string) | undefined;
};

export interface TrainArguments {
  readonly data: DataInput;
  readonly output: string | undefined;
  readonly normalisation: NormalisationInput | undefined;
  readonly samples: number | undefined;
  readonly batch: number | undefined;
  readonly test: DataInput | undefined;
  readonly checkpoint: string | undefined;
  readonly fresh: boolean;
  readonly sparsities: readonly number[] | undefined;
  readonly bits: readonly number[] | undefined;
  readonly inits: readonly CentroidInit[] | undefined;
  readonly into: string | undefined;
  readonly against: string | undefined;
}

/** @throws UsageError */
export function trainArguments(command: string, values: TrainValues): TrainArguments {
  if (!values.data) throw new UsageError(`deepc ${command} needs --data FILE`);
  const scale = values.scale === undefined ? undefined : fraction('scale', values.scale);
  const mean = values.mean === undefined ? undefined : list('mean', values.mean);
  const deviation =
    values.deviation === undefined ? undefined : list('deviation', values.deviation);
  const normalisation = {
    ...(scale !== undefined && { scale }),
    ...(mean && { mean }),
    ...(deviation && { deviation }),
  };
  const table = {
    ...(values.label !== undefined && { label: values.label }),
    ...(values.header !== undefined && {
      header: oneOf('header', values.header, ['yes', 'no']) === 'yes',
    }),
  };
  return {
    data: {
      file: { path: values.data },
      ...(values.labels !== undefined && { labels: { path: values.labels } }),
      ...(values.split !== undefined && {
        split: oneOf('split', values.split, ['train', 'validation', 'test']),
      }),
      ...table,
    },
    output: values.output,
    normalisation: Object.keys(normalisation).length ? normalisation : undefined,
    samples: whole('samples', values.samples),
    batch: whole('batch', values.batch),
    test: values.test === undefined ? undefined : { file: { path: values.test }, ...table },
    checkpoint: values.checkpoint,
    fresh: values.fresh ?? false,
    sparsities: ofRange('sparsities', values.sparsities, 0, 0.9999),
    bits: ofRange('bits', values.bits, 1, 8, true),
    inits: values.init?.split(',').map(initOf),
    into: values.into,
    against: values.against,
  };
}

function oneOf<T extends string>(key: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found) return found;
  throw new UsageError(`--${key} is one of ${choices.join(', ')}, not '${text}'`);
}

function list(key: string, text: string): number[] {
  return text.split(',').map((part) => fraction(key, part));
}

/** '' is no number at all. */
function ofRange(
  key: string,
  text: string | undefined,
  least: number,
  most: number,
  integers = false,
): number[] | undefined {
  const numbers = text === undefined ? undefined : text === '' ? [] : list(key, text);
  if (!numbers || numbers.every((n) => n >= least && n <= most && (!integers || n % 1 === 0)))
    return numbers;
  throw new UsageError(
    `--${key} needs ${integers ? 'whole numbers' : 'numbers'} from ${least} to ${most}, not '${text}'`,
  );
}

function initOf(text: string): CentroidInit {
  const found = (['linear', 'density', 'random'] as const).find((i) => i === text);
  if (found) return found;
  throw new UsageError(`--init is one or more of linear, density, random, not '${text}'`);
}

/** A number, or one divided by another. */
function fraction(key: string, text: string): number {
  const number = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
  const parts = text.split('/');
  const value = parts.every((p) => number.test(p))
    ? parts.map(Number).reduce((a, b) => a / b)
    : NaN;
  if (parts.length <= 2 && Number.isFinite(value)) return value;
  throw new UsageError(`--${key} needs a number, not '${text}'`);
}

function whole(key: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value >= 1) return value;
  throw new UsageError(`--${key} needs a whole number from 1, not '${text}'`);
}
