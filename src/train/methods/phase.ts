/**
 * Training with one structure: some epochs of gradient descent on the variables, the held-out samples
 * scored after each, the best epoch kept. An epoch follows from the seed and what was before it, so a
 * run that is taken up at an epoch's end goes on as if it had not been interrupted. A loss that is
 * not finite ends the phase: the best epoch before it is kept.
 */
import type { StageKind } from '../stages/all.ts';
import type { TrainingOptions } from '../stages/stage.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { shuffled } from '../dataset/dataset.ts';
import { clipNorm, Optimizer, type OptimizerState } from '../optimizer.ts';
import { rateAt, type RateSchedule } from '../schedule.ts';
import { randomAt, seedAt, type Network } from './network.ts';
import { restore, snapshot, spread, trainedOf, variableGradients } from './parameters.ts';
import { refuseOther } from './checkpoint-shape.ts';
import type { Score } from './score.ts';

export interface Epoch {
  readonly stage: number;
  readonly kind: StageKind;
  /** Of pruning, from 0. */
  readonly step: number;
  /** Epochs done, the last maybe in part; 0: before the first of the phase. */
  readonly epoch: number;
  /** Mean over the steps of the epoch; null before the first. */
  readonly trainingLoss: number | null;
  /** On the held-out samples; null when none are held out. */
  readonly validation: Score | null;
  /** Share of zeros among the weights. */
  readonly sparsity: number;
}

export interface Best {
  readonly epoch: number;
  readonly validation: Score | null;
  readonly variables: readonly Float32Array[];
  readonly states: readonly Float32Array[];
}

/** What is needed to go on after an epoch. */
export interface PhaseState {
  /** Epochs done. */
  readonly epoch: number;
  readonly optimizer: OptimizerState;
  readonly best: Best;
}

export interface PhaseHooks {
  /** Called between steps: may throw `cancelled`. */
  readonly turn: () => Promise<void>;
  /** Whether to end here and keep the best. */
  readonly stopped: () => boolean;
  readonly onStep: (part: number, loss: number) => void;
  /** After each epoch, the state being what a resumed phase is given. */
  readonly onEpoch: (
    epoch: Omit<Epoch, 'stage' | 'step' | 'sparsity'>,
    state: PhaseState,
  ) => Promise<void>;
}

export interface PhaseOptions {
  readonly stage: TrainingOptions & { readonly kind: StageKind };
  readonly training: Uint32Array;
  readonly validation: Uint32Array;
  readonly seed: number;
  readonly isFrozen: (name: string) => boolean;
  /** What is done after every update, at its rate. */
  readonly afterUpdate?: ((rate: number) => void) | undefined;
  /** What the optimizer goes on from, when the variables are those of the phase before. */
  readonly optimizer?: OptimizerState | undefined;
}

export type PhaseEnd = 'done' | 'stopped' | 'diverged';

