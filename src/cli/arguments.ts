/**
 * The command line's grammar: `deepc COMMAND FILE [options]`, parsed with node:util's parseArgs.
 * Whatever does not fit is a `UsageError` (exit code 2) in one line.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { recordPath } from '../engine/train/record.ts';
import {
  eieArguments,
  eieOptions,
  eieOptionsUsage,
  eieUsage,
  simulateTakes,
  sweepTakes,
  type EieArguments,
} from './eie-arguments.ts';
import {
  evaluateTakes,
  retrainTakes,
  sensitivityTakes,
  trainArguments,
  trainOptions,
  trainOptionsUsage,
  trainUsage,
  type TrainArguments,
} from './train-arguments.ts';
import {
  runnableArguments,
  runnableOptions,
  runnableTakes,
  runnableUsage,
} from './export-command.ts';
import {
  goalArguments,
  goalOptions,
  goalTakes,
  searchTakes,
  type GoalArguments,
} from './goal-arguments.ts';
import {
  slimArguments,
  slimOptions,
  slimOptionsUsage,
  slimTakes,
  slimUsage,
} from './slim-command.ts';
import {
  queueArguments,
  queueOptions,
  queueOptionsUsage,
  queueTakes,
  queueUsage,
  workerTakes,
  type QueueArguments,
} from './queue-arguments.ts';
import type { SlimInput } from '../engine/protocol-slim.ts';
import type { ExportInput } from '../engine/protocol-export.ts';
import { UsageError } from './usage.ts';
import { useUsage } from './use-command.ts';
import {
  exportArguments,
  exportOptions,
  exportOptionsUsage,
  exportTakes,
  type ExportArguments,
} from './viewer-exports.ts';

export const usage = `usage: deepc COMMAND …

  deepc inspect MODEL [--no-statistics]        layers of an .onnx or .dcz file and their statistics
        [--netron FILE] [--model-explorer FILE]
  deepc compress MODEL --out FILE.dcz          prune, share weights, code, read back
        [--preset NAME | --recipe FILE] [--seed N]
        [--data FILE [--max-loss 0.5% | --ratio N | --max-bytes N]]
                                               by sample inputs, as small as the goal allows
  deepc search MODEL --data FILE [--out FRONT.json|.csv|.svg]
                                               what every size costs in loss; goes on from a .json
  deepc impact MODEL --data FILE [--out FILE.csv]
                                               which layer hurts: lost with it alone, regained without
  deepc decompress FILE.dcz --out MODEL.onnx   the model again, bit-exact
  deepc report FILE.dcz                        what a compressed file holds, layer by layer
  deepc report MODEL --out FILE.html           the report and the layers of an .onnx or .dcz file as
                                               one page that any browser opens, without network
  deepc compare ORIGINAL CHANGED               two models, tensor by tensor: how far the weights moved
  deepc import model.json --out MODEL.onnx (TensorFlow.js layers model)
  deepc import WEIGHTS.net --prototxt FILE --out MODEL.onnx
                                               Song Han's published Deep Compression format
  deepc export MODEL --to FORM --out MODEL.onnx [--data FILE]
                                               stored smaller for stock runtimes, both run and compared${useUsage}${slimUsage}
  deepc presets                                the built-in recipes${trainUsage}${eieUsage}${queueUsage}

options
  --out FILE      file to write; refused when it exists, unless --force
  --force         replace an earlier output of the same kind (never an input, or another file)
  --preset NAME   a built-in recipe, or a *.dcrecipe.json file (default: safe, with --data
                  calibrated, deep-compression-retrain for retrain); with --data, a recipe
                  without a goal is applied as it is, and its loss measured
  --recipe FILE   a *.dcrecipe.json file, or a preset's name
  --seed N        seed of everything random (default: 1)
  --seeds A-B     of retrain: a run for each of these seeds, or of a list 1,2,5, into the folder --out
  --threads N     threads to use (default: as many as the machine has, at most 8)
  --json          one JSON document on stdout, progress on stderr
  --help, --version
${exportOptionsUsage}${runnableUsage}
${slimOptionsUsage}
${trainOptionsUsage}
${eieOptionsUsage}
${queueOptionsUsage}`;

const commands = [
  'inspect',
  'compress',
  'decompress',
  'report',
  'compare',
  'import',
  'export',
  'use',
  'groups',
  'slim',
  'presets',
  'evaluate',
  'retrain',
  'sensitivity',
  'search',
  'impact',
  'simulate',
  'sweep',
  'batch',
  'worker',
  'runs',
  'attach',
  'cancel',
] as const;
export type CommandName = (typeof commands)[number];

const options = {
  ...exportOptions,
  ...eieOptions,
  ...trainOptions,
  ...goalOptions,
  ...runnableOptions,
  ...slimOptions,
  ...queueOptions,
  out: { type: 'string' },
  preset: { type: 'string' },
  recipe: { type: 'string' },
  prototxt: { type: 'string' },
  seed: { type: 'string' },
  seeds: { type: 'string' },
  threads: { type: 'string' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  'no-statistics': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

/** Options a command takes beside `json`; `out` is required where listed, but for `outIsOptional`. */
const taken: Readonly<Record<CommandName, readonly string[]>> = {
  inspect: ['threads', 'no-statistics', ...exportTakes],
  compress: [...['out', 'preset', 'recipe', 'seed', 'threads', 'force'], ...goalTakes],
  decompress: ['out', 'threads', 'force'],
  report: ['out', 'force'],
  compare: [],
  import: ['out', 'prototxt', 'force'],
  export: runnableTakes,
  use: ['seed'],
  groups: ['seed'],
  slim: slimTakes,
  presets: [],
  evaluate: evaluateTakes,
  retrain: [...retrainTakes, 'seeds', ...queueTakes],
  sensitivity: [...sensitivityTakes, ...queueTakes],
  search: [...searchTakes, ...queueTakes],
  impact: searchTakes,
  simulate: simulateTakes,
  sweep: [...sweepTakes, ...queueTakes],
  batch: [...['out', 'preset', 'recipe', 'seed', 'threads', 'force'], ...goalTakes, ...queueTakes],
  worker: workerTakes,
  runs: queueTakes,
  attach: ['out', 'force', ...queueTakes],
  cancel: queueTakes,
};

