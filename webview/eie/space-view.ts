/** The design-space explorer: what to vary, a run with progress and cancel, charts, Pareto front, table. */
import { lineChart } from '../charts/line-chart.ts';
import { scatter } from '../charts/scatter.ts';
import { el, fill } from '../ui/dom.ts';
import { formatShare } from '../ui/format.ts';
import { cellText, tableBox } from '../ui/table.ts';
import type { PageLayer, PageRun, SweepAxis, SweepResult } from './data.ts';
import { Figure, type Save } from './figure.ts';
import { formatEnergy, formatTime, formatTimes } from './model.ts';
import {
  axisLabel,
  axisNames,
  chartsFor,
  energyOf,
  linesOf,
  machineName,
  parseValues,
  pointsTable,
  presets,
  type AxisName,
  type Chart,
  type Lines,
  type Preset,
} from './space.ts';
import type { EieStrings } from './strings.ts';

export interface SpaceActions {
  sweep(axes: readonly SweepAxis[], layer: number | null): void;
  cancel(): void;
}

const shownRows = 200;

export class SpaceView {
  readonly element: HTMLElement;
  private readonly rows = new Map<AxisName, { on: HTMLInputElement; text: HTMLInputElement }>();
  private readonly layer = el('select', { id: 'sweep-layer' });
  private readonly count = el('span', { class: 'count', role: 'status' });
  private readonly problem = el('p', { class: 'problem', role: 'alert' });
  private readonly run: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;
  private readonly bar = el('progress', { max: 1, value: 0, hidden: true });
  private readonly status = el('p', { class: 'caption', role: 'status' });
  private readonly choice = el('div', { class: 'chart-choice', hidden: true });
  private readonly charts = el('div', { class: 'pair' });
  private readonly below = el('div');
  private readonly horizontal = el('select', { id: 'horizontal' });
  private readonly by = el('select', { id: 'lines' });
  private machine: PageLayer['machine'] | undefined;
  private result: SweepResult | undefined;
  private available = '';

