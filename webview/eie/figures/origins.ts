/** Where a figure comes from: published, simulated, measured here. */
import { cycleSwatch, origins, type Origin } from '../../charts/cycle-patterns.ts';
import { toElement } from '../../charts/svg.ts';
import { el } from '../../ui/dom.ts';
import type { EieStrings } from '../strings.ts';

export function originName(origin: Origin, t: EieStrings): string {
  return { published: t.publishedLabel, simulated: t.simulated, measured: t.measuredHere }[origin];
}

export function originLegend(t: EieStrings): HTMLElement {
  return el(
    'ul',
    { class: 'origins' },
    ...origins.map((o) => el('li', {}, toElement(cycleSwatch(o)), originName(o, t))),
  );
}
