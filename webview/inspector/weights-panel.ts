/** Layer > Weights: heatmap, histogram, statistics. */
import { colourBar, heatThemes, signedRamp } from '../charts/heatmap.ts';
import { histogramChart } from '../charts/histogram.ts';
import { toElement } from '../charts/svg.ts';
import { tableBox } from '../ui/table.ts';
import type {
  LayerMeasure,
  LayerSummary,
  LayoutKind,
  LinearHistogram,
  LogHistogram,
} from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { formatExact, formatShare, formatSmall } from '../ui/format.ts';
import { onTheme, themeKind } from '../ui/theme.ts';
import type { Ask } from './asker.ts';
import { exactly } from './heat/reading.ts';
import type { Shows } from './heat/tiles.ts';
import { HeatmapView } from './heat/view.ts';
import { Picture, type Save } from './picture.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

/** Cells of the table around the cursor. */
const around = { rows: 12, cols: 8 };

export class WeightsPanel {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private heat: HeatmapView | undefined;
  private readonly heatBox = el('div', {});
  private readonly key = el('div', { class: 'heat-key' });
  private readonly histogram: Picture;
  private readonly facts = el('dl', { class: 'facts' });
  private readonly nearby: HTMLDetailsElement;
  private layout: LayoutKind;
  private shows: Shows = 'density';
  private chosen = false;
  private scale: 'linear' | 'log' = 'linear';
  private logCounts = false;
  private painted = false;
  private pattern = '';
  private readonly showSelect: HTMLSelectElement;
  private at = { row: 0, col: 0 };
  private readonly unthemed = onTheme(() => this.drawKey());

  constructor(
    private readonly layer: LayerSummary,
    private readonly store: Store,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    save: Save,
  ) {
    this.layout = layer.layouts[0]!.kind;
    const layouts = el(
      'select',
      { 'aria-label': t.layout },
      ...layer.layouts.map((l) => el('option', { value: l.kind }, t[l.kind])),
    );
    layouts.addEventListener('change', () => {
      this.layout = layouts.value as LayoutKind;
      this.makeHeat();
    });
    this.showSelect = el(
      'select',
      { 'aria-label': t.show },
      el('option', { value: 'density' }, t.showDensity),
      el('option', { value: 'mean' }, t.showMean),
      el('option', { value: 'max' }, t.showMax),
    );
    this.showSelect.addEventListener('change', () => {
      this.chosen = true;
      this.setShows(this.showSelect.value as Shows);
    });
    const png = el('button', { type: 'button', class: 'link' }, t.savePng);
    png.addEventListener('click', () => {
      this.heat?.canvas.toBlob((blob) => {
        void blob?.arrayBuffer().then((bytes) => save('heatmap', 'png', bytes));
      });
    });
    this.nearby = el('details', { class: 'data' }, el('summary', {}, t.shownWindow));
    this.nearby.addEventListener('toggle', () => void this.fillNearby());
    const axis = el(
      'select',
      { 'aria-label': t.axis },
      el('option', { value: 'linear' }, t.linear),
      el('option', { value: 'log' }, t.log),
    );
    axis.addEventListener('change', () => {
      this.scale = axis.value as 'linear' | 'log';
      void this.drawHistogram();
    });
    const counts = el('input', { type: 'checkbox' });
    counts.addEventListener('change', () => {
      this.logCounts = counts.checked;
      void this.drawHistogram();
    });
    this.histogram = new Picture(
      'histogram',
      t.histogram,
      '',
      [axis, el('label', {}, counts, t.logCounts)],
      t,
      save,
    );
    this.element = el(
      'div',
      { class: 'panel' },
      el(
        'section',
        { 'aria-labelledby': 'heat-heading' },
        el(
          'div',
          { class: 'section-head' },
          el('h3', { id: 'heat-heading' }, t.heatmap),
          el(
            'div',
            { class: 'tools' },
            layer.layouts.length > 1 ? layouts : null,
            this.showSelect,
            png,
          ),
        ),
        el('p', { class: 'muted' }, t.heatmapHint),
        this.heatBox,
        this.key,
        this.nearby,
      ),
      el(
        'div',
        { class: 'pair' },
        this.histogram.element,
        el(
          'section',
          { 'aria-labelledby': 'facts-heading' },
          el('h3', { id: 'facts-heading' }, t.statistics),
          this.facts,
        ),
      ),
    );
    this.makeHeat();
    void this.drawHistogram();
    void ask('pattern', { layer: layer.layer }, this.control.signal)
      .then(({ pattern }) => {
        this.pattern = t[`pattern_${pattern}`];
        this.drawFacts();
      })
      .catch(() => undefined);
    this.refresh();
  }

