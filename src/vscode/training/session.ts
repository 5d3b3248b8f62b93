/**
 * One training as its page shows it: what the engine reports becomes a state, what the user presses
 * becomes steering. Knows no window: changes go through `changed`.
 */
import type {
  TrainingOutcome,
  TrainingPhase,
  TrainingState,
} from '../../../webview/training/messages.ts';
import type { RunOptions } from '../../engine/client.ts';
import type {
  TrainingEpoch,
  TrainingEvent,
  TrainingStart,
} from '../../engine/protocol-accuracy.ts';
import type { Progress, Steering } from '../../engine/protocol.ts';
import type { Compressed } from '../compressing.ts';

export class TrainingSession {
  readonly epochs: TrainingEpoch[] = [];
  private readonly controller = new AbortController();
  private steer: ((what: Steering) => void) | undefined;
  private phase: TrainingPhase = 'starting';
  private start: TrainingStart | null = null;
  private progress: Progress = { stage: '', layer: '', fraction: 0 };
  private problem = '';
  private outcome: TrainingOutcome | null = null;
  /** Seconds of work up to the last pause, and when it went on. */
  private worked = 0;
  private since: number | undefined;
  private lastEpoch: { readonly seconds: number; readonly epoch: TrainingEpoch } | undefined;
  private rate: number | null = null;

  /** @param changed called after every change; may be called often */
  constructor(
    private readonly changed: () => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.since = now();
  }

  get state(): TrainingState {
    const { phase, start, progress, problem, outcome, rate } = this;
    const { stage, layer: detail, fraction } = progress;
    const seconds = this.seconds();
    const known = phase === 'running' && fraction > 0.02 && seconds > 2;
    const secondsLeft = known ? (seconds * (1 - fraction)) / fraction : null;
    return { phase, start, stage, detail, fraction, seconds, secondsLeft, rate, problem, outcome };
  }

  get over(): boolean {
    return ['done', 'failed', 'cancelled'].includes(this.phase);
  }

  /** The options of a job that this session follows; `options` are told as well. */
  follow({
    signal,
    onProgress,
  }: Pick<RunOptions, 'signal' | 'onProgress'>): RunOptions<TrainingEvent> {
    const { controller } = this;
    return {
      signal: signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
      onStart: (steer) => (this.steer = steer),
      onEvent: (event) => this.hear(event),
      onProgress: (progress) => {
        this.progress = progress;
        this.changed();
        onProgress?.(progress);
      },
    };
  }

  pause(): void {
    if (this.phase !== 'running') return;
    this.steer?.('pause');
    this.worked = this.seconds();
    this.since = undefined;
    this.to('paused');
  }

  resume(): void {
    if (this.phase !== 'paused') return;
    this.steer?.('resume');
    this.since = this.now();
    this.to('running');
  }

  /** Ends the training and keeps its best epoch. */
  stop(): void {
    if (this.phase !== 'running' && this.phase !== 'paused') return;
    this.since ??= this.now();
    this.steer?.('stop');
    this.to('stopping');
  }

  cancel(): void {
    if (this.over) return;
    this.steer?.('resume'); // one that waits would not hear of it
    this.controller.abort();
  }

  succeed(result: Compressed): void {
    const { retraining, input, output } = result;
    if (!retraining) return;
    const { test, before, after, end, notes } = retraining;
    this.outcome = {
      ...{ end, notes, output: output.path },
      ...(test ?? { before, after }),
      ...{ test: test !== null, inputBytes: input.bytes, outputBytes: output.bytes },
    };
    this.finish('done');
  }

  /** @param problem one line; undefined when it was cancelled */
  fail(problem: string | undefined): void {
    this.problem = problem ?? '';
    this.finish(problem === undefined ? 'cancelled' : 'failed');
  }

  private hear(event: TrainingEvent): void {
    if (event.kind === 'epoch') this.add(event.epoch);
    else {
      this.start = event.start;
      if (this.phase === 'starting') this.phase = 'running';
    }
    this.changed();
  }

  private add(epoch: TrainingEpoch): void {
    this.epochs.push(epoch);
    const seconds = this.seconds();
    const last = this.lastEpoch;
    const same = last?.epoch.stage === epoch.stage && last.epoch.step === epoch.step;
    const more = same ? epoch.epoch - last.epoch.epoch : 0;
    const took = last ? seconds - last.seconds : 0;
    // epochs of an interrupted run come all at once
    if (this.start && more > 0 && took > 0.05) this.rate = (this.start.samples * more) / took;
    this.lastEpoch = { seconds, epoch };
  }

  private finish(phase: TrainingPhase): void {
    this.worked = this.seconds();
    this.since = undefined;
    this.to(phase);
  }

  private to(phase: TrainingPhase): void {
    this.phase = phase;
    this.changed();
  }

  private seconds(): number {
    return this.worked + (this.since === undefined ? 0 : (this.now() - this.since) / 1000);
  }
}
