/** Everything about the chosen layer: where its cycles went, PE by PE, over time, in energy, in memory. */
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { nameLine } from '../ui/legible.ts';
import { formatExact, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { LayerDetail, PageLayer, PageRun } from './data.ts';
import { energyDrawing, sramDrawing, timeDrawing } from './figures/costs.ts';
import { causeLegend, loadDrawing, whereDrawing } from './figures/cycles.ts';
import { queuesDrawing } from './figures/queues.ts';
import { fromText } from './layers.ts';
import type { EieStrings } from './strings.ts';

export class LayerView {
  readonly element: HTMLElement;
  private readonly title = el('h2', { id: 'layer-heading' });
  private readonly about = el('p', { class: 'caption' });
  private readonly where: Figure;
  private readonly load: Figure;
  private readonly queues: Figure;
  private readonly time: Figure;
  private readonly energy: Figure;
  private readonly sram: Figure;
  private sort: 'pe' | 'load' = 'pe';
  private last: { layer: PageLayer; detail: LayerDetail } | undefined;

  constructor(
    private readonly t: EieStrings,
    out: Output,
  ) {
    const figure = (
      id: string,
      heading: string,
      caption: string,
      legend: HTMLElement[] = [],
    ): Figure => new Figure({ id, heading, caption, legend }, t, out);
    this.where = figure('where', t.where, t.whereCaption, [causeLegend(t)]);
    this.load = figure('pe-load', t.peLoad, t.peCaption, [this.sorting()]);
    this.queues = figure('queues', t.queues, t.queuesCaption);
    this.time = figure('time', t.timeEnergy, t.timeCaption);
    this.energy = figure('energy', t.energyHeading, t.energyCaption);
    this.sram = figure('sram', t.sram, t.sramCaption);
    this.element = el(
      'div',
      { class: 'view' },
      el('div', { class: 'layer-title' }, this.title, this.about),
      this.where.element,
      this.load.element,
      this.queues.element,
      el('div', { class: 'pair' }, this.energy.element, this.sram.element),
      this.time.element,
    );
  }

  update(run: PageRun, layer: PageLayer, detail: LayerDetail | undefined): void {
    const { t } = this;
    this.title.textContent = nameLine(layer.name, `#${layer.index + 1}`);
    const density = formatShare(layer.activations.density);
    this.about.textContent = [
      `${formatExact(layer.rows)} × ${formatExact(layer.cols)}`,
      fill(t.activationsFrom, fromText(layer, t), density),
      layer.activations.note,
    ]
      .filter((s) => s)
      .join(' · ')
      .replace('. · ', '. ');
    this.where.update(whereDrawing(layer, t));
    this.energy.update(energyDrawing(layer, t));
    this.sram.update(sramDrawing(layer, t));
    this.time.hidden = run.layers.length < 2;
    if (run.layers.length > 1) this.time.update(timeDrawing(run, layer, t));
    if (!detail || detail.index !== layer.index) return;
    this.last = { layer, detail };
    this.showLoad();
    this.queues.hidden = detail.timeline === null;
    if (detail.timeline) this.queues.update(queuesDrawing(layer, detail.timeline, t));
  }

  private showLoad(): void {
    if (!this.last) return;
    const { layer, detail } = this.last;
    this.load.update(loadDrawing(layer, detail, this.sort, this.t));
  }

  private sorting(): HTMLElement {
    const { t } = this;
    const buttons = (['pe', 'load'] as const).map((by) => {
      const button = el(
        'button',
        { type: 'button', 'aria-pressed': String(by === this.sort) },
        by === 'pe' ? t.byPe : t.byLoad,
      );
      button.addEventListener('click', () => {
        this.sort = by;
        buttons.forEach((b) => b.setAttribute('aria-pressed', String(b === button)));
        this.showLoad();
      });
      return button;
    });
    return el(
      'div',
      { class: 'switch', role: 'group', 'aria-label': t.sortBy },
      el('span', {}, t.sortBy),
      ...buttons,
    );
  }
}