  constructor(
    private readonly t: EieStrings,
    private readonly save: Save,
    private readonly actions: SpaceActions,
  ) {
    this.run = el('button', { type: 'button', class: 'primary' }, t.run);
    this.run.addEventListener('click', () => this.start());
    this.cancel = el('button', { type: 'button', class: 'secondary', hidden: true }, t.cancel);
    this.cancel.addEventListener('click', () => actions.cancel());
    const names: Readonly<Record<Preset['id'], string>> = {
      fifo: t.presetFifo,
      width: t.presetWidth,
      precision: t.presetPrecision,
      pes: t.presetPes,
      free: t.presetFree,
    };
    const buttons = presets.map((preset) => {
      const button = el('button', { type: 'button', class: 'secondary' }, names[preset.id]);
      button.addEventListener('click', () => {
        this.fillIn(preset);
        this.start();
      });
      return button;
    });
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
      el(
        'section',
        { class: 'sweep-form', 'aria-labelledby': 'space-heading' },
        el('h2', { id: 'space-heading' }, t.spaceHeading),
        el('p', { class: 'caption' }, t.spaceIntro),
        el('div', { class: 'presets' }, ...buttons),
        el('div', { class: 'axes' }, ...axisNames.map((name) => this.axisRow(name))),
        el(
          'div',
          { class: 'run-row' },
          el('label', { for: 'sweep-layer' }, t.sweepLayer, ' ', this.layer),
          this.run,
          this.cancel,
          this.count,
          this.bar,
        ),
        this.problem,
        this.status,
      ),
      this.choice,
      this.charts,
      this.below,
    );
    this.fillIn(presets[0]!);
  }

  update(run: PageRun, layer: PageLayer): void {
    this.machine = layer.machine;
    const available = JSON.stringify(run.available);
    if (available === this.available) return;
    this.available = available;
    const several = run.available.length > 1;
    this.layer.replaceChildren(
      ...(several ? [el('option', { value: '' }, this.t.allLayers)] : []),
      ...run.available.map((l) => el('option', { value: l.index }, l.name)),
    );
    this.layer.value = several && run.layers.every((l) => l.published) ? '' : String(layer.index);
    this.countPoints();
  }

  progress(fraction: number, line: string): void {
    this.busy(true);
    this.bar.value = fraction;
    this.status.textContent = line;
  }

  ended(message: string): void {
    this.busy(false);
    this.status.textContent = '';
    this.problem.textContent = message;
  }

  show(result: SweepResult): void {
    this.busy(false);
    this.result = result;
    this.status.textContent = [
      fill(this.t.swept, result.total.length * result.layers.length, cellText(result.seconds)),
      ...result.notes,
    ].join(' ');
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
    const by = (this.by.value || null) as AxisName | 'layer' | null;
    const m = this.machine;
    const at = m
      ? {
          pe: m.pe,
          fifo: m.fifo,
          'sram-width': m.sramWidth,
          'index-bits': m.indexBits,
          precision: m.precision,
          clock: m.clockMHz,
        }
      : {};
    this.charts.replaceChildren(
      ...chartsFor(horizontal, t).map((chart) => this.lines(result, chart, horizontal, by, at)),
    );
    this.below.replaceChildren(this.pareto(result), this.points(result));
  }

  private lines(
    result: SweepResult,
    chart: Chart,
    horizontal: AxisName,
    by: AxisName | 'layer' | null,
    at: Readonly<Partial<Record<AxisName, number | string>>>,
  ): HTMLElement {
    const { t } = this;
    const { steps, series, fixed } = linesOf(result, horizontal, by, chart.value, at);
    const format = chart.kind === 'share' ? (v: number) => `${Math.round(v * 100)} %` : undefined;
    const write = (v: number): string => (chart.kind === 'share' ? formatShare(v) : cellText(v));
    const summary = this.lineSummary(chart, steps, series, write, by);
    const caption = fixed.length
      ? `${chart.caption} ${fill(t.fixedAt, fixed.map(([n, v]) => `${axisLabel(n, t)} ${v}`).join(', '))}`
      : chart.caption;
    const figure = new Figure({ id: chart.id, heading: chart.heading, caption }, t, this.save);
    figure.update({
      summary,
      draw: (width) =>
        lineChart(series, {
          width,
          height: 300,
          steps,
          axis: axisLabel(horizontal, t),
          value: chart.heading,
          summary,
          log: chart.kind === 'log',
          marked: steps.indexOf(String(at[horizontal])),
          ...(chart.kind === 'share' && { most: 1 }),
          ...(format && { format }),
        }),
      table: () => ({
        columns: [axisLabel(horizontal, t), ...series.map((s) => s.label || chart.heading)],
        rows: steps.map((step, i) => [step, ...series.map((s) => s.values[i] ?? null)]),
      }),
    });
    return figure.element;
  }

  /** Few lines one by one, from end to end; of many, the highest and the lowest at the last step. */
  private lineSummary(
    chart: Chart,
    steps: readonly string[],
    series: Lines['series'],
    write: (value: number) => string,
    by: AxisName | 'layer' | null,
  ): string {
    const { t } = this;
    const last = steps.length - 1;
    const name = (s: Lines['series'][number]): string =>
      s.label ? (by && by !== 'layer' ? `${axisLabel(by, t)} ${s.label}` : s.label) : chart.heading;
    const end = (s: Lines['series'][number]): number => s.values[last] ?? NaN;
    if (series.length > 3) {
      const sorted = series.filter((s) => Number.isFinite(end(s))).sort((a, b) => end(b) - end(a));
      const [top, bottom] = [sorted[0], sorted.at(-1)];
      if (top && bottom)
        return fill(
          t.sweepSummaryMany,
          series.length,
          `${axisLabel(this.horizontal.value as AxisName, t)} ${steps[last]}`,
          name(top),
          write(end(top)),
          name(bottom),
          write(end(bottom)),
        );
    }
    return series
      .map((s) =>
        last > 0
          ? fill(
              t.sweepSummary,
              name(s),
              write(s.values[0]!),
              steps[0]!,
              write(end(s)),
              steps[last]!,
            )
          : fill(t.sweepSummaryOne, name(s), write(end(s)), steps[0] ?? ''),
      )
      .join(' ');
  }

  private pareto(result: SweepResult): HTMLElement {
    const { t, machine } = this;
    const points = result.total;
    const least = (of: (p: (typeof points)[number]) => number): (typeof points)[number] =>
      points.reduce((a, b) => (of(b) < of(a) ? b : a));
    const name = (p: (typeof points)[number]): string => machineName(p, result.axes, t);
    const fast = least((p) => p.timeUs);
    const frugal = least(energyOf);
    const small = least((p) => p.areaMm2);
    const summary = fill(
      t.paretoSummary,
      points.filter((p) => p.pareto).length,
      points.length,
      `${name(fast)} (${formatTime(fast.timeUs)})`,
      `${name(frugal)} (${formatEnergy(energyOf(frugal))})`,
      `${name(small)} (${cellText(small.areaMm2)} mm²)`,
    );
    const figure = new Figure(
      { id: 'pareto', heading: t.pareto, caption: t.paretoCaption },
      t,
      this.save,
    );
    figure.update({
      summary,
      draw: (width) =>
        scatter(
          points.map((p) => ({
            x: p.timeUs,
            y: energyOf(p),
            size: p.areaMm2,
            front: p.pareto,
            here:
              p.pe === machine?.pe &&
              p.fifo === machine.fifo &&
              p.sramWidth === machine.sramWidth &&
              p.indexBits === machine.indexBits &&
              p.precision === machine.precision,
            label: name(p),
            title: `${name(p)}\n${formatTime(p.timeUs)}, ${formatEnergy(energyOf(p))}, ${cellText(p.areaMm2)} mm²\n${t.loadBalance} ${formatShare(p.loadBalance)}, ${t.chartSpeedup} ${formatTimes(p.speedup)}`,
          })),
          { width, height: 380, x: t.timeUs, y: t.energyUj, summary },
        ),
      table: () =>
        pointsTable(
          points.filter((p) => p.pareto),
          t,
        ),
    });
    return figure.element;
  }

  private points(result: SweepResult): HTMLElement {
    const { t } = this;
    const sorted = [...result.total].sort((a, b) => a.timeUs - b.timeUs);
    const table = pointsTable(sorted, t);
    const csv = el(
      'button',
      { type: 'button', class: 'save', 'aria-label': `${t.save} CSV: ${t.allPoints}` },
      'CSV',
    );
    csv.addEventListener('click', () => {
      const perLayer = result.layers.map((l) => ({
        name: l.name,
        table: pointsTable(l.points, t),
      }));
      this.save('design-space', 'csv', undefined, {
        columns: [t.layer, ...table.columns],
        rows: perLayer.flatMap((l) => l.table.rows.map((r) => [l.name, ...r])),
      });
    });
    return el(
      'section',
      { class: 'figure-block', 'aria-labelledby': 'points-heading' },
      el(
        'div',
        { class: 'figure-head' },
        el('h3', { id: 'points-heading' }, t.allPoints),
        el(
          'div',
          { class: 'saves', role: 'group', 'aria-label': `${t.save}: ${t.allPoints}` },
          el('span', { 'aria-hidden': 'true' }, t.save),
          csv,
        ),
      ),
      el('p', { class: 'caption' }, t.allPointsCaption),
      tableBox({ ...table, rows: table.rows.slice(0, shownRows) }, t.allPoints),
    );
  }

  private axisRow(name: AxisName): HTMLElement {
    const { t } = this;
    const label = axisLabel(name, t);
    const on = el('input', { type: 'checkbox', id: `axis-${name}` });
    const text = el('input', {
      type: 'text',
      'aria-label': `${label}: ${t.values}`,
      spellcheck: 'false',
    });
    on.addEventListener('change', () => {
      if (on.checked && text.value.trim() === '')
        text.value = presets.find((p) => p.axes[name])?.axes[name] ?? '2, 3, 4, 5, 6, 8';
      this.countPoints();
    });
    text.addEventListener('input', () => {
      on.checked = text.value.trim() !== '';
      this.countPoints();
    });
    text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.start();
    });
    this.rows.set(name, { on, text });
    return el('div', { class: 'axis' }, el('label', {}, on, ' ', label), text);
  }

  private fillIn(preset: Preset): void {
    for (const [name, { on, text }] of this.rows) {
      on.checked = preset.axes[name] !== undefined;
      text.value = preset.axes[name] ?? '';
    }
    this.countPoints();
  }

  /** The axes as they stand; a problem is said and gives null. */
  private axes(): readonly SweepAxis[] | null {
    const axes: SweepAxis[] = [];
    for (const [name, { on, text }] of this.rows) {
      if (!on.checked) continue;
      const axis = parseValues(name, text.value);
      if (!axis) {
        this.problem.textContent = fill(this.t.badValues, axisLabel(name, this.t));
        return null;
      }
      axes.push(axis);
    }
    this.problem.textContent = axes.length ? '' : this.t.chooseAxis;
    return axes.length ? axes : null;
  }

  private countPoints(): void {
    const axes = this.axes();
    const layers = this.layer.value === '' ? Math.max(1, this.layer.options.length - 1) : 1;
    const count = (axes ?? []).reduce((n, a) => n * a.values.length, axes ? layers : 0);
    this.count.textContent =
      count === 0 ? '' : count === 1 ? this.t.onePoint : fill(this.t.points, count);
  }

  private start(): void {
    const axes = this.axes();
    if (!axes || this.run.disabled) return;
    const layer = this.layer.value === '' ? null : Number(this.layer.value);
    this.progress(0, fill(this.t.sweeping, this.count.textContent ?? ''));
    this.actions.sweep(axes, layer);
  }

  private busy(on: boolean): void {
    this.run.disabled = on;
    this.cancel.hidden = !on;
    this.bar.hidden = !on;
  }
}
