/**
 * What the training page and its host tell each other. The page keeps nothing: it says `ready` and is
 * sent the whole state, then what has changed.
 */
import type { Accuracy, TrainingEpoch, TrainingStart } from '../../src/engine/protocol-accuracy.ts';
import { isOutputMessage, type OutputMessage } from '../ui/output.ts';
import type { TrainingStrings } from './strings.ts';

export type TrainingPhase =
  'starting' | 'running' | 'paused' | 'stopping' | 'done' | 'failed' | 'cancelled';

/** How it ended, when it ended well. */
export interface TrainingOutcome {
  readonly end: 'done' | 'stopped' | 'diverged';
  readonly before: Accuracy | null;
  readonly after: Accuracy | null;
  /** The scores are of test samples, not of those held out. */
  readonly test: boolean;
  readonly output: string;
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly notes: readonly string[];
}

export interface TrainingState {
  readonly phase: TrainingPhase;
  readonly start: TrainingStart | null;
  /** What is done now, in the engine's words, and the loss. */
  readonly stage: string;
  readonly detail: string;
  /** 0..1 of the whole. */
  readonly fraction: number;
  /** Worked so far, pauses left out. */
  readonly seconds: number;
  /** null while nothing can be said. */
  readonly secondsLeft: number | null;
  /** Samples trained on in a second, scoring included; null before the first epoch. */
  readonly rate: number | null;
  /** One line when it failed. */
  readonly problem: string;
  readonly outcome: TrainingOutcome | null;
}

export type ToTraining =
  | { readonly type: 'state'; readonly state: TrainingState }
  /** Those from the position `from` on. */
  | { readonly type: 'epochs'; readonly from: number; readonly epochs: readonly TrainingEpoch[] };

const commands = [
  'ready',
  'pause',
  'resume',
  'stop',
  'cancel',
  'report',
  'reveal',
  'openLog',
] as const;
export type TrainingCommand = (typeof commands)[number];
export type FromTraining = { readonly type: TrainingCommand } | OutputMessage;

export interface TrainingPageData {
  readonly strings: TrainingStrings;
  /** File name of the model. */
  readonly model: string;
  readonly preset: string;
  readonly data: string;
}

/** For the host: a page is less trusted than the extension, so its messages are checked. */
export function isFromTraining(message: unknown): message is FromTraining {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return isOutputMessage(message) || commands.some((command) => command === type);
}

/** For the page: the shape is the host's own, a wrong `type` would be a defect. */
export function isToTraining(message: unknown): message is ToTraining {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as { type?: unknown };
  return type === 'state' || type === 'epochs';
}
