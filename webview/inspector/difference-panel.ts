/**
 * Layer > Difference: what a layer has more than the one of the other model. How much changed, where
 * (the heatmap of the differences, or either layer in its place), and how large the differences are.
 */
import type { LayerDifference, LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { formatExact, formatFigures, formatFloat, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { Abandoned, type Ask } from './asker.ts';
import { HeatSection } from './heat/section.ts';
import { HistogramSection } from './histogram-section.ts';
import { fileName } from './model.ts';
import type { There } from './peer.ts';
import type { InspectorStrings } from './strings.ts';

type Seen = 'difference' | 'this' | 'other';

export class DifferencePanel {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private readonly sentence = el('p', { class: 'sentence', role: 'status' });
  private readonly facts = el('dl', { class: 'facts columns-of-facts' });
  private readonly place = el('div', {});
  private readonly histograms: readonly HistogramSection[];
  private heat: HeatSection | undefined;
  private found: LayerDifference | undefined;
  private seen: Seen = 'difference';

  constructor(
    private readonly layer: LayerSummary,
    private readonly there: There,
    path: string,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    private readonly out: Output,
  ) {
    const own = fileName(path);
    const select = el(
      'select',
      { id: 'seen' },
      el('option', { value: 'difference' }, t.differenceSeen),
      el('option', { value: 'this' }, own),
      el('option', { value: 'other' }, there.name),
    );
    select.addEventListener('change', () => {
      this.seen = select.value as Seen;
      this.makeHeat();
    });
    const difference = this.minus();
    this.histograms = [
      new HistogramSection(layer, there, ask, t, out, {
        ...{ id: 'histogram', heading: t.histogram, own },
      }),
      new HistogramSection(layer, undefined, difference, t, out, {
        ...{ id: 'differences', heading: t.differences, own },
      }),
    ];
    this.element = el(
      'div',
      { class: 'panel' },
      el(
        'section',
        { 'aria-labelledby': 'difference-heading' },
        el('h3', { id: 'difference-heading' }, fill(t.differenceTo, there.name)),
        el('p', { class: 'caption' }, fill(t.compareSigns, own, there.name)),
        this.sentence,
        this.facts,
      ),
      el('div', { class: 'tools seen' }, el('label', { for: 'seen' }, t.seen), select),
      this.place,
      el('div', { class: 'pair even' }, ...this.histograms.map((h) => h.element)),
    );
    this.makeHeat();
    void this.load();
  }

  stop(): void {
    this.control.abort();
    this.heat?.stop();
    for (const histogram of this.histograms) histogram.stop();
  }

  /** The same questions about the difference. */
  private minus(): Ask {
    const minus = this.there.layer.layer;
    return (name, query, signal) => this.ask(name, { ...query, minus }, signal, 'both');
  }

  private makeHeat(): void {
    const { layer, there, ask, t, out, seen } = this;
    this.heat?.stop();
    const words: InspectorStrings =
      seen === 'difference'
        ? {
            ...t,
            ...{ heatmap: t.differenceMap, showDensity: t.showChanged, showMean: t.showMeanChange },
            ...{ showMax: t.showLargestChange, keyValues: t.keyDifference, rowSums: t.rowChanges },
            ...{ readValue: t.readDifference, readBlock: t.readChanges },
          }
        : t;
    const heat =
      seen === 'other'
        ? new HeatSection(there.layer, () => this.most, this.other(), words, out)
        : new HeatSection(layer, () => this.most, seen === 'this' ? ask : this.minus(), words, out);
    this.heat = heat;
    this.place.replaceChildren(heat.element);
    this.colour();
  }

  private other(): Ask {
    return (name, query, signal) => this.ask(name, query, signal, 'other');
  }

  /** The end of the colour scale: three root mean squares, or the largest when that is less. */
  private get most(): number {
    const d = this.found;
    return d ? Math.min(d.largest, 3 * d.rmse) || d.largest || 1 : 1;
  }

  private colour(): void {
    if (this.found) this.heat?.known(this.found.changed < this.found.weights * 0.98 ? 1 : 0);
  }

  private async load(): Promise<void> {
    const { t, layer, there } = this;
    try {
      const pairs = [{ layer: layer.layer, other: there.layer.layer }];
      const { differences, failed } = await this.ask(
        'difference',
        { pairs },
        this.control.signal,
        'both',
      );
      const [d] = differences;
      if (!d) {
        this.sentence.textContent = fill(t.couldNotRead, failed[0]?.why ?? '');
        return;
      }
      this.found = d;
      this.describe(d);
      this.colour();
    } catch (error) {
      if (!(error instanceof Abandoned))
        this.sentence.textContent = fill(t.notAvailable, (error as Error).message);
    }
  }

  private describe(d: LayerDifference): void {
    const { t } = this;
    const share = (count: number): string =>
      `${formatExact(count)} (${formatShare(count / Math.max(1, d.weights))})`;
    this.sentence.textContent =
      d.changed === 0
        ? t.nothingChanged
        : fill(
            t.changeSummary,
            share(d.changed),
            d.relative === null ? '–' : formatShare(d.relative),
            formatFigures(d.rmse),
          );
    const facts: readonly (readonly [string, string])[] = [
      [t.changed, share(d.changed)],
      [t.becameZero, share(d.becameZero)],
      [t.becameNonzeroFact, share(d.becameNonzero)],
      [t.signFlips, share(d.signFlips)],
      [t.rmse, formatFloat(d.rmse)],
      [t.largest, formatFloat(d.largest)],
      [t.relative, d.relative === null ? '–' : formatShare(d.relative)],
      [t.cosine, d.cosine === null ? '–' : d.cosine.toFixed(6)],
      ...(d.nonFinite > 0 ? [[t.nonFinite, share(d.nonFinite)] as const] : []),
    ];
    this.facts.replaceChildren(
      ...facts.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
    );
  }
}
