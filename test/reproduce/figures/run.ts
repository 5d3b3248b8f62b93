/** Does the trainings of the plan, one after another, and keeps what the figures show of each. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecipe } from '../../../src/recipe/recipe.ts';
import type { AllJobs } from '../../../src/engine/jobs/all.ts';
import { decodeGraph, floatValues } from '../../../src/train/graph.ts';
import { lenet300, lenet5 } from '../../fixtures/lenet.ts';
import { Timetable } from '../timetable.ts';
import type { Run } from './plan.ts';

export interface Found {
  /** Errors on the held-out digits, 0..1: straight after pruning and sharing, and at the end. */
  readonly before: number;
  readonly after: number;
  /** Weights (biases left out), and those that are not zero. */
  readonly weights: number;
  readonly kept: number;
  /**
   * Entries of a relative index of 5 bits over all layers: kept weights, and a filler zero wherever more
   * than 31 zeros lie between two.
   */
  readonly entries: number;
  /** Whole files. */
  readonly bytes: number;
  readonly originalBytes: number;
  readonly seconds: number;
}

export type Results = Readonly<Record<string, Found>>;

export interface Work {
  readonly folder: string;
  readonly samples: number;
  readonly seed: number;
  readonly jobs: AllJobs;
  /** IDX file of the training digits. */
  readonly digits: string;
  readonly signal: AbortSignal;
}

export async function runAll(runs: readonly Run[], work: Work): Promise<Results> {
  const { folder, seed, samples, jobs, signal } = work;
  const path = (name: string): string => join(folder, `${name}.onnx`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path('untrained-300'), lenet300(seed));
  writeFileSync(path('untrained-5'), lenet5(seed));
  const timetable = new Timetable(runs.map((r) => parseRecipe(r.recipe)));
  const results: Record<string, Found> = {};
  for (const { id, from, recipe, packed } of runs) {
    const out = packed ? join(folder, `${id}.dcz`) : path(id);
    const run = await timetable.during(id, recipe, (onProgress, onEvent) =>
      jobs.retrain(
        {
          ...{ file: { path: path(from) }, data: { file: { path: work.digits } }, recipe, out },
          ...{ overwrite: true, fresh: true, seed, samples, threads: 1 },
        },
        signal,
        onProgress,
        undefined,
        onEvent,
      ),
    );
    const error = (top1: number | null | undefined): number => 1 - (top1 ?? 0);
    // a .dcz has the zeros of the file it was made from
    results[id] = {
      before: error(run.epochs.find((e) => e.epoch === 0)?.validation?.top1),
      after: error(run.after?.top1),
      ...countsIn(packed ? path(from) : out),
      bytes: run.output.bytes,
      originalBytes: statSync(path(from)).size,
      seconds: run.seconds,
    };
  }
  return results;
}

/** Largest number of zeros between two entries of a 5-bit index. */
const widest = 31;

function countsIn(file: string): Pick<Found, 'weights' | 'kept' | 'entries'> {
  let [weights, kept, entries] = [0, 0, 0];
  for (const [name, tensor] of decodeGraph(new Uint8Array(readFileSync(file))).initializers) {
    if (!name.endsWith('.weight')) continue;
    const values = floatValues(tensor, name);
    weights += values.length;
    let gap = 0;
    for (const value of values) {
      if (value !== 0) {
        kept++;
        entries++;
        gap = 0;
      } else if (gap === widest) {
        entries++;
        gap = 0;
      } else gap++;
    }
  }
  return { weights, kept, entries };
}
