/** What a retraining says beside its epochs: what it is about to do, what lies behind it, what to note. */
import type { TrainingGraph } from '../../train/compile.ts';
import { stepsOf, type StageRecipe } from '../../train/stages/all.ts';
import type { TrainingEpoch, TrainingEvent, TrainingStart } from '../protocol-accuracy.ts';
import type { Trainable } from './trainable.ts';

/** Before the first epoch: the stages and the model as it is, then the epochs of an interrupted run. */
export function announce(
  tell: (event: TrainingEvent) => void,
  stages: readonly StageRecipe[],
  history: readonly TrainingEpoch[],
  start: Omit<TrainingStart, 'stages'>,
): void {
  const planned = stages.map((stage) => ({
    kind: stage.kind,
    steps: stepsOf(stage),
    epochs: stage.epochs,
  }));
  tell({ kind: 'start', start: { ...start, stages: planned } });
  for (const epoch of history) tell({ kind: 'epoch', epoch });
}

/** One line for each thing that the user should know of what is not trained. */
export function notesOn({ untrained, stoppedAt }: TrainingGraph, { notes }: Trainable): string[] {
  const few = untrained.slice(0, 5).join(', ');
  return [
    ...notes,
    ...(untrained.length > 0
      ? [
          `not trained, because no gradient reaches them: ${few}${untrained.length > 5 ? ` and ${untrained.length - 5} more` : ''}`,
        ]
      : []),
    ...stoppedAt.map((op) => `gradients stop at ${op}: it has no gradient rule`),
  ];
}
