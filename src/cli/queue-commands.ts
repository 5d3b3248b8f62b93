/** `deepc worker`, `runs`, `attach` and `cancel`. */
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Hands } from '../engine/node/hands.ts';
import type { Runtime } from '../engine/input.ts';
import { prepare } from '../engine/pieces/perform.ts';
import type { Progress, Jobs } from '../engine/protocol.ts';
import { isRecord, listOf, filledText } from '../engine/shape.ts';
import { checkInput } from '../engine/validate.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { checkRestorable } from '../model/location.ts';
import type { RunState } from '../queue/runs.ts';
import type { Command } from './arguments.ts';
import { batchText, rowOf, type BatchRow } from './batch-command.ts';
import { sweepTable } from './eie-tables.ts';
import { count, name, table } from './format.ts';
import type { QueueArguments } from './queue-arguments.ts';
import { joined, nowhere, openQueue, takeRun, type OpenQueue, type RunSpec } from './queued.ts';
import { frontText } from './search-commands.ts';
import { sensitivityText } from './train-tables.ts';
import { UsageError } from './usage.ts';

export interface QueueContext {
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly show: (progress: Progress) => void;
  readonly tell: (line: string) => void;
}

interface QueueOutcome {
  readonly result: object;
  readonly text: () => string;
}

const failuresShown = 3;

/** Works until it is told to stop, then hands back what is under way. */
export async function runWorker(
  { threads, queue: wanted }: Command,
  { runtime, signal, tell }: Omit<QueueContext, 'show'>,
): Promise<void> {
  if (!wanted) throw new UsageError('deepc worker needs --queue');
  const { module, queue } = await openQueue(wanted, runtime, tell, signal);
  const hands = new Hands(runtime.workerFile!, threads);
  try {
    tell(
      `working: ${threads} ${threads === 1 ? 'piece' : 'pieces'} at a time, engine ${queue.engine}`,
    );
    await module.work(queue, {
      ...{ threads, name: hostname(), signal, tell },
      folder: wanted.cache === '' ? join(tmpdir(), 'deepc-worker') : wanted.cache,
      cache: wanted.cacheBytes,
      prepare: (job, input, folder) =>
        prepare(job, input, folder, (own, ready, stop) =>
          hands.run(own, ready as never, { signal: stop }),
        ),
    });
    tell('stopped: what was under way waits for another worker');
  } finally {
    await hands.dispose();
    await queue.postgres.close();
  }
}

export async function runQueue(
  c: Command & { readonly queue: QueueArguments },
  { runtime, signal, show, tell }: QueueContext,
): Promise<QueueOutcome> {
  const open = await openQueue(c.queue, runtime, tell, signal);
  const { module, queue } = open;
  try {
    if (c.command === 'cancel') {
      await module.cancelRun(queue.postgres, c.file);
      const run = await module.specOf(queue.postgres, c.file);
      await module.removeRun(queue.postgres, run.id);
      return { result: { cancelled: run.id }, text: () => `run ${run.id} is cancelled` };
    }
    if (c.command === 'attach') return await attach(c, open, { signal, show });
    const runs = await Promise.all(
      (await module.listRuns(queue.postgres)).map(async (run) => ({
        ...run,
        failures:
          run.failed > 0 ? await module.failuresOf(queue.postgres, run.id, failuresShown) : [],
      })),
    );
    return { result: { runs }, text: () => runsText(runs, queue.engine) };
  } finally {
    await queue.postgres.close();
  }
}

type ListedRun = RunState & {
  readonly failures: readonly {
    readonly piece: number;
    readonly machine: string;
    readonly error: string;
  }[];
};

