/**
 * Layer > Difference: what a layer has more than the one of the other model. How much changed, where
 * (the heatmap of the differences, or either layer in its place), and how large the differences are.
 */
import type {
  LayerDifference,
  LayerMeasure,
  LayerSummary,
} from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { formatExact, formatFigures, formatFloat, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { HeatMemory } from './heat/place.ts';
import { HeatSection } from './heat/section.ts';
import { HistogramSection } from './histogram-section.ts';
import { fileName, scaleEnd } from './model.ts';
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
    private readonly memory: HeatMemory,
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
    const { layer, there, ask, t, out, memory, seen } = this;
    this.heat?.stop();
    if (seen === 'difference') {
      const most = (): number => this.most;
      this.heat = new HeatSection(layer, most, this.minus(), differenceWords(t), out, memory);
      this.colour();
    } else {
      const shown = seen === 'this' ? layer : there.layer;
      const asking: Ask =
        seen === 'this' ? ask : (name, query, signal) => ask(name, query, signal, 'other');
      this.heat = this.plainHeat(shown, asking);
    }
    this.place.replaceChildren(this.heat.element);
  }

  /** One of both layers as it is, on the scale of its own values. */
  private plainHeat(shown: LayerSummary, asking: Ask): HeatSection {
    let measure: LayerMeasure | undefined;
    const { t, out, memory } = this;
    const heat = new HeatSection(shown, () => scaleEnd(measure), asking, t, out, memory);
    void asking('measure', { layers: [shown.layer] }, this.control.signal)
      .then(({ measures: [found] }) => {
        if (!found || this.heat !== heat) return;
        measure = found;
        heat.known(found);
      })
      .catch(() => undefined); // the tiles say what is wrong
    return heat;
  }

  /** The end of the colour scale: three root mean squares, or the largest when that is less. */
  private get most(): number {
    const d = this.found;
    return d ? Math.min(d.largest, 3 * d.rmse) || d.largest || 1 : 1;
  }

  private colour(): void {
    const d = this.found;
    if (!d || this.seen !== 'difference') return;
    const sparsity = d.weights > 0 ? 1 - d.changed / d.weights : 0;
    this.heat?.known({ sparsity, nan: d.nonFinite, infinite: 0 });
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

/** The sentences of a heatmap, about differences. */
function differenceWords(t: InspectorStrings): InspectorStrings {
  return {
    ...t,
    ...{ heatmap: t.differenceMap, showDensity: t.showChanged, showMean: t.showMeanChange },
    ...{ showMax: t.showLargestChange, keyValues: t.keyDifference, rowSums: t.rowChanges },
    ...{ readValue: t.readDifference, readBlock: t.readChanges },
  };
}
