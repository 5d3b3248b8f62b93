/** The first line of a compressed file's pages: what the file says that it did to the model's outputs. */
import type { Stated } from '../../src/engine/protocol-fidelity.ts';
import { el, fill } from './dom.ts';
import { formatAccuracy, formatError, formatExact } from './format.ts';

/** Part of the `english` of every page that shows it. */
export const statedWords = {
  statedAgree: 'Answers agree on {0} of {1} samples',
  statedAccuracy: 'Accuracy {0} → {1} on {2} samples',
  statedMoved: 'Outputs moved by {0} on {1} samples',
  statedEstimate: 'Outputs moved by {0}, estimated on {1} made-up inputs',
  statedInterval: '95 % interval of the changed answers: {0} to {1}.',
  statedByFile: 'as the file states',
  statedHint:
    'What the program that wrote the file measured on samples of its user. Nothing in the file proves it: Evaluate Accuracy… measures it again.',
  statedUnusable: 'Probably unusable.',
  statedCheck: 'Check this file.',
  statedNothing: 'What this did to the answers of the model is not known.',
};

export type StatedStrings = Readonly<Record<keyof typeof statedWords, string>>;

export function statedLine(stated: Stated | undefined, t: StatedStrings): HTMLElement {
  const { outputs, verdict } = stated ?? {};
  if (!outputs || !verdict) return el('p', { class: 'stated unknown' }, t.statedNothing);
  const warning = { kept: '', changed: t.statedCheck, destroyed: t.statedUnusable }[verdict];
  const { interval } = outputs;
  const hint = [
    t.statedHint,
    interval && outputs.on === 'samples'
      ? fill(t.statedInterval, formatAccuracy(interval.low), formatAccuracy(interval.high))
      : '',
  ];
  return el(
    'p',
    { class: `stated ${verdict}`, title: hint.join(' ').trim() },
    verdict === 'kept' ? null : el('span', { class: 'sign', 'aria-hidden': 'true' }, '⚠ '),
    warning ? el('strong', {}, `${warning} `) : null,
    `${statedSentence(outputs, t)}, ${t.statedByFile}.`,
  );
}

/** What the file did to the outputs, in one sentence without its end. */
export function statedSentence(outputs: NonNullable<Stated['outputs']>, t: StatedStrings): string {
  const { on, kind, samples, accuracy, disagreement, relativeError } = outputs;
  const count = formatExact(samples);
  if (on === 'made-up inputs') return fill(t.statedEstimate, formatError(relativeError), count);
  if (accuracy)
    return fill(
      t.statedAccuracy,
      formatAccuracy(accuracy.original),
      formatAccuracy(accuracy.changed),
      count,
    );
  return kind === 'values'
    ? fill(t.statedMoved, formatError(relativeError), count)
    : fill(t.statedAgree, formatAccuracy(1 - disagreement), count);
}
