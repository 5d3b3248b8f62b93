/** The figures above the curves: accuracy, zeros, time, speed or size. Pure: state in, texts out. */
import type { Accuracy, TrainingEpoch } from '../../src/engine/protocol-accuracy.ts';
import { fill } from '../ui/dom.ts';
import {
  formatAccuracy,
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatRatio,
  formatShare,
  formatSmall,
} from '../ui/format.ts';
import type { TrainingState } from './messages.ts';
import type { TrainingStrings } from './strings.ts';

export interface Card {
  readonly label: string;
  readonly value: string;
  readonly detail: string;
}

export function cardsOf(
  state: TrainingState,
  epochs: readonly TrainingEpoch[],
  t: TrainingStrings,
): readonly Card[] {
  const last = epochs.at(-1);
  return [
    accuracyCard(state, last, t),
    { label: t.zeros, value: last ? formatShare(last.sparsity) : '–', detail: t.pruneNow },
    timeCard(state, t),
    state.outcome
      ? {
          label: t.size,
          value: formatRatio(state.outcome.inputBytes / state.outcome.outputBytes),
          detail: fill(
            t.sizeDetail,
            formatBytes(state.outcome.inputBytes),
            formatBytes(state.outcome.outputBytes),
          ),
        }
      : {
          label: t.speed,
          value: state.rate === null ? '–' : formatCount(state.rate),
          detail: t.speedHint,
        },
  ];
}

function accuracyCard(
  { start, outcome }: TrainingState,
  last: TrainingEpoch | undefined,
  t: TrainingStrings,
): Card {
  const now = outcome ? outcome.after : (last?.validation ?? start?.before ?? null);
  const before = outcome ? outcome.before : (start?.before ?? null);
  const label = now?.top1 === null ? t.squaredError : start?.agreement ? t.agreement : t.accuracy;
  if (!now) return { label, value: '–', detail: t.noScore };
  const on = fill(outcome?.test ? t.onTest : t.onHeldOut, formatExact(now.samples));
  const than = before ? `${fill(t.accuracyBefore, scoreText(before))}, ` : '';
  return { label, value: scoreText(now), detail: than + on };
}

/** `98.36 %`, or the error where there are no classes. */
export function scoreText({ top1, loss }: Accuracy): string {
  return top1 === null ? formatSmall(loss) : formatAccuracy(top1);
}

function timeCard({ seconds, secondsLeft, phase }: TrainingState, t: TrainingStrings): Card {
  const running = phase === 'running' && secondsLeft !== null;
  return {
    label: t.time,
    value: formatDuration(seconds),
    detail: running ? fill(t.timeLeft, formatDuration(secondsLeft)) : t.timeWorked,
  };
}