  stop(): void {
    this.unthemed();
    this.control.abort();
    this.heat?.stop();
  }

  refresh(): void {
    const measure = this.measure;
    if (!measure || this.painted) {
      if (!measure) this.drawFacts();
      return;
    }
    this.painted = true;
    if (!this.chosen) this.setShows(measure.sparsity >= 0.02 ? 'density' : 'mean');
    this.drawFacts();
    this.heat?.repaint();
    void this.drawHistogram();
  }

  private get measure(): LayerMeasure | undefined {
    return this.store.measures.get(this.layer.layer);
  }

  /** The end of the colour scale: three deviations, or the largest magnitude when that is less. */
  private get most(): number {
    const m = this.measure;
    if (!m || m.min === null || m.max === null) return 1;
    const largest = Math.max(Math.abs(m.min), Math.abs(m.max));
    return Math.min(largest, Math.abs(m.mean ?? 0) + 3 * (m.std ?? largest)) || largest || 1;
  }

  private setShows(shows: Shows): void {
    this.shows = shows;
    this.showSelect.value = shows;
    if (this.heat) this.heat.show = shows;
    this.drawKey();
  }

  private makeHeat(): void {
    this.heat?.stop();
    const layout = this.layer.layouts.find((l) => l.kind === this.layout)!;
    this.heat = new HeatmapView(
      this.layer.layer,
      layout,
      this.shows,
      () => this.most,
      this.ask,
      this.t,
      (row, col) => {
        this.at = { row, col };
        void this.fillNearby();
      },
    );
    this.heatBox.replaceChildren(this.heat.element);
    this.at = { row: 0, col: 0 };
    this.drawKey();
    void this.fillNearby();
  }

  private drawKey(): void {
    const { t } = this;
    const theme = heatThemes[themeKind()];
    const size = { width: 180, height: 10 };
    const most = formatSmall(this.most);
    const far =
      this.shows === 'density'
        ? colourBar([theme.background, ...theme.amount], ['0 %', '100 %'], size, t.showDensity)
        : colourBar(
            [theme.background, ...theme.amount],
            ['0', `≥ ${most}`],
            size,
            t[this.shows === 'mean' ? 'showMean' : 'showMax'],
          );
    const near = colourBar(signedRamp(theme), [`≤ −${most}`, `≥ ${most}`], size, t.keyValues);
    const entry = (label: string, bar: ReturnType<typeof colourBar>): HTMLElement =>
      el('div', {}, el('span', { class: 'muted' }, label), toElement(bar));
    this.key.replaceChildren(
      entry(this.showSelect.selectedOptions[0]?.textContent ?? '', far),
      entry(t.keyValues, near),
      el('p', { class: 'muted' }, t.rowSums),
    );
  }

  private async drawHistogram(): Promise<void> {
    const { t, scale } = this;
    try {
      const query = { layer: this.layer.layer, scale, bins: scale === 'linear' ? 96 : 64 } as const;
      const h = await this.ask('histogram', query, this.control.signal);
      if (scale !== this.scale) return;
      const zeros =
        h.zeros > 0
          ? fill(t.zeroLabel, formatExact(h.zeros), formatShare(h.zeros / h.weights))
          : '';
      const counts = h.scale === 'linear' ? [...h.counts] : [...h.negative, ...h.positive];
      const summary = fill(
        t.histogramSummary,
        formatExact(h.weights),
        formatExact(counts.length),
        formatSmall(h.edges[0] ?? 0),
        formatSmall(h.edges[h.edges.length - 1] ?? 0),
        formatExact(Math.max(0, ...counts)),
        formatExact(h.zeros),
      );
      this.histogram.update(
        summary,
        (width) =>
          histogramChart([{ name: this.layer.name, histogram: h }], {
            ...{ width, height: 240, logCounts: this.logCounts, summary, zeros },
          }),
        () => tableOf(h, t),
      );
    } catch (error) {
      this.histogram.fail(fill(t.notAvailable, (error as Error).message));
    }
  }