/** Commands that are about a queue. */
const ofQueue: readonly CommandName[] = ['worker', 'runs', 'attach', 'cancel'];
const withoutFile: readonly CommandName[] = ['presets', 'worker', 'runs'];

const outIsOptional: readonly CommandName[] = ['report', 'search', 'impact', 'attach'];

export interface Command {
  readonly command: CommandName;
  /** A glob for `batch`, a run's id for `attach` and `cancel`, '' for those that take none. */
  readonly file: string;
  /** The second file of `compare`, '' for the others. */
  readonly other: string;
  readonly out: string;
  readonly prototxt: string;
  readonly recipe: string;
  readonly seed: number;
  readonly threads: number;
  readonly force: boolean;
  readonly json: boolean;
  readonly statistics: boolean;
  /** Of inspect. */
  readonly exports?: ExportArguments;
  /** Of simulate and sweep; of no meaning for the others. */
  readonly eie: EieArguments;
  /** Of the commands that need data. */
  readonly train?: TrainArguments;
  /** Of export. */
  readonly runnable?: Pick<ExportInput, 'to' | 'fold' | 'percentile'>;
  /** Of slim. */
  readonly slim?: Pick<SlimInput, 'keep' | 'of' | 'score' | 'multiple'>;
  /** Where the work goes; always there for the commands about a queue. */
  readonly queue?: QueueArguments;
  /** Of retrain: one run each, into the folder `out`. */
  readonly seeds?: readonly number[];
  /** Of compress and batch. */
  readonly sampling?: GoalArguments;
}

/** Every file that a command may write, where it was asked to. */
export function outputsOf(command: Command): readonly string[] {
  return isFolderOf(command) ? [] : filesOf(command);
}

/** Whether `out` is a folder for many files. */
function isFolderOf({ command, seeds }: Command): boolean {
  return command === 'batch' || command === 'attach' || seeds !== undefined;
}

function filesOf({ command, out, exports, eie, train }: Command): readonly string[] {
  const beside = command === 'retrain' ? [`${out}.checkpoint`, recordPath(out)] : [];
  const into = train?.into === undefined ? [] : [recordPath(train.into)];
  return [
    out,
    ...(out === '' ? [] : beside),
    ...into,
    train?.checkpoint ?? '',
    exports?.netron ?? '',
    exports?.modelExplorer ?? '',
    eie.csv,
  ].filter((path) => path !== '');
}

