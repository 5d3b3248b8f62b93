/** The choice of a metric and the key to its colours, for every picture of the whole model. */
import { node, toElement } from '../charts/svg.ts';
import { heatStep, heatSteps } from '../charts/treemap.ts';
import type { ViewOverview } from '../../src/engine/protocol-view.ts';
import { el } from '../ui/dom.ts';
import { formatMetric, metricsFor, type MetricId, type Scale } from './model.ts';
import type { InspectorStrings } from './strings.ts';

/** A label and a select; `id` is the select's. */
export class MetricPicker {
  readonly parts: readonly HTMLElement[];
  private readonly select: HTMLSelectElement;

  constructor(
    id: string,
    overview: ViewOverview,
    t: InspectorStrings,
    onChange: (metric: MetricId) => void,
  ) {
    const options = metricsFor(overview).map((m) => el('option', { value: m }, t[m]));
    this.select = el('select', { id }, ...options);
    this.select.addEventListener('change', () => onChange(this.value));
    this.parts = [el('label', { for: id }, t.colourBy), this.select];
  }

  get value(): MetricId {
    return this.select.value as MetricId;
  }

  set value(metric: MetricId) {
    this.select.value = metric;
  }
}

/** From the least to the most; `unknown`: some have none. */
export function metricKey(
  metric: MetricId,
  scale: Scale,
  unknown: boolean,
  t: InspectorStrings,
): HTMLElement[] {
  const swatch = (step: string): HTMLElement =>
    el(
      'span',
      { class: 'map-swatch', 'aria-hidden': 'true' },
      toElement(
        node(
          'svg',
          { width: 30, height: 12 },
          node('rect', { width: 30, height: 12, fill: `url(#heat-${step})` }),
        ),
      ),
    );
  return [
    el('span', {}, `${t[metric]}: ${formatMetric(metric, scale.low)}`),
    ...Array.from({ length: heatSteps }, (_, i) => swatch(String(heatStep((i + 0.5) / heatSteps)))),
    el('span', {}, `${scale.open ? '≥ ' : ''}${formatMetric(metric, scale.high)}`),
    ...(unknown ? [swatch('none'), el('span', {}, t.unknown)] : []),
  ];
}
