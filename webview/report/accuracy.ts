/**
 * What compression cost, and what is known about the layers: accuracy before and after, the epochs of a
 * retraining, the curves of a sensitivity scan. All from the training record beside the file.
 */
import type { Accuracy, Retraining } from '../../src/engine/protocol-accuracy.ts';
import { courseDrawing } from '../accuracy/curves.ts';
import { accuracyFigure, accuracyText, takenSentence } from '../accuracy/sensitivity-section.ts';
import { el, fill } from '../ui/dom.ts';
import { formatAccuracy, formatExact, formatSmall } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { ReportStrings } from './strings.ts';

/** Before and after on the same samples. */
export interface Pair {
  readonly kind: 'test' | 'heldOut';
  readonly before: Accuracy;
  readonly after: Accuracy;
}

/** On test samples first: no choice was made on those. */
export function pairsOf({ test, before, after }: Retraining): readonly Pair[] {
  return [
    ...(test ? [{ kind: 'test' as const, ...test }] : []),
    ...(before && after ? [{ kind: 'heldOut' as const, before, after }] : []),
  ];
}

/** In points of a percent, with its sign; the loss relative to what it was. */
export function changeText({ before, after }: Pair): string {
  const sign = (text: string): string => (text.startsWith('-') ? `−${text.slice(1)}` : `+${text}`);
  if (before.top1 !== null && after.top1 !== null)
    return sign(((after.top1 - before.top1) * 100).toFixed(2)).replace(/^[+−](?=0\.00$)/, '±');
  return before.loss > 0 ? `${sign(((after.loss / before.loss - 1) * 100).toFixed(1))} %` : '–';
}

export function samplesText({ kind, after }: Pair, t: ReportStrings): string {
  return `${formatExact(after.samples)} ${kind === 'test' ? t.testSamples : t.heldOut}`;
}

export function measureName({ agreement }: Retraining, { after }: Pair, t: ReportStrings): string {
  if (after.top1 === null) return t.squaredError;
  return agreement ? t.agreement : t.accuracy;
}

export function accuracySection(
  retraining: Retraining,
  t: ReportStrings,
  out: Output,
): HTMLElement {
  const { epochs, before, agreement, data, runtime, end } = retraining;
  const pairs = pairsOf(retraining);
  const ends = { done: '', stopped: ` ${t.endStopped}`, diverged: ` ${t.endDiverged}` };
  return el(
    'section',
    { 'aria-labelledby': 'accuracy-heading', class: 'accuracy' },
    el('h2', { id: 'accuracy-heading' }, t.accuracy),
    el(
      'p',
      { class: 'sentence muted' },
      fill(t.retrainedOn, data, runtime) + ends[end],
      agreement ? ` ${t.agreementHint}.` : null,
    ),
    takenSentence(retraining, t),
    pairs.length > 0 ? pairTable(retraining, pairs, t) : null,
    epochs.length > 0
      ? accuracyFigure(
          { id: 'training', heading: t.curves, caption: t.curvesCaption },
          courseDrawing({ epochs, before, agreement }, t),
          t,
          out,
        )
      : null,
  );
}

function pairTable(retraining: Retraining, pairs: readonly Pair[], t: ReportStrings): HTMLElement {
  const classes = pairs.some((p) => p.after.top1 !== null);
  const head = (text: string, numeric = true): HTMLElement =>
    el('th', { scope: 'col', class: numeric ? 'number' : '' }, text);
  const cell = (text: string): HTMLElement => el('td', { class: 'number' }, text);
  const five = (a: Accuracy): string => (a.top5 === null ? '–' : formatAccuracy(a.top5));
  return el(
    'div',
    { class: 'scroll pairs', role: 'region', tabindex: 0, 'aria-label': t.accuracy },
    el(
      'table',
      { class: 'plain' },
      el('caption', { class: 'hidden-visually' }, t.accuracy),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          head('', false),
          head(`${measureName(retraining, pairs[0]!, t)}, ${t.before}`),
          head(t.after),
          head(classes ? t.changePoints : t.change),
          ...(classes
            ? [
                head(`${t.topFive}, ${t.before}`),
                head(t.after),
                head(`${t.loss}, ${t.before}`),
                head(t.after),
              ]
            : []),
        ),
      ),
      el(
        'tbody',
        {},
        ...pairs.map((pair) =>
          el(
            'tr',
            {},
            el('th', { scope: 'row' }, samplesText(pair, t)),
            cell(accuracyText(pair.before)),
            cell(accuracyText(pair.after)),
            cell(changeText(pair)),
            ...(classes
              ? [
                  cell(five(pair.before)),
                  cell(five(pair.after)),
                  cell(formatSmall(pair.before.loss)),
                  cell(formatSmall(pair.after.loss)),
                ]
              : []),
          ),
        ),
      ),
    ),
  );
}
