/**
 * Many pieces at once, and what came of them: the contract of the two runners, this machine's (here) and a
 * queue's (src/cli/queued.ts). Both are given the same pieces, so that both give the same results.
 */
import { throwIfCancelled } from '../../model/errors.ts';
import type { JobName, Progress } from '../protocol.ts';
import type { RunJob } from './perform.ts';

/** A job and its input; what it writes is named in that. */
export interface Piece {
  readonly job: JobName;
  readonly input: object;
}

export interface Outcome {
  /** undefined: there is none, and `error` says why in one line. */
  readonly result: object | undefined;
  readonly error: string;
  /** The machine that did it; '' for this one. */
  readonly machine: string;
}

export interface RunPieces {
  readonly pieces: readonly Piece[];
  /** Told once a piece, in no order. */
  readonly onOutcome: (piece: number, outcome: Outcome) => Promise<void> | void;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

export type PieceRunner = (run: RunPieces) => Promise<void>;

/** Runs so many pieces at once on this machine. What one throws is its outcome; the others go on. */
export function localRunner(run: RunJob, lanes: number): PieceRunner {
  return async ({ pieces, onOutcome, onProgress, signal }) => {
    let next = 0;
    let done = 0;
    const lane = async (): Promise<void> => {
      while (next < pieces.length) {
        throwIfCancelled(signal);
        const own = next++;
        const { job, input } = pieces[own];
        const outcome = await run(job, input, signal).then(
          (result): Outcome => ({ result, error: '', machine: '' }),
          (error: unknown): Outcome => ({ result: undefined, error: lineOf(error), machine: '' }),
        );
        throwIfCancelled(signal);
        await onOutcome(own, outcome);
        done++;
        const layer = `${done} of ${pieces.length}`;
        onProgress({ stage: 'pieces', layer, fraction: done / pieces.length });
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };
}

function lineOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
