/** A sensitivity scan on a page: its pictures, the model as it is, and what was scored. */
import type {
  Accuracy,
  Retraining,
  SensitivityResult,
} from '../../src/engine/protocol-accuracy.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure, type Drawing } from '../ui/figure.ts';
import { formatAccuracy, formatExact, formatSmall } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { SharedStrings } from '../ui/strings.ts';
import { bitsDrawings, pruningDrawing } from './sensitivity.ts';
import { wordFor, type AccuracyWords } from './words.ts';

type Words = AccuracyWords & SharedStrings;

/** `98.36 %`, or an error where there are no classes. */
export function accuracyText({ top1, loss }: Accuracy): string {
  return top1 === null ? formatSmall(loss) : formatAccuracy(top1);
}

/** What was taken for samples and labels, and the output that was scored, where the record says it. */
export function takenSentence(
  { taken, scored }: Pick<Retraining, 'taken' | 'scored'>,
  t: AccuracyWords,
): HTMLElement | null {
  const parts = [
    ...(taken?.line !== undefined ? [fill(t.readAs, taken.line)] : []),
    ...(scored && scored.among.length > 1
      ? [fill(t.scoredOutput, scored.name, scored.among.join(', '))]
      : []),
  ];
  return parts.length > 0 ? el('p', { class: 'sentence muted taken' }, parts.join(' ')) : null;
}

export function sensitivitySection(scan: SensitivityResult, t: Words, out: Output): HTMLElement {
  const pruning = pruningDrawing(scan, t);
  const { baseline } = scan;
  return el(
    'section',
    { 'aria-labelledby': 'sensitivity-heading', class: 'sensitivity' },
    el('h2', { id: 'sensitivity-heading' }, t.sensitivity),
    el(
      'p',
      { class: 'sentence muted' },
      fill(t.sensitivityBase, accuracyText(baseline), formatExact(baseline.samples)),
    ),
    takenSentence(scan, t),
    el(
      'div',
      { class: 'pair-of-figures' },
      pruning
        ? accuracyFigure(
            { id: 'pruning', heading: t.pruningCurves, caption: t.pruningCaption },
            pruning,
            t,
            out,
          )
        : null,
      ...bitsDrawings(scan, t).map((drawing) =>
        accuracyFigure(
          {
            id: drawing.kind === '' ? 'bits' : `bits-${drawing.kind}`,
            heading:
              drawing.kind === ''
                ? t.bitsCurves
                : `${t.bitsCurves}: ${wordFor('kind', drawing.kind, t)}`,
            caption: t.bitsCaption,
          },
          drawing,
          t,
          out,
        ),
      ),
    ),
  );
}

export function accuracyFigure(
  parts: { readonly id: string; readonly heading: string; readonly caption: string },
  drawing: Drawing,
  t: Words,
  out: Output,
): HTMLElement {
  const made = new Figure(parts, t, out);
  made.update(drawing);
  return made.element;
}
