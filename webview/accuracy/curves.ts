/** The epochs of a training as curves, as a sentence and as a table. */
import type { Accuracy, PlannedStage, TrainingEpoch } from '../../src/engine/protocol-accuracy.ts';
import { trainingCurves, type CurvePhase, type TrainingCurves } from '../charts/training-curves.ts';
import { fill } from '../ui/dom.ts';
import type { Drawing } from '../ui/figure.ts';
import { formatAccuracy, formatShare } from '../ui/format.ts';
import { wordFor, type AccuracyWords } from './words.ts';

/** What has been trained, and what is to come. */
export interface Course {
  readonly epochs: readonly TrainingEpoch[];
  /** All stages; without, those that have epochs. */
  readonly plan?: readonly PlannedStage[];
  /** The model on the held-out samples as it was. */
  readonly before: Accuracy | null;
  /** Accuracy is agreement with the original. */
  readonly agreement: boolean;
}

export function courseDrawing(course: Course, t: AccuracyWords): Drawing {
  const { epochs, before, agreement } = course;
  const summary = summaryOf(course, t);
  const accuracy = agreement ? t.agreement : t.accuracy;
  return {
    summary,
    draw: (width) =>
      trainingCurves(curvesOf(course, t), {
        width,
        summary,
        words: { ...t, accuracy, before: t.before },
      }),
    table: () => ({
      columns: [
        t.stage,
        t.step,
        t.epoch,
        { name: t.zeros, as: 'share' },
        t.trainingLoss,
        t.heldOutLoss,
        { name: accuracy, as: 'accuracy' },
      ],
      rows: [
        ...(before ? [[t.before, null, null, null, null, before.loss, before.top1]] : []),
        ...epochs.map((e) => [
          `${e.stage + 1} ${wordFor('stage', e.kind, t)}`,
          e.step + 1,
          e.epoch,
          e.sparsity,
          e.trainingLoss,
          e.validation?.loss ?? null,
          e.validation?.top1 ?? null,
        ]),
      ],
    }),
  };
}

/** Where every epoch stands: the steps of all stages one after another, one wide without epochs. */
export function curvesOf({ epochs, plan, before }: Course, t: AccuracyWords): TrainingCurves {
  const steps = plan
    ? plan.flatMap(({ kind, steps: count, epochs: length }, stage) =>
        Array.from({ length: count }, (_, step) => ({ stage, step, kind, length })),
      )
    : stepsIn(epochs);
  const phases: CurvePhase[] = [];
  const starts = new Map<string, { readonly start: number; readonly length: number }>();
  let start = 0;
  for (const { stage, step, kind, length: epochsOf } of steps) {
    const length = epochsOf > 0 ? epochsOf : 1;
    phases.push({ stage, label: wordFor('stage', kind, t), start, length });
    starts.set(`${stage} ${step}`, { start, length });
    start += length;
  }
  const points = epochs.flatMap((e) => {
    const phase = starts.get(`${e.stage} ${e.step}`);
    if (!phase) return [];
    // a reconstruction is scored once, at its end
    const at = phase.start + (e.kind === 'reconstruct' ? phase.length : e.epoch);
    return [
      {
        at: Math.min(at, phase.start + phase.length),
        name: `${wordFor('stage', e.kind, t)}, ${t.epoch} ${e.epoch}`,
        accuracy: e.validation?.top1 ?? null,
        loss: e.validation?.loss ?? null,
        trainingLoss: e.trainingLoss,
        sparsity: e.sparsity,
      },
    ];
  });
  return { phases, points, before: before?.top1 ?? null };
}

interface Step {
  readonly stage: number;
  readonly step: number;
  readonly kind: string;
  readonly length: number;
}

function stepsIn(epochs: readonly TrainingEpoch[]): Step[] {
  const found = new Map<string, Step>();
  for (const { stage, step, kind, epoch } of epochs) {
    const key = `${stage} ${step}`;
    const length = Math.max(epoch, found.get(key)?.length ?? 0);
    found.set(key, { stage, step, kind, length });
  }
  return [...found.values()];
}

function summaryOf({ epochs, before, agreement }: Course, t: AccuracyWords): string {
  const last = epochs.at(-1);
  if (!last) return '';
  const trained = stepsIn(epochs).reduce((sum, s) => sum + s.length, 0);
  const stages = new Set(epochs.map((e) => e.stage)).size;
  const sentences = [
    fill(t.curvesSummary, Number(trained.toFixed(1)), stages, formatShare(last.sparsity)),
  ];
  const [from, to] = [before?.top1 ?? null, last.validation?.top1 ?? null];
  if (from !== null && to !== null)
    sentences.push(
      fill(
        t.curvesAccuracy,
        agreement ? t.agreement : t.accuracy,
        formatAccuracy(from),
        formatAccuracy(to),
      ),
    );
  return sentences.join(' ');
}