export async function runPhase(
  network: Network,
  options: PhaseOptions,
  hooks: PhaseHooks,
  resumed?: PhaseState,
): Promise<{ readonly end: PhaseEnd; readonly optimizer: OptimizerState }> {
  const { stage, training, validation } = options;
  const { parameters, states, batch } = network;
  const optimizer = new Optimizer(
    stage.optimizer === 'adam' ? { kind: 'adam' } : { kind: 'sgd', momentum: stage.momentum },
    { l1: stage.l1, l2: stage.l2 },
    parameters.flatMap((p) => trainedOf(p, options.isFrozen(p.name))),
    network.helpers,
  );
  const score = async (): Promise<Score | null> =>
    validation.length ? network.score(validation, hooks.turn) : null;
  const kept = (epoch: number, found: Score | null): Best => ({
    epoch,
    validation: found,
    variables: snapshot(parameters),
    states: states.map(({ values }) => values.slice()),
  });
  if (options.optimizer) optimizer.restore(options.optimizer);
  const stateAfter = (epoch: number, best: Best): PhaseState => ({
    epoch,
    optimizer: optimizer.state(),
    best,
  });

  let best: Best;
  if (resumed) {
    refuseOther(optimizer.state().moments, resumed.optimizer.moments);
    refuseOther(snapshot(parameters), resumed.best.variables);
    refuseOther(
      states.map((s) => s.values),
      resumed.best.states,
    );
    optimizer.restore(resumed.optimizer);
    best = resumed.best;
  } else {
    // between steps of pruning nothing hangs on it
    const before = options.optimizer && stage.keep === 'last' ? null : await score();
    best = kept(0, before);
    const epoch = { kind: stage.kind, epoch: 0, trainingLoss: null, validation: before };
    await hooks.onEpoch(epoch, stateAfter(0, best));
  }
  let end: PhaseEnd = 'done';
  for (let e = resumed?.epoch ?? 0; e < stage.epochs && end === 'done'; e++) {
    // the last epoch may be a part of one
    const part = Math.min(1, stage.epochs - e);
    const steps = Math.max(1, Math.floor((training.length * part) / batch));
    const order = orderOf(training, seedAt(options.seed, e, 1), batch);
    const random = randomAt(options.seed, e, 2);
    let sum = 0;
    let done = 0;
    while (done < steps && end === 'done') {
      await hooks.turn();
      const { loss, gradients } = await network.gradients(order, done * batch, random);
      if (!Number.isFinite(loss)) {
        end = 'diverged';
        break;
      }
      const changes = parameters.flatMap((p, i) => variableGradients(p, gradients[i]!));
      if (stage.clip > 0) clipNorm(changes, stage.clip);
      const rate = rateAt(rateOf(stage), (e + (part * done) / steps) / stage.epochs);
      await optimizer.step(changes, rate);
      options.afterUpdate?.(rate);
      for (const parameter of parameters) spread(parameter);
      sum += loss;
      done++;
      hooks.onStep((e + (part * done) / steps) / stage.epochs, sum / done);
      if (hooks.stopped()) end = 'stopped';
    }
    if (end === 'diverged') break;
    let found: Score | null;
    try {
      found = await score();
    } catch (error) {
      if (!(error instanceof DeepCompressionError) || error.code !== 'invalid-model') throw error;
      end = 'diverged';
      break;
    }
    if (isBetter(found, best.validation, stage.keep)) best = kept(e + 1, found);
    const epoch = {
      kind: stage.kind,
      epoch: e + part,
      trainingLoss: sum / done,
      validation: found,
    };
    if (end === 'done') await hooks.onEpoch(epoch, stateAfter(e + 1, best));
  }
  restore(parameters, best.variables);
  states.forEach(({ values }, i) => values.set(best.states[i]!));
  return { end, optimizer: optimizer.state() };
}

/** All samples once, in an order of the seed; repeated from the front where they do not fill a batch. */
export function orderOf(training: Uint32Array, seed: number, batch: number): Uint32Array {
  const order = shuffled(training.length, seed);
  const length = Math.max(batch, training.length);
  return Uint32Array.from({ length }, (_, i) => training[order[i % order.length]!]!);
}

export function rateOf({ schedule, rate }: TrainingOptions): RateSchedule {
  switch (schedule) {
    case 'constant':
      return { kind: 'constant', rate };
    case 'cosine':
      return { kind: 'cosine', rate, end: 0 };
    case 'steps':
      return { kind: 'steps', rate, factor: 0.1, boundaries: [0.5, 0.75] };
  }
}

/** More right answers, or as many with less loss; without held-out samples the later is better. */
export function isBetter(
  found: Score | null,
  best: Score | null,
  keep: TrainingOptions['keep'],
): boolean {
  if (keep === 'last' || !found || !best) return true;
  if (!Number.isFinite(found.loss)) return false;
  if (found.top1 !== null && best.top1 !== null && found.top1 !== best.top1)
    return found.top1 > best.top1;
  return found.loss < best.loss;
}
