/**
 * Accuracy: what was measured of the model with the user's samples, and the ways to measure it. The host
 * does the work and keeps the results; the page shows them.
 */
import { evaluationSection } from '../accuracy/evaluation.ts';
import { frontSection } from '../accuracy/front.ts';
import { impactSection, type Protect } from '../accuracy/impact.ts';
import type { Measured, Measurement } from '../accuracy/measured.ts';
import { sensitivitySection } from '../accuracy/sensitivity-section.ts';
import { el, fill } from '../ui/dom.ts';
import type { Output } from '../ui/output.ts';
import type { InspectorStrings } from './strings.ts';

export interface AccuracyActions {
  readonly measure: (what: Measurement) => void;
  readonly protect: Protect;
  readonly compressTo: (bytes: number) => void;
}

export function accuracyPanel(
  { samples, evaluation, impact, sensitivity, front }: Measured,
  t: InspectorStrings,
  out: Output,
  on: AccuracyActions,
): HTMLElement {
  const button = (label: string, what: Measurement): HTMLElement => {
    const made = el('button', { type: 'button', class: 'secondary' }, label);
    made.addEventListener('click', () => on.measure(what));
    return made;
  };
  const sections = [
    evaluation ? evaluationSection(evaluation, t) : null,
    impact ? impactSection(impact, t, out, on.protect) : null,
    front ? frontSection(front, t, out, on.compressTo) : null,
    sensitivity ? sensitivitySection(sensitivity, t, out) : null,
  ].filter((section) => section !== null);
  return el(
    'div',
    { class: 'overview measured' },
    el('h2', { class: 'hidden-visually' }, t.accuracy),
    el(
      'div',
      { class: 'actions' },
      button(t.evaluate, 'evaluate'),
      button(t.measureImpact, 'impact'),
      button(t.findSmallest, 'front'),
      button(t.scanSensitivity, 'sensitivity'),
      samples === undefined ? null : el('span', { class: 'muted' }, fill(t.samplesUsed, samples)),
      button(samples === undefined ? t.chooseSamples : t.otherSamples, 'samples'),
    ),
    ...(sections.length > 0 ? sections : [el('p', { class: 'muted' }, t.nothingMeasured)]),
  );
}