function runsText(runs: readonly ListedRun[], engine: string): string {
  if (runs.length === 0) return 'no runs';
  const rows = runs.map((run) => [
    run.id.slice(0, 8),
    run.title,
    run.state === 'begun'
      ? 'being sent'
      : run.done === run.pieces
        ? 'done'
        : run.state === 'sent'
          ? 'under way'
          : run.state,
    `${count(run.done)} of ${count(run.pieces)}`,
    count(run.failed),
    run.made.toISOString().slice(0, 16).replace('T', ' '),
    run.engine === engine ? '' : run.engine,
  ]);
  const columns = ['run', 'what', 'state', 'pieces', 'failed', 'since (UTC)', 'other version'];
  return [
    table(
      columns.map((title) => ({ title, align: 'left' as const })),
      rows,
    ),
    ...runs.flatMap(({ id, failures }) =>
      failures.map(
        ({ piece, machine, error }) =>
          `run ${id.slice(0, 8)}, piece ${piece}${machine === '' ? '' : ` on ${name(machine, 40)}`}: ${name(error, 300)}`,
      ),
    ),
  ].join('\n');
}

/** Takes a run's results as its starter would have. What the database says of it is checked. */
async function attach(
  c: Command,
  open: OpenQueue,
  { signal, show }: Pick<QueueContext, 'signal' | 'show'>,
): Promise<QueueOutcome> {
  const {
    id,
    state,
    engine,
    spec: raw,
    pieces,
  } = await open.module.specOf(open.queue.postgres, c.file);
  if (engine !== open.queue.engine)
    throw new DeepCompressionError(
      'unsupported',
      `run ${id} is of engine ${engine}, not ${open.queue.engine}: attach with the version that started it`,
    );
  if (state === 'begun')
    throw new DeepCompressionError(
      'invalid-input',
      `run ${id} is still being sent, or its starter ended while it sent it: deepc cancel ${id.slice(0, 8)} ends it`,
    );
  const spec = checkedSpec(raw, pieces);
  if (spec.kind === 'files') {
    if (c.out === '') throw new UsageError(`run ${id} makes files: --out DIR says where`);
    const items = spec.outputs.map((output, i) => ({ output, from: spec.names[i] }));
    for (const { output } of items) mkdirSync(dirname(join(c.out, output)), { recursive: true });
    const files: BatchRow[] = [];
    const start = performance.now();
    await takeRun(
      open,
      id,
      {
        folderOf: (piece) => dirname(join(c.out, items[piece].output)),
        ...{ overwrite: c.force, inputs: [] },
      },
      {
        onOutcome: (piece, outcome) => {
          files[piece] = rowOf(items[piece], outcome);
        },
        ...{ onProgress: show, signal },
      },
    );
    const failed = files.filter(({ error }) => error !== '').length;
    const result = { files, failed, seconds: (performance.now() - start) / 1000 };
    return { result, text: () => batchText(result) };
  }
  const results: (object | undefined)[] = Array.from({ length: pieces });
  const errors: string[] = [];
  await takeRun(open, id, nowhere, {
    onOutcome: (piece, outcome) => {
      results[piece] = outcome.result;
      if (outcome.result === undefined) errors.push(outcome.error);
    },
    ...{ onProgress: show, signal },
  });
  const result = await joined(spec.job, spec.input, results, errors);
  return { result, text: () => jobText(spec.job, result) };
}

function jobText(job: string, result: object): string {
  if (job === 'sweep') return sweepTable(result as Jobs['sweep']['result']);
  if (job === 'search') return frontText(result as Jobs['search']['result']);
  return sensitivityText(result as Jobs['sensitivity']['result']);
}

/** Somebody else may have written it. */
function checkedSpec(spec: unknown, pieces: number): RunSpec {
  const texts = listOf(filledText);
  if (isRecord(spec) && spec['kind'] === 'files') {
    const { outputs, names } = spec;
    if (texts(outputs) && texts(names) && outputs.length === pieces && names.length === pieces)
      return { kind: 'files', names, outputs: outputs.map(checkRestorable) };
  }
  if (isRecord(spec) && spec['kind'] === 'job' && isRecord(spec['input'])) {
    const { job } = spec;
    if (job === 'sweep' || job === 'search' || job === 'sensitivity') {
      const input = { ...spec['input'], into: undefined }; // nobody else says what is written here
      checkInput(job, input);
      return { kind: 'job', job, input };
    }
  }
  throw new DeepCompressionError('invalid-input', 'the run is none that this program starts');
}
