/** The arguments of the commands that need data: `deepc evaluate` and `deepc retrain`. */
import type { DataInput, NormalisationInput } from '../engine/protocol-train.ts';
import { UsageError } from './usage.ts';

export const trainOptions = {
  data: { type: 'string' },
  labels: { type: 'string' },
  scale: { type: 'string' },
  mean: { type: 'string' },
  deviation: { type: 'string' },
  samples: { type: 'string' },
  batch: { type: 'string' },
  test: { type: 'string' },
  checkpoint: { type: 'string' },
  fresh: { type: 'boolean' },
} as const;

const ofData = ['data', 'labels', 'samples'];
export const evaluateTakes: readonly string[] = [...ofData, 'scale', 'mean', 'deviation', 'batch'];
export const retrainTakes: readonly string[] = [
  ...ofData,
  'out',
  'recipe',
  'seed',
  'threads',
  'force',
  'test',
  'checkpoint',
  'fresh',
];

export const trainUsage = `
  deepc evaluate MODEL|FILE.dcz --data FILE    accuracy and loss on labelled samples
  deepc retrain MODEL --data FILE --recipe FILE --out FILE.dcz|FILE.onnx
                                               train as the recipe's stages say, then compress`;

export const trainOptionsUsage = `
options of evaluate and retrain
  --data FILE     .npz (x, y), .npy, CSV (label column), or IDX (MNIST files, gzipped or not)
  --labels FILE   labels, when they are in another file (looked for beside IDX and .npy files)
  --scale S --mean A,B,C --deviation A,B,C
                  samples become (value x S - mean) / deviation, one number or one a channel;
                  S may be a fraction (1/255); a retrained .dcz knows its own
  --samples N     only the first N samples
  --batch N       evaluate: samples a run (default: 256)
  --test FILE     retrain: score this before and after, and use it for nothing else
  --checkpoint F  retrain: what an interrupted run goes on from (default: beside --out)
  --fresh         retrain: do not go on from a checkpoint that is there`;

/** As parseArgs gives them. */
export type TrainValues = {
  readonly [K in keyof typeof trainOptions]?:
    ((typeof trainOptions)[K]['type'] extends 'boolean' ? boolean : string) | undefined;
};

export interface TrainArguments {
  readonly data: DataInput;
  readonly normalisation: NormalisationInput | undefined;
  readonly samples: number | undefined;
  readonly batch: number | undefined;
  readonly test: DataInput | undefined;
  readonly checkpoint: string | undefined;
  readonly fresh: boolean;
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
  return {
    data: {
      file: { path: values.data },
      ...(values.labels !== undefined && { labels: { path: values.labels } }),
    },
    normalisation: Object.keys(normalisation).length ? normalisation : undefined,
    samples: whole('samples', values.samples),
    batch: whole('batch', values.batch),
    test: values.test === undefined ? undefined : { file: { path: values.test } },
    checkpoint: values.checkpoint,
    fresh: values.fresh ?? false,
  };
}

function list(key: string, text: string): number[] {
  return text.split(',').map((part) => fraction(key, part));
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
