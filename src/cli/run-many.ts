/** A batch on this machine, or on those of a queue. */
import { dirname, join } from 'node:path';
import { Hands } from '../engine/node/hands.ts';
import { localRunner, type PieceRunner } from '../engine/pieces/run.ts';
import type { Progress } from '../engine/protocol.ts';
import { plainLines } from '../model/plain-text.ts';
import type { Command } from './arguments.ts';
import { batchText, runBatch, type Batch } from './batch-command.ts';
import type { CommandContext } from './commands.ts';
import { queueRunner, type OpenQueue } from './queued.ts';

interface ManyOutcome {
  readonly result: object;
  readonly text: () => string;
  readonly failed: number;
}

/**
 * @param lanes pieces that this machine does at once
 * @param open the queue that others do them over; undefined: this machine does them
 */
export async function runMany(
  batch: Batch,
  lanes: number,
  c: Command,
  open: OpenQueue | undefined,
  { runtime, signal, stderr, show }: CommandContext & { show: (progress: Progress) => void },
): Promise<ManyOutcome> {
  const many = async (run: PieceRunner): Promise<ManyOutcome> => {
    const result = await runBatch(batch, c.out, run, signal, show);
    return { result, text: () => batchText(result), failed: result.failed };
  };
  if (open) {
    const tell = (line: string): void => void stderr.write(plainLines(`${line}\n`));
    const names = batch.items.map(({ from }) => from);
    const outputs = batch.items.map(({ output }) => output);
    const folderOf = (piece: number): string => dirname(join(c.out, outputs[piece]));
    const spec = { kind: 'files' as const, outputs, names };
    const target = { folderOf, overwrite: c.force, inputs: names };
    return many(queueRunner(open, { title: c.command, spec, tell }, target));
  }
  if (runtime.workerFile === undefined) throw new Error('worker.js is not beside this program');
  const hands = new Hands(runtime.workerFile, Math.min(lanes, batch.items.length));
  try {
    return await many(
      localRunner((job, input, stop) => hands.run(job, input as never, { signal: stop }), lanes),
    );
  } finally {
    await hands.dispose();
  }
}
