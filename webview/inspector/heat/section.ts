/** Layer > Weights: the heatmap with its choices, its key, and the table of what is around the cell. */
import { colourBar, heatThemes, oddSwatch, signedRamp } from '../../charts/heatmap.ts';
import { toElement } from '../../charts/svg.ts';
import type {
  LayerMeasure,
  LayerSummary,
  LayoutKind,
  LayoutSummary,
} from '../../../src/engine/protocol-view.ts';
import { el, fill } from '../../ui/dom.ts';
import { canvasPng } from '../../ui/export.ts';
import { exportMenu } from '../../ui/export-menu.ts';
import { formatSmall } from '../../ui/format.ts';
import type { Output } from '../../ui/output.ts';
import { tableBox, type Table } from '../../ui/table.ts';
import { onTheme, themeKind } from '../../ui/theme.ts';
import type { Ask } from '../asker.ts';
import type { InspectorStrings } from '../strings.ts';
import { nearbyTable } from './nearby.ts';
import type { HeatMemory } from './place.ts';
import type { Cell } from './reading.ts';
import type { Shows } from './tiles.ts';
import { HeatmapView } from './view.ts';

export class HeatSection {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private heat: HeatmapView | undefined;
  private readonly box = el('div', {});
  private readonly key = el('div', { class: 'heat-key' });
  private readonly nearby: HTMLDetailsElement;
  private readonly showSelect: HTMLSelectElement;
  private layout: LayoutSummary;
  private shows: Shows = 'density';
  private chosen = false;
  /** Some weights are no numbers: they have a colour of their own. */
  private odd = false;
  private at: Cell = { row: 0, col: 0 };

  /** @param most the end of the colour scale, as far as it is known */
  constructor(
    private readonly layer: LayerSummary,
    private readonly most: () => number,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    out: Output,
    private readonly memory: HeatMemory,
  ) {
    this.layout = layer.layouts.find((l) => l.kind === memory.place?.layout) ?? layer.layouts[0]!;
    this.showSelect = el(
      'select',
      { 'aria-label': t.show },
      el('option', { value: 'density' }, t.showDensity),
      el('option', { value: 'mean' }, t.showMean),
      el('option', { value: 'max' }, t.showMax),
    );
    this.showSelect.addEventListener('change', () => {
      this.chosen = true;
      this.show(this.showSelect.value as Shows);
    });
    this.nearby = el('details', { class: 'data' }, el('summary', {}, t.shownWindow));
    this.nearby.hidden = (this.layout.finest ?? 0) > 0;
    this.nearby.addEventListener('toggle', () => void this.fillNearby());
    const menu = exportMenu(
      {
        ...{ name: 'heatmap', heading: t.heatmap },
        png: () => canvasPng(this.heat!.canvas),
        ...(!this.layout.finest && { table: () => this.table() }),
      },
      t,
      out,
    );
    this.element = el(
      'section',
      { 'aria-labelledby': 'heat-heading' },
      el(
        'div',
        { class: 'section-head' },
        el('h3', { id: 'heat-heading' }, t.heatmap),
        el('div', { class: 'tools' }, this.layouts(), this.showSelect, menu),
      ),
      el('p', { class: 'caption' }, t.heatmapHint),
      this.box,
      this.key,
      this.nearby,
    );
    this.control.signal.addEventListener(
      'abort',
      onTheme(() => this.drawKey()),
    );
    this.make();
  }

  stop(): void {
    this.control.abort();
    this.heat?.stop();
  }

  /** The statistics are there: what to show unless the user has said so, and the scale of colours. */
  known({ sparsity, nan, infinite }: Pick<LayerMeasure, 'sparsity' | 'nan' | 'infinite'>): void {
    this.odd = nan + infinite > 0;
    if (!this.chosen) this.show(sparsity >= 0.02 ? 'density' : 'mean');
    else this.drawKey();
    this.heat?.repaint();
  }

  private layouts(): HTMLElement | null {
    const { layer, t } = this;
    if (layer.layouts.length < 2) return null;
    const select = el(
      'select',
      { 'aria-label': t.layout },
      ...layer.layouts.map((l) => el('option', { value: l.kind }, t[l.kind])),
    );
    select.value = this.layout.kind;
    select.addEventListener('change', () => {
      this.layout = layer.layouts.find((l) => l.kind === (select.value as LayoutKind))!;
      this.make();
    });
    return select;
  }

  private show(shows: Shows): void {
    this.shows = shows;
    this.showSelect.value = shows;
    if (this.heat) this.heat.show = shows;
    this.drawKey();
  }

  private make(): void {
    this.heat?.stop();
    const { layer, layout, shows, most, ask, t, memory } = this;
    this.heat = new HeatmapView(layer.layer, layout, shows, most, ask, t, memory, (row, col) => {
      this.at = { row, col };
      void this.fillNearby();
    });
    this.box.replaceChildren(this.heat.element);
    this.at = this.heat.at;
    this.drawKey();
    void this.fillNearby();
  }

  private drawKey(): void {
    const { t, shows } = this;
    const theme = heatThemes[themeKind()];
    const size = { width: 180, height: 10 };
    const most = formatSmall(this.most());
    const label = { density: t.showDensity, mean: t.showMean, max: t.showMax }[shows];
    const ends: [string, string] = shows === 'density' ? ['0 %', '100 %'] : ['0', `≥ ${most}`];
    const far = colourBar([theme.background, ...theme.amount], ends, size, label);
    const near = colourBar(signedRamp(theme), [`≤ −${most}`, `≥ ${most}`], size, t.keyValues);
    const entry = (name: string, bar: ReturnType<typeof colourBar>): HTMLElement =>
      el('div', {}, el('span', { class: 'muted' }, name), toElement(bar));
    this.key.replaceChildren(
      entry(label, far),
      entry(t.keyValues, near),
      ...(this.odd ? [entry(t.keyOdd, oddSwatch(theme))] : []),
      el('p', { class: 'muted' }, t.rowSums),
    );
  }

  private table(): Promise<Table> {
    const { layer, layout, at, ask, t } = this;
    return nearbyTable(layer.layer, layout, at, t.rowColumn, ask, this.control.signal);
  }

  private async fillNearby(): Promise<void> {
    if (!this.nearby.open) return;
    const { at } = this;
    const filled = await this.table().then(
      (table) => tableBox(table, this.t.shownWindow),
      (error: Error) => el('p', {}, fill(this.t.notAvailable, error.message)),
    );
    if (at !== this.at || this.control.signal.aborted) return;
    this.nearby.replaceChildren(this.nearby.firstElementChild!, filled);
  }
}
