/**
 * What jobs take and give: the one vocabulary of the command line, the extension and the pages.
 * Everything here is plain data that survives structured cloning; weights never travel this way.
 */
import { version } from '../../package.json';
import type { ErrorCode } from '../model/errors.ts';
import type { DeclaredJobs } from './jobs/all.ts';

/** Both ends are of one package: another version is another build. */
export const protocolVersion: string = version;

/** Progress of a job: one line for people, and a fraction when it is known. */
export interface Progress {
  /** What is being done, e.g. `prune` or `verify`. */
  readonly stage: string;
  /** The layer at hand, '' between layers. */
  readonly layer: string;
  /** 0..1 over the whole job, monotone. */
  readonly fraction: number;
}

/** What each job takes, gives, and tells while it runs (jobs/all.ts lists them). */
export type Jobs = DeclaredJobs;

export type JobName = keyof Jobs;

/** The same as messages: `stop` ends it and keeps the best, `pause` and `resume` let it wait. */
export type Steering = 'stop' | 'pause' | 'resume';

/** What a user may ask of a training that runs: to end now and keep the best, or to wait. */
export interface JobControl {
  stopped(): boolean;
  /** Resolves when the job may go on; undefined when it need not wait. */
  paused(): Promise<void> | undefined;
}

export type Job<K extends JobName> = (
  input: Jobs[K]['input'],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
  control?: JobControl,
  onEvent?: (event: Jobs[K]['event']) => void,
) => Promise<Jobs[K]['result']>;

/** Messages between the extension host (client) and the worker thread. */
export type ToWorker =
  | {
      [K in JobName]: {
        readonly type: 'start';
        readonly version: typeof protocolVersion;
        readonly id: number;
        readonly job: K;
        readonly input: Jobs[K]['input'];
      };
    }[JobName]
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: Steering; readonly id: number };

export type FromWorker =
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  /** Of the kind that the job tells (`Jobs[K]['event']`). */
  | { readonly type: 'event'; readonly id: number; readonly event: object }
  | { readonly type: 'result'; readonly id: number; readonly result: object }
  | {
      readonly type: 'error';
      readonly id: number;
      /** '' for a defect of ours; `message` then is the error's text. */
      readonly code: ErrorCode | '';
      readonly message: string;
      readonly stack: string;
    };