/** @throws UsageError */
export function parseCommand(argv: readonly string[]): Command | 'help' | 'version' {
  const { values, positionals } = parsed(argv);
  if (values.help) return 'help';
  if (values.version) return 'version';
  const [word, ...files] = positionals;
  if (word === undefined) throw new UsageError('no command given (deepc --help lists them)');
  const command = commands.find((c) => c === word);
  if (!command) throw new UsageError(`unknown command '${word}' (one of: ${commands.join(', ')})`);
  for (const key of Object.keys(values))
    if (key !== 'json' && !taken[command].includes(key))
      throw new UsageError(`deepc ${command} does not take --${key}`);
  const wanted = withoutFile.includes(command) ? 0 : command === 'compare' ? 2 : 1;
  if (files.length !== wanted)
    throw new UsageError(
      wanted === 0
        ? `deepc ${command} takes no file`
        : files.length === 0
          ? `deepc ${command}: which ${wanted === 1 ? 'file' : 'files'}?`
          : `deepc ${command} takes ${wanted === 1 ? 'one file' : 'two files'}, not ${files.length}`,
    );
  if (files.includes('')) throw new UsageError(`deepc ${command}: the file's name is empty`);
  if (taken[command].includes('out') && !values.out && !outIsOptional.includes(command))
    throw new UsageError(`deepc ${command} needs --out FILE`);
  const queue = queueArguments(values, ofQueue.includes(command));
  if (values.preset !== undefined && values.recipe !== undefined)
    throw new UsageError('--preset and --recipe exclude each other');
  return {
    command,
    file: files[0] ?? '',
    other: files[1] ?? '',
    out: values.out ?? '',
    prototxt: values.prototxt ?? '',
    recipe:
      values.preset ??
      values.recipe ??
      (command === 'retrain'
        ? 'deep-compression-retrain'
        : values.data === undefined
          ? 'safe'
          : 'calibrated'),
    seed: integer('seed', values.seed, 0, 2 ** 32 - 1) ?? 1,
    threads: integer('threads', values.threads, 1, 64) ?? Math.min(8, availableParallelism()),
    force: values.force ?? false,
    json: values.json ?? false,
    statistics: !(values['no-statistics'] ?? false),
    ...(command === 'inspect' && { exports: exportArguments(values) }),
    eie: eieArguments(values, command === 'sweep'),
    ...(command !== 'compress' &&
      command !== 'batch' &&
      !((command === 'export' || command === 'slim') && values.data === undefined) &&
      taken[command].includes('data') && { train: trainArguments(command, values) }),
    ...((command === 'compress' || command === 'batch') && { sampling: goalArguments(values) }),
    ...(queue && { queue }),
    ...(values.seeds !== undefined && { seeds: seedsOf(values.seeds) }),
    ...(command === 'slim' && { slim: slimArguments(values) }),
    ...(command === 'export' && { runnable: runnableArguments(values) }),
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(message.split('\n')[0].replace(/\. .*$/, ''));
  }
}

const mostSeeds = 1000;

/** `1,2,5` or `1-20`. @throws UsageError */
function seedsOf(text: string): number[] {
  const [, from, to] = /^(\d{1,9})-(\d{1,9})$/.exec(text) ?? [];
  const length = from === undefined ? 0 : Number(to) - Number(from) + 1;
  const seeds =
    from === undefined
      ? text.split(',').map((one) => integer('seeds', one, 0, 2 ** 32 - 1)!)
      : Array.from(
          { length: Math.min(Math.max(0, length), mostSeeds + 1) },
          (_, i) => Number(from) + i,
        );
  if (seeds.length > 0 && seeds.length <= mostSeeds && new Set(seeds).size === seeds.length)
    return seeds;
  throw new UsageError(
    `--seeds needs 1 to ${mostSeeds} different numbers, 1,2,5 or 1-20, not '${text}'`,
  );
}

function integer(
  key: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(value >= least && value <= most))
    throw new UsageError(`--${key} needs a whole number from ${least} to ${most}, not '${text}'`);
  return value;
}
