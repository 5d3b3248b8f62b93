/** One function a command: its job's input from the arguments, its result as JSON or as text. */
import { parseRecipe, presets } from '../recipe/recipe.ts';
import { allJobs, type AllJobs } from '../engine/jobs/all.ts';

import type { Runtime } from '../engine/input.ts';
import type { Progress } from '../engine/protocol.ts';
import { readBytes } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { plainJson, plainLines } from '../model/plain-text.ts';
import { insteadOf, json } from '../model/recognise.ts';
import { openFile } from '../platform/files.ts';
import { refuseInputs } from '../platform/output.ts';
import { outputsOf, type Command } from './arguments.ts';
import { compressBatch, seedBatch } from './batch-command.ts';
import { runMany } from './run-many.ts';
import { openQueue, queuedJobs, type OpenQueue } from './queued.ts';
import { runQueue } from './queue-commands.ts';
import { runEie } from './eie-commands.ts';
import { progressView } from './progress.ts';
import { runTrain } from './train-commands.ts';
import { exportText } from './export-command.ts';
import { groupsText, slimText } from './slim-command.ts';
import { runSearch } from './search-commands.ts';
import { useText } from './use-command.ts';
import { writeExports } from './viewer-exports.ts';
import { outputsLine } from './fidelity-text.ts';
import { compareTable } from './compare-table.ts';
import { reportText } from './train-tables.ts';
import {
  compressTable,
  decompressText,
  filesText,
  importTable,
  inspectTable,
  pageText,
  presetsText,
} from './tables.ts';

export interface CommandContext {
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly stderr: NodeJS.WriteStream;
}

/**
 * What goes to stdout.
 * @throws DeepCompressionError
 */
export async function runCommand(command: Command, context: CommandContext): Promise<string> {
  const view = progressView(context.stderr);
  try {
    const { result, text, failed } = await run(command, context, view.show);
    if (failed) process.exitCode = 1;
    return command.json ? plainJson(JSON.stringify(result, null, 2)) : plainLines(text());
  } finally {
    view.clear();
  }
}

interface Outcome {
  readonly result: object;
  readonly text: () => string;
  /** Of many files: how many there are not. */
  readonly failed?: number;
}

async function run(
  c: Command,
  context: CommandContext,
  show: (progress: Progress) => void,
): Promise<Outcome> {
  const { runtime, signal, stderr } = context;
  const tell = (line: string): void => void stderr.write(plainLines(`${line}\n`));
  const { queue } = c;
  if (queue && (c.command === 'runs' || c.command === 'attach' || c.command === 'cancel'))
    return runQueue({ ...c, queue }, { runtime, signal, show, tell });
  if (!queue) return runWith(allJobs(runtime), undefined, c, context, show);
  const open = await openQueue(queue, runtime, tell, signal);
  try {
    return await runWith(queuedJobs(open, runtime, tell), open, c, context, show);
  } finally {
    await open.queue.postgres.close();
  }
}

