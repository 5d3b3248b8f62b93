/** The design-space explorer: the form, charts of what was walked, the Pareto front, the table. */
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import { Figure } from '../ui/figure.ts';
import type { Output } from '../ui/output.ts';
import { cellText, tableBox } from '../ui/table.ts';
import type { PageLayer, PageRun, SweepAxis, SweepResult } from './data.ts';
import { linesDrawing, paretoDrawing, type Place } from './figures/space.ts';
import { SpaceForm, type SpaceActions } from './space-form.ts';
import { axisLabel, chartsFor, pointsTable, type AxisName, type Chart } from './space.ts';
import type { EieStrings } from './strings.ts';

const shownRows = 200;

export class SpaceView {
  readonly element: HTMLElement;
  private readonly form: SpaceForm;
  private readonly choice = el('div', { class: 'chart-choice', hidden: true });
  private readonly charts = el('div', { class: 'pair' });
  private readonly below = el('div');
  private readonly horizontal = el('select', { id: 'horizontal' });
  private readonly by = el('select', { id: 'lines' });
  private machine: PageLayer['machine'] | undefined;
  private result: SweepResult | undefined;

  constructor(
    private readonly t: EieStrings,
    private readonly out: Output,
    actions: SpaceActions,
  ) {
    this.form = new SpaceForm(t, actions);
    for (const select of [this.horizontal, this.by])
      select.addEventListener('change', () => {
        if (select === this.horizontal) this.offerLines();
        this.draw();
      });
    this.choice.append(
      el('label', { for: 'horizontal' }, t.horizontal, ' ', this.horizontal),
      el('label', { for: 'lines' }, t.lines, ' ', this.by),
    );
    this.element = el(
      'div',
      { class: 'view' },
      this.form.element,
      this.choice,
      this.charts,
      this.below,
    );
  }

  update(run: PageRun, layer: PageLayer): void {
    this.machine = layer.machine;
    this.form.offer(run, layer);
  }

  progress(fraction: number, line: string): void {
    this.form.progress(fraction, line);
  }

  ended(message: string): void {
    this.form.ended('', message);
  }

  show(result: SweepResult): void {
    this.result = result;
    const points = result.total.length * result.layers.length;
    const swept = fill(this.t.swept, points, cellText(result.seconds));
    this.form.ended([swept, ...result.notes].join(' '), '');
    const several = (a: SweepAxis): boolean => a.values.length > 1;
    const axes = result.axes.filter(several).length ? result.axes.filter(several) : result.axes;
    this.horizontal.replaceChildren(
      ...axes.map((a) => el('option', { value: a.name }, axisLabel(a.name, this.t))),
    );
    this.offerLines();
    this.choice.hidden = false;
    this.draw();
  }

  private offerLines(): void {
    const { result, t } = this;
    if (!result) return;
    const others = result.axes.filter(
      (a) => a.name !== this.horizontal.value && a.values.length > 1,
    );
    const layers = result.layers.length > 1;
    this.by.replaceChildren(
      ...(layers ? [el('option', { value: 'layer' }, t.layer)] : []),
      ...others.map((a) => el('option', { value: a.name }, axisLabel(a.name, t))),
      el('option', { value: '' }, t.none),
    );
  }

  private draw(): void {
    const { result, t } = this;
    if (!result) return;
    const horizontal = this.horizontal.value as AxisName;
    this.charts.replaceChildren(
      ...chartsFor(horizontal, t).map((chart) => this.lines(result, chart, horizontal)),
    );
    this.below.replaceChildren(this.pareto(result), this.points(result));
  }

  private get place(): Place {
    const m = this.machine;
    return m
      ? {
          ...{ pe: m.pe, fifo: m.fifo, precision: m.precision, clock: m.clockMHz },
          ...{ 'sram-width': m.sramWidth, 'index-bits': m.indexBits },
        }
      : {};
  }

  private lines(result: SweepResult, chart: Chart, horizontal: AxisName): HTMLElement {
    const { t, place } = this;
    const by = (this.by.value || null) as AxisName | 'layer' | null;
    const drawing = linesDrawing(result, chart, horizontal, by, place, t);
    const fixed = drawing.fixed.map(([n, v]) => `${axisLabel(n, t)} ${v}`).join(', ');
    const caption = fixed ? `${chart.caption} ${fill(t.fixedAt, fixed)}` : chart.caption;
    const figure = new Figure({ id: chart.id, heading: chart.heading, caption }, t, this.out);
    figure.update(drawing);
    return figure.element;
  }

  private pareto(result: SweepResult): HTMLElement {
    const { t } = this;
    const parts = { id: 'pareto', heading: t.pareto, caption: t.paretoCaption };
    const figure = new Figure(parts, t, this.out);
    figure.update(paretoDrawing(result, this.machine, t));
    return figure.element;
  }

  private points(result: SweepResult): HTMLElement {
    const { t } = this;
    const sorted = [...result.total].sort((a, b) => a.timeUs - b.timeUs);
    const table = pointsTable(sorted, t);
    const perLayer = () => ({
      columns: [t.layer, ...table.columns],
      rows: result.layers.flatMap((l) => pointsTable(l.points, t).rows.map((r) => [l.name, ...r])),
    });
    const name = 'design-space';
    const menu = exportMenu({ name, heading: t.allPoints, table: perLayer }, t, this.out);
    return el(
      'section',
      { class: 'figure-block', 'aria-labelledby': 'points-heading' },
      el(
        'div',
        { class: 'section-head' },
        el('h3', { id: 'points-heading' }, t.allPoints),
        el('div', { class: 'tools' }, menu),
      ),
      el('p', { class: 'caption' }, t.allPointsCaption),
      tableBox({ ...table, rows: table.rows.slice(0, shownRows) }, t.allPoints),
    );
  }
}
