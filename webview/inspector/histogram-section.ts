/**
 * The histogram of a layer's values, or of their magnitudes on a logarithmic axis; with that of the
 * layer it is compared with drawn over it.
 */
import { histogramChart } from '../charts/histogram.ts';
import { node, toElement } from '../charts/svg.ts';
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact, formatShare, formatSmall } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { Abandoned, type Ask } from './asker.ts';
import { histogramsOf, histogramTable, type AnyHistogram } from './histograms.ts';
import type { There } from './peer.ts';
import type { InspectorStrings } from './strings.ts';

export interface HistogramParts {
  readonly id: string;
  readonly heading: string;
  /** What the histogram of the layer itself is called beside another. */
  readonly own: string;
}

export class HistogramSection {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private readonly figure: Figure;
  private readonly legend = el('div', { class: 'series' });
  private scale: 'linear' | 'log' = 'linear';
  private logCounts = false;
  private turn = 0;

  constructor(
    private readonly layer: LayerSummary,
    private readonly there: There | undefined,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    out: Output,
    private readonly parts: HistogramParts = {
      ...{ id: 'histogram', heading: t.histogram, own: t.thisModel },
    },
  ) {
    const axis = el(
      'select',
      { 'aria-label': t.axis },
      el('option', { value: 'linear' }, t.linear),
      el('option', { value: 'log' }, t.log),
    );
    axis.addEventListener('change', () => {
      this.scale = axis.value as 'linear' | 'log';
      void this.draw();
    });
    const counts = el('input', { type: 'checkbox' });
    counts.addEventListener('change', () => {
      this.logCounts = counts.checked;
      void this.draw();
    });
    const { id, heading } = parts;
    const tools = [axis, el('label', {}, counts, t.logCounts)];
    const legend = [this.legend];
    this.figure = new Figure({ id, heading, caption: '', tools, legend }, t, out);
    this.element = this.figure.element;
    if (there) this.legend.append(entry('bars-0', parts.own), entry('bars-1', there.name));
    void this.draw();
  }

  stop(): void {
    this.control.abort();
  }

  private async draw(): Promise<void> {
    const { t, scale, layer, there, logCounts } = this;
    const turn = ++this.turn;
    try {
      const all = await histogramsOf(layer, there, scale, this.ask, this.control.signal);
      if (turn !== this.turn) return;
      const [own, other] = all as [AnyHistogram, AnyHistogram?];
      const names = [this.parts.own, there?.name ?? ''];
      const zeros = other
        ? fill(t.zerosBoth, shareOf(own), shareOf(other))
        : own.zeros > 0
          ? fill(t.zeroLabel, formatExact(own.zeros), shareOf(own))
          : '';
      const more = other && there ? fill(t.histogramAgainst, there.name, shareOf(other)) : '';
      const summary = [summaryOf(own, t), more].filter(Boolean).join(' ');
      this.figure.update({
        summary,
        draw: (width) =>
          histogramChart(
            all.map((histogram, i) => ({ name: names[i]!, histogram })),
            { width, height: 240, logCounts, summary, zeros },
          ),
        table: () => histogramTable(all, names, t),
      });
    } catch (error) {
      if (!(error instanceof Abandoned))
        this.figure.fail(fill(t.notAvailable, (error as Error).message));
    }
  }
}

const shareOf = (h: AnyHistogram): string => formatShare(h.zeros / Math.max(1, h.weights));

/** A swatch as the series is drawn, and its name. */
function entry(series: string, name: string): HTMLElement {
  const d = 'M1,11V7H8V3H15V6H21V11';
  const swatch = node(
    'svg',
    { width: 22, height: 12, 'aria-hidden': 'true' },
    node('path', { d: series === 'bars-0' ? `${d}Z` : d, class: series }),
  );
  return el('span', {}, toElement(swatch), el('bdi', {}, name));
}

function summaryOf(h: AnyHistogram, t: InspectorStrings): string {
  const counts = h.scale === 'linear' ? [...h.counts] : [...h.negative, ...h.positive];
  return fill(
    t.histogramSummary,
    formatExact(h.weights),
    formatExact(counts.length),
    formatSmall(h.edges[0] ?? 0),
    formatSmall(h.edges[h.edges.length - 1] ?? 0),
    formatExact(Math.max(0, ...counts)),
    formatExact(h.zeros),
  );
}