  private drawFacts(): void {
    const { t, layer } = this;
    const m = this.measure;
    const failed = this.store.failed.get(layer.layer);
    if (!m) {
      const text = failed === undefined ? t.reading : fill(t.couldNotRead, failed);
      this.facts.replaceChildren(el('dt', {}, t.statistics), el('dd', {}, text));
      return;
    }
    const number = (v: number | null): string => (v === null ? '–' : exactly(v));
    const rows: [string, string][] = [
      [t.parameters, formatExact(m.weights)],
      [t.zeros, `${formatExact(m.zeros)} (${formatShare(m.sparsity)})`],
      ...(this.pattern ? [[t.pattern, this.pattern] as [string, string]] : []),
      [t.minimum, number(m.min)],
      [t.maximum, number(m.max)],
      [t.mean, number(m.mean)],
      [t.deviation, number(m.std)],
      [t.l1, number(m.l1)],
      [t.l2, number(m.l2)],
      [t.distinct, m.distinct === null ? t.manyDistinct : formatExact(m.distinct)],
      ...(m.nan > 0 ? [[t.nan, formatExact(m.nan)] as [string, string]] : []),
      ...(m.infinite > 0 ? [[t.infinite, formatExact(m.infinite)] as [string, string]] : []),
      [t.storedBits, number(layer.coded?.bitsPerWeight ?? m.entropy.stored)],
      [m.entropy.of === 'halves' ? t.entropyHalves : t.entropyValues, m.entropy.bits.toFixed(3)],
      [t.bound, m.entropy.bound.toFixed(3)],
      [t.entropyMask, m.entropy.mask.toFixed(3)],
    ];
    this.facts.replaceChildren(
      ...rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
    );
  }

  /** Weights around the cursor as a table: what the picture shows, without the picture. */
  private async fillNearby(): Promise<void> {
    if (!this.nearby.open) return;
    const { row, col } = this.at;
    const layout = this.layer.layouts.find((l) => l.kind === this.layout)!;
    const size = 16;
    try {
      const [x, y] = [Math.floor(col / size), Math.floor(row / size)];
      const tile = await this.ask(
        'tile',
        {
          layer: this.layer.layer,
          layout: layout.kind,
          level: 0,
          x,
          y,
          size,
          channels: ['values'],
        },
        this.control.signal,
      );
      if (row !== this.at.row || col !== this.at.col) return;
      const r0 = Math.max(0, Math.min(row - y * size - 4, tile.height - around.rows));
      const c0 = Math.max(0, Math.min(col - x * size - 3, tile.width - around.cols));
      const rows: (string | number)[][] = [];
      for (let r = r0; r < Math.min(tile.height, r0 + around.rows); r++) {
        const line: (string | number)[] = [formatExact(y * size + r)];
        for (let c = c0; c < Math.min(tile.width, c0 + around.cols); c++)
          line.push(exactly(tile.values?.[r * tile.width + c] ?? 0));
        rows.push(line);
      }
      const columns = ['', ...rows[0]!.slice(1).map((_, i) => formatExact(x * size + c0 + i))];
      columns[0] = this.t.rowColumn;
      this.nearby.querySelector('.table-box')?.remove();
      this.nearby.append(tableBox({ columns, rows }, this.t.shownWindow));
    } catch {
      // the picture says what is wrong
    }
  }
}

function tableOf(h: LinearHistogram | LogHistogram, t: InspectorStrings) {
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
