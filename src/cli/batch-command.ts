/** `deepc batch` and `deepc retrain --seeds`: many files by one recipe, here or over a queue. */
import { mkdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Outcome, Piece, PieceRunner } from '../engine/pieces/run.ts';
import type { Progress } from '../engine/protocol.ts';
import { isRecord } from '../engine/shape.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { sizeText } from '../model/size-text.ts';
import { refuseClash } from '../platform/output.ts';
import type { Command } from './arguments.ts';
import { count, name, table } from './format.ts';
import { filesOfGlob } from './model-files.ts';
import type { TrainArguments } from './train-arguments.ts';
import { retrainInput } from './train-commands.ts';
import { UsageError } from './usage.ts';

/** One file that is made. */
export interface BatchItem {
  /** What it is made from, and its file below the folder of all. */
  readonly from: string;
  readonly output: string;
}

export interface Batch {
  readonly items: readonly BatchItem[];
  readonly pieces: readonly Piece[];
}

/** What became of one, short enough to keep thousands. */
export interface BatchRow extends BatchItem {
  readonly bytes: number;
  readonly inputBytes: number;
  /** What it did to the outputs, or the accuracy after training; null where that is not known. */
  readonly disagreement: number | null;
  readonly accuracy: number | null;
  readonly machine: string;
  /** '' where all is well. */
  readonly error: string;
}

export interface BatchResult {
  readonly files: readonly BatchRow[];
  readonly failed: number;
  readonly seconds: number;
}

/** Every model of the glob, each on one thread: that many are done at once. */
export function compressBatch(c: Command, recipe: string | object): Batch {
  const items = filesOfGlob(c.file).map(({ path, name: below }) => ({
    from: path,
    output: `${below.slice(0, below.length - extname(below).length)}.dcz`,
  }));
  refuseClash(items.map(({ output }) => join(c.out, output)));
  const common = { recipe, overwrite: c.force, seed: c.seed, threads: 1, ...c.sampling };
  return {
    items,
    pieces: items.map(({ from, output }) => ({
      job: 'compress',
      input: { file: { path: from }, out: join(c.out, output), ...common },
    })),
  };
}

/**
 * One model retrained with every seed. Each with all threads, which its result depends on: one after
 * another on a machine.
 */
export function seedBatch(
  c: Command & { readonly train: TrainArguments; readonly seeds: readonly number[] },
  recipe: string | object,
): Batch {
  if (c.train.checkpoint !== undefined)
    throw new UsageError('--checkpoint is for one run: with --seeds each has its own');
  const model = basename(c.file, extname(c.file));
  const items = c.seeds.map((seed) => ({ from: c.file, output: `${model}.seed-${seed}.dcz` }));
  return {
    items,
    pieces: items.map(({ output }, i) => ({
      job: 'retrain',
      input: retrainInput({ ...c, seed: c.seeds[i], out: join(c.out, output) }, recipe),
    })),
  };
}

/** Runs pieces and gathers what became of them. */
export async function runBatch(
  { items, pieces }: Batch,
  out: string,
  run: PieceRunner,
  signal: AbortSignal,
  show: (progress: Progress) => void,
): Promise<BatchResult> {
  const start = performance.now();
  for (const { output } of items) mkdirSync(dirname(join(out, output)), { recursive: true });
  const files: BatchRow[] = [];
  await run({
    pieces,
    onOutcome: (piece, outcome) => {
      files[piece] = rowOf(items[piece], outcome);
    },
    ...{ onProgress: show, signal },
  });
  const failed = files.filter(({ error }) => error !== '').length;
  return { files, failed, seconds: (performance.now() - start) / 1000 };
}

/** Of a compression or a retraining, whoever did it. */
export function rowOf(item: BatchItem, { result, error, machine }: Outcome): BatchRow {
  const made = isRecord(result) ? result : {};
  const compressed = isRecord(made['compressed']) ? made['compressed'] : made;
  const of = (value: unknown, key: string): number | null => {
    const found = isRecord(value) ? value[key] : undefined;
    return typeof found === 'number' ? found : null;
  };
  return {
    ...item,
    bytes: of(made['output'], 'bytes') ?? 0,
    inputBytes: of(compressed['input'], 'bytes') ?? 0,
    disagreement: of(compressed['fidelity'], 'disagreement'),
    accuracy: of(made['after'], 'top1'),
    machine,
    error,
  };
}

/** @throws DeepCompressionError when every one failed */
export function batchText({ files, failed, seconds }: BatchResult): string {
  if (failed === files.length && failed === 1) throw new DeepCompressionError('io', files[0].error);
  const good = files.filter(({ error }) => error === '');
  const share = (value: number | null): string =>
    value === null ? '' : `${(100 * value).toFixed(2)}%`;
  const trained = good.some(({ accuracy }) => accuracy !== null);
  const right = (title: string) => ({ title, align: 'right' as const });
  const rows = good.map((row) => [
    name(row.output, 60),
    count(row.bytes),
    row.inputBytes === 0 ? '' : `${(row.inputBytes / row.bytes).toFixed(2)}x`,
    share(trained ? row.accuracy : row.disagreement),
  ]);
  const sum = (of: (row: BatchRow) => number): number =>
    good.reduce((all, row) => all + of(row), 0);
  const [before, after] = [sum((row) => row.inputBytes), sum((row) => row.bytes)];
  return [
    ...(good.length === 0
      ? []
      : [
          table(
            [
              { title: 'file', align: 'left' },
              ...['bytes', 'smaller', trained ? 'accuracy' : 'answers changed'].map(right),
            ],
            rows,
          ),
        ]),
    `${count(good.length)} files, ${sizeText(after)}${before > 0 ? ` instead of ${sizeText(before)}` : ''}, in ${seconds.toFixed(1)} s`,
    ...(failed === 0 ? [] : [`${count(failed)} failed:`]),
    ...files
      .filter(({ error }) => error !== '')
      .map(
        ({ from, machine, error }) =>
          `  ${name(from, 60)}${machine === '' ? '' : ` on ${name(machine, 40)}`}: ${name(error, 300)}`,
      ),
  ].join('\n');
}
