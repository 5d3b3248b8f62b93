/**
 * The runner of pieces over a queue, and jobs that other machines do for the commands that ask them.
 * dist/queue.js and pg-boss are loaded here, when a queue is named, and by nobody else.
 */
import { pathToFileURL } from 'node:url';
import type * as QueueModule from '../queue/entry.ts';
import { host } from '#host';
import type { Queue } from '../queue/queue.ts';
import { allJobs, type AllJobs } from '../engine/jobs/all.ts';
import type { Runtime } from '../engine/input.ts';
import { dczKind, onnxKind, recordKind } from '../engine/output-kinds.ts';
import { distributable, pack, type Hashed } from '../engine/pieces/packing.ts';
import { engineOf } from '../engine/pieces/perform.ts';
import type { Outcome, Piece, PieceRunner, RunPieces } from '../engine/pieces/run.ts';
import type { Progress } from '../engine/protocol.ts';
import { isRecord } from '../engine/shape.ts';
import { piecesOf } from '../model/bytes.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { checkRestorable } from '../model/location.ts';
import type { QueueArguments } from './queue-arguments.ts';

export interface OpenQueue {
  readonly module: typeof QueueModule;
  readonly queue: Queue;
}

/** @throws DeepCompressionError what keeps the queue from being used */
export async function openQueue(
  { url, store }: QueueArguments,
  { workerFile }: Runtime,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<OpenQueue> {
  if (workerFile === undefined) throw new Error('worker.js is not beside this program');
  const file = host.paths.join(host.paths.dirname(workerFile), 'queue.js');
  const module = (await import(pathToFileURL(file).href)) as typeof QueueModule;
  const engine = engineOf(workerFile);
  const queue = await module.openQueue({ url, store, engine, tell, signal });
  return { module, queue };
}

/** What a run was started for, as its row keeps it: files below a folder, or one result. */
export type RunSpec =
  | {
      readonly kind: 'files';
      readonly outputs: readonly string[];
      readonly names: readonly string[];
    }
  | { readonly kind: 'job'; readonly job: string; readonly input: object };

export interface QueueRun {
  readonly title: string;
  readonly spec: RunSpec;
  readonly tell: (line: string) => void;
}

/** @returns a runner whose run outlives it */
export function queueRunner({ module, queue }: OpenQueue, run: QueueRun, to: Target): PieceRunner {
  return async (request) => {
    const hashed: Hashed = new Map();
    const count = request.pieces.length;
    const id = await module.startRun(queue, {
      ...{ title: run.title, spec: run.spec, count, signal: request.signal },
      pieces: sent(request.pieces, hashed),
    });
    run.tell(
      `run ${id.slice(0, 8)}: ${count} pieces; deepc attach ${id.slice(0, 8)} takes its results if this ends`,
    );
    await takeRun({ module, queue }, id, to, request);
  };
}

function* sent(pieces: readonly Piece[], hashed: Hashed) {
  for (const { job, input } of pieces)
    try {
      yield { job, ...pack(job, input, hashed) };
    } catch (error) {
      if (!(error instanceof DeepCompressionError)) throw error;
      yield { error: error.message };
    }
}

/** Where the files of a piece go: the folder, and what is never replaced. */
export interface Target {
  readonly folderOf: (piece: number) => string;
  readonly overwrite: boolean;
  readonly inputs: readonly string[];
}

/** Takes the results of a run as they come, and the run out of the queue when all are there. */
export async function takeRun(
  { module, queue }: OpenQueue,
  id: string,
  to: Target,
  { onOutcome, onProgress, signal }: Omit<RunPieces, 'pieces'>,
): Promise<void> {
  let failed = 0;
  await module.watchRun(
    queue,
    id,
    async ({ piece, good, value, machine }) => {
      const outcome = await taken(queue, JSON.parse(value), good, to, piece);
      if (outcome.result === undefined) failed++;
      await onOutcome(piece, { ...outcome, machine });
    },
    ({ done, pieces, machines, others, rate }) => {
      const where =
        machines > 0
          ? `on ${machines} ${machines === 1 ? 'worker' : 'workers'}`
          : `waiting for a worker of this version${others > 0 ? ` (${others} of others are there)` : ''}`;
      const speed = rate > 0 ? `, ${rate.toFixed(rate < 10 ? 1 : 0)} a second` : '';
      const layer = `${done} of ${pieces}${failed > 0 ? `, ${failed} failed` : ''}${speed}`;
      onProgress({ stage: where, layer, fraction: pieces === 0 ? 1 : done / pieces });
    },
    signal,
  );
  if (failed === 0) await module.removeRun(queue.postgres, id);
}

async function taken(
  { files }: Queue,
  value: unknown,
  good: boolean,
  to: Target,
  piece: number,
): Promise<Omit<Outcome, 'machine'>> {
  if (!isRecord(value)) return { result: undefined, error: 'a result that is none' };
  if (!good) return { result: undefined, error: String(value['error']) };
  const made = Array.isArray(value['files'])
    ? (value['files'] as { name: string; sha256: string }[])
    : [];
  const folder = host.files.temporaryFolder('queue');
  try {
    for (const { name, sha256 } of made) {
      const target = host.paths.join(to.folderOf(piece), checkRestorable(name));
      if (host.files.exists(target) && hashOf(target) === sha256) continue; // taken before
      const path = host.paths.join(folder.path, sha256);
      await files.get(sha256, path);
      const source = host.files.open(path);
      try {
        const rule = { kind: kindOf(name), overwrite: to.overwrite, inputs: to.inputs };
        await host.files.write(target, rule, (sink) => {
          for (const part of piecesOf(source)) sink.write(part);
        });
      } finally {
        source.close();
      }
    }
    return { result: value['result'] as object, error: '' };
  } catch (error) {
    if (!(error instanceof DeepCompressionError)) throw error;
    return { result: undefined, error: error.message };
  } finally {
    folder.remove();
  }
}

/** The kinds of file that pieces make. */
function kindOf(name: string) {
  if (/\.dcz$/i.test(name)) return dczKind;
  if (/\.training\.json$/i.test(name)) return recordKind;
  if (/\.onnx$/i.test(name)) return onnxKind;
  throw new DeepCompressionError('invalid-input', `${name}: no file that a piece makes`);
}

function hashOf(path: string): string {
  const file = host.files.open(path);
  try {
    return host.sha256(piecesOf(file));
  } finally {
    file.close();
  }
}

/** The jobs, those that can be shared out done by the machines of a queue. */
export function queuedJobs(
  open: OpenQueue,
  runtime: Runtime,
  tell: (line: string) => void,
): AllJobs {
  const own = allJobs(runtime);
  const shared = <K extends 'sweep' | 'sensitivity' | 'search'>(job: K): AllJobs[K] =>
    (async (input: object, signal: AbortSignal, onProgress: (progress: Progress) => void) => {
      const { pieces } = distributable(job);
      const inputs = pieces.divide(input as never);
      const spec: RunSpec = { kind: 'job', job, input };
      const results: (object | undefined)[] = inputs.map(() => undefined);
      const errors: string[] = [];
      await queueRunner(
        open,
        { title: job, spec, tell },
        nowhere,
      )({
        pieces: inputs.map((piece) => ({ job, input: piece })),
        onOutcome: (piece, outcome) => {
          results[piece] = outcome.result;
          if (outcome.result === undefined) errors.push(outcome.error);
        },
        ...{ onProgress, signal },
      });
      return joined(job, input, results, errors);
    }) as never;
  return {
    ...own,
    sweep: shared('sweep'),
    sensitivity: shared('sensitivity'),
    search: shared('search'),
  };
}

/** @throws DeepCompressionError with the first error where a piece has no result */
export async function joined(
  job: string,
  input: object,
  results: readonly (object | undefined)[],
  errors: readonly string[],
): Promise<object> {
  if (errors.length > 0)
    throw new DeepCompressionError(
      'io',
      errors.length === 1
        ? errors[0]
        : `${errors.length} of ${results.length} pieces failed: ${errors[0]}`,
    );
  return (await distributable(job).pieces.join(input as never, results as never)) as object;
}

/** Of jobs that write nothing. */
export const nowhere: Target = { folderOf: () => '.', overwrite: false, inputs: [] };
