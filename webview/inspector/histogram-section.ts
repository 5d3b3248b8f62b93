/** Layer > Weights: the histogram of the values, or of their magnitudes on a logarithmic axis. */
import { histogramChart } from '../charts/histogram.ts';
import { pageBins } from '../../src/engine/protocol-page.ts';
import type {
  LayerSummary,
  LinearHistogram,
  LogHistogram,
} from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact, formatShare, formatSmall } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { InspectorStrings } from './strings.ts';

export class HistogramSection {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private readonly figure: Figure;
  private scale: 'linear' | 'log' = 'linear';
  private logCounts = false;

  constructor(
    private readonly layer: LayerSummary,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    out: Output,
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
    const tools = [axis, el('label', {}, counts, t.logCounts)];
    this.figure = new Figure({ id: 'histogram', heading: t.histogram, caption: '', tools }, t, out);
    this.element = this.figure.element;
    void this.draw();
  }

  stop(): void {
    this.control.abort();
  }

  private async draw(): Promise<void> {
    const { t, scale, layer, logCounts } = this;
    try {
      const query = { layer: layer.layer, scale, bins: pageBins[scale] };
      const h = await this.ask('histogram', query, this.control.signal);
      if (scale !== this.scale || logCounts !== this.logCounts) return;
      const share = formatShare(h.zeros / h.weights);
      const zeros = h.zeros > 0 ? fill(t.zeroLabel, formatExact(h.zeros), share) : '';
      const summary = summaryOf(h, t);
      this.figure.update({
        summary,
        draw: (width) =>
          histogramChart([{ name: layer.name, histogram: h }], {
            ...{ width, height: 240, logCounts, summary, zeros },
          }),
        table: () => tableOf(h, t),
      });
    } catch (error) {
      if (!(error instanceof Abandoned))
        this.figure.fail(fill(t.notAvailable, (error as Error).message));
    }
  }
}

function summaryOf(h: LinearHistogram | LogHistogram, t: InspectorStrings): string {
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

function tableOf(h: LinearHistogram | LogHistogram, t: InspectorStrings): Table {
  return h.scale === 'linear'
    ? {
        columns: [t.from, t.to, t.count],
        rows: [...h.counts].map((c, i) => [h.edges[i]!, h.edges[i + 1]!, c]),
      }
    : {
        columns: [t.from, t.to, t.negative, t.positive],
        rows: [...h.positive].map((c, i) => [h.edges[i]!, h.edges[i + 1]!, h.negative[i]!, c]),
      };
}