async function runWith(
  jobs: AllJobs,
  open: OpenQueue | undefined,
  c: Command,
  context: CommandContext,
  show: (progress: Progress) => void,
): Promise<Outcome> {
  const { signal, stderr } = context;
  const file = { path: c.file };
  const { out, threads } = c;
  const overwrite = c.force;
  switch (c.command) {
    case 'inspect': {
      const input = { file, statistics: c.statistics, threads };
      const result = await jobs.inspect(input, signal, show);
      const written = await writeExports(file, c.exports!, overwrite, jobs, signal, show);
      if (written.length === 0) return { result, text: () => inspectTable(result) };
      const lines = written.map((path) => `${path}: written`);
      return {
        result: { ...result, written },
        text: () => [inspectTable(result), ...lines].join('\n'),
      };
    }
    case 'compress': {
      const recipe = recipeOf(c);
      const input = { file, out, overwrite, recipe, seed: c.seed, threads, ...c.sampling };
      const result = await jobs.compress(input, signal, show);
      return { result, text: () => `${outputsLine(result)}\n\n${compressTable(result)}` };
    }
    case 'decompress': {
      const { files } = await jobs.filesToRestore({ file, out }, signal, show);
      stderr.write(plainLines(filesText(files)));
      const result = await jobs.decompress({ file, out, overwrite, threads }, signal, show);
      return { result: { ...result, files }, text: () => decompressText(result) };
    }
    case 'report': {
      if (out !== '') {
        const result = await jobs.page({ file, out, overwrite }, signal, show);
        return { result, text: () => pageText(result) };
      }
      const result = await jobs.report({ file }, signal, show);
      return { result, text: () => reportText(result) };
    }
    case 'compare': {
      const input = { original: file, changed: { path: c.other } };
      const result = await jobs.compare(input, signal, show);
      return { result, text: () => compareTable(result) };
    }
    case 'import': {
      const prototxt = c.prototxt === '' ? {} : { prototxt: { path: c.prototxt } };
      const input = { weights: file, ...prototxt, out, overwrite };
      const result = await jobs.import(input, signal, show);
      return { result, text: () => importTable(result) };
    }
    case 'export': {
      const input = {
        ...{ file, ...c.runnable!, out, overwrite, seed: c.seed, threads },
        ...samplesOf(c),
      };
      const result = await jobs.export(input, signal, show);
      return { result, text: () => exportText(result) };
    }
    case 'slim': {
      const input = { file, ...c.slim!, out, overwrite, seed: c.seed, threads, ...samplesOf(c) };
      const result = await jobs.slim(input, signal, show);
      return { result, text: () => slimText(result) };
    }
    case 'use': {
      const result = await jobs.use({ file, seed: c.seed }, signal, show);
      return { result, text: () => useText(result) };
    }
    case 'groups': {
      const result = await jobs.groups({ file, seed: c.seed }, signal, show);
      return { result, text: () => groupsText(result) };
    }
    case 'simulate':
    case 'sweep':
      return runEie(c, jobs, signal, show);
    case 'batch':
      return runMany(compressBatch(c, recipeOf(c)), c.threads, c, open, { ...context, show });
    case 'evaluate':
    case 'retrain':
    case 'sensitivity':
      if (c.seeds) {
        const batch = seedBatch({ ...c, train: c.train!, seeds: c.seeds }, recipeOf(c));
        return runMany(batch, 1, c, open, { ...context, show });
      }
      return runTrain({ ...c, train: c.train! }, () => recipeOf(c), jobs, signal, show);
    case 'search':
    case 'impact': {
      const tell = (line: string): void => void stderr.write(plainLines(`${line}\n`));
      return runSearch(c, { recipe: () => recipeOf(c), jobs, signal, show, tell });
    }
    case 'worker':
    case 'runs':
    case 'attach':
    case 'cancel':
      throw new Error(`${c.command} is no job`); // run, and the program, have taken it
    case 'presets':
      return { result: { presets }, text: () => presetsText(presets) };
  }
}

/** Samples of a command that can do without, as its job takes them. */
function samplesOf({ train }: Command) {
  return {
    ...(train && { data: train.data }),
    ...(train?.samples !== undefined && { samples: train.samples }),
    ...(train?.normalisation && { normalisation: train.normalisation }),
  };
}

/** A preset's name stays a name; what looks like a file is read as a recipe. */
function recipeOf(command: Command): string | object {
  const { recipe: nameOrPath } = command;
  if (presets.some((p) => p.name === nameOrPath)) return nameOrPath;
  if (!/\.json$|[/\\]/.test(nameOrPath)) return nameOrPath; // the job names the presets there are
  refuseInputs(outputsOf(command), [nameOrPath]);
  const bytes = recipeBytes(nameOrPath);
  try {
    return recipeIn(new TextDecoder().decode(bytes), nameOrPath);
  } catch (error) {
    throw insteadOf(error, nameOrPath, 'a recipe', bytes, json);
  }
}

function recipeIn(text: string, path: string): object {
  try {
    const recipe: unknown = JSON.parse(text);
    if (typeof recipe === 'object' && recipe !== null) return parseRecipe(recipe);
  } catch (error) {
    if (error instanceof DeepCompressionError)
      throw new DeepCompressionError(error.code, `${path}: ${error.message}`);
    const why = error instanceof Error ? error.message.split('\n')[0] : '';
    throw new DeepCompressionError('invalid-recipe', `${path}: not JSON (${why})`);
  }
  throw new DeepCompressionError('invalid-recipe', `${path}: a recipe is a JSON object`);
}

/** A recipe is a page or two of text. */
const mostRecipeBytes = 1 << 20;

function recipeBytes(path: string): Uint8Array {
  const file = openFile(path);
  try {
    if (file.size > mostRecipeBytes)
      throw new DeepCompressionError('invalid-recipe', `${path}: too large for a recipe`);
    return readBytes(file, 0, file.size);
  } finally {
    file.close();
  }
}
