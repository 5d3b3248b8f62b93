/** How a model answers on the user's samples: accuracy, or agreement with its original. */
import { el, fill } from '../ui/dom.ts';
import { formatAccuracy, formatError, formatExact, formatSmall } from '../ui/format.ts';
import { tableBox } from '../ui/table.ts';
import type { Evaluation } from './measured.ts';
import type { MeasuredWords } from './measured-words.ts';

export function evaluationSection(evaluation: Evaluation, t: MeasuredWords): HTMLElement {
  const { samples, taken, files, fidelity } = evaluation;
  const count = fidelity?.samples ?? files[0]?.accuracy.samples ?? 0;
  return el(
    'section',
    { class: 'evaluation', 'aria-labelledby': 'evaluation-heading' },
    el('h2', { id: 'evaluation-heading' }, t.evaluation),
    el(
      'p',
      { class: 'sentence muted' },
      [fill(t.evaluatedOn, samples, formatExact(count)), taken].join(' ').trim(),
    ),
    fidelity ? el('p', { class: 'sentence' }, agreementText(fidelity, t)) : null,
    files.length > 0 ? accuracyTable(files, t) : null,
  );
}

/** `The answers agree with the original’s on 98.33 % of 120 samples (…)`. */
export function agreementText(
  { kind, disagreement, interval, relativeError, samples }: NonNullable<Evaluation['fidelity']>,
  t: MeasuredWords,
): string {
  const count = formatExact(samples);
  if (kind === 'values' || !interval)
    return fill(t.outputsMoved, formatError(relativeError), count);
  return fill(
    t.agreesOn,
    ...[formatAccuracy(1 - disagreement), count],
    ...[formatAccuracy(1 - interval.high), formatAccuracy(1 - interval.low)],
  );
}

function accuracyTable(files: Evaluation['files'], t: MeasuredWords): HTMLElement {
  const has = (key: 'top1' | 'top5'): boolean =>
    files.some(({ accuracy }) => accuracy[key] !== null);
  const share = (value: number | null): string => (value === null ? '–' : formatAccuracy(value));
  return tableBox(
    {
      columns: [
        t.evaluatedFile,
        ...(has('top1') ? [t.rightAnswers] : []),
        ...(has('top5') ? [t.topFiveAnswers] : []),
        t.meanLoss,
      ],
      rows: files.map(({ name, accuracy: { top1, top5, loss } }) => [
        name,
        ...(has('top1') ? [share(top1)] : []),
        ...(has('top5') ? [share(top5)] : []),
        formatSmall(loss),
      ]),
    },
    t.evaluatedFiles,
  );
}
