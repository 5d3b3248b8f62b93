/** Layer > Weights: heatmap, histogram, statistics. */
import type { LayerMeasure, LayerSummary } from '../../src/engine/protocol-view.ts';
import { el } from '../ui/dom.ts';
import type { Output } from '../ui/output.ts';
import type { Ask } from './asker.ts';
import { FactsSection } from './facts-section.ts';
import type { HeatMemory } from './heat/place.ts';
import { HeatSection } from './heat/section.ts';
import { HistogramSection } from './histogram-section.ts';
import { patternText, scaleEnd } from './model.ts';
import type { There } from './peer.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

export class WeightsPanel {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private readonly heat: HeatSection;
  private readonly histogram: HistogramSection;
  private readonly facts: FactsSection;
  private known = false;

  constructor(
    private readonly layer: LayerSummary,
    there: There | undefined,
    private readonly store: Store,
    ask: Ask,
    t: InspectorStrings,
    out: Output,
    memory: HeatMemory,
  ) {
    this.heat = new HeatSection(layer, () => scaleEnd(this.measure), ask, t, out, memory);
    this.histogram = new HistogramSection(layer, there, ask, t, out);
    this.facts = new FactsSection(layer, store, t, out);
    this.element = el(
      'div',
      { class: 'panel' },
      this.heat.element,
      el('div', { class: 'pair' }, this.histogram.element, this.facts.element),
    );
    void ask('pattern', { layer: layer.layer }, this.control.signal)
      .then((found) => (this.facts.zerosLie = patternText(found, t)))
      .catch(() => undefined); // a fact less; the others say what is wrong
    this.refresh();
  }

  stop(): void {
    this.control.abort();
    this.heat.stop();
    this.histogram.stop();
  }

  /** More is known. */
  refresh(): void {
    this.facts.refresh();
    const { measure } = this;
    if (!measure || this.known) return;
    this.known = true;
    this.heat.known(measure);
  }

  private get measure(): LayerMeasure | undefined {
    return this.store.measures.get(this.layer.layer);
  }
}
