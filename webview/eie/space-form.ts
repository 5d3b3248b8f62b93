/** What of the design space to walk: axes with their values, presets, the layer; run, progress, cancel. */
import { el, fill } from '../ui/dom.ts';
import type { PageLayer, PageRun, SweepAxis } from './data.ts';
import { axisLabel, axisNames, parseValues, presets, type AxisName, type Preset } from './space.ts';
import type { EieStrings } from './strings.ts';

export interface SpaceActions {
  sweep(axes: readonly SweepAxis[], layer: number | null): void;
  cancel(): void;
}

export class SpaceForm {
  readonly element: HTMLElement;
  private readonly rows = new Map<AxisName, { on: HTMLInputElement; text: HTMLInputElement }>();
  private readonly layer = el('select', { id: 'sweep-layer' });
  private readonly count = el('span', { class: 'count', role: 'status' });
  private readonly problem = el('p', { class: 'problem', role: 'alert' });
  private readonly run: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;
  private readonly bar = el('progress', { max: 1, value: 0, hidden: true });
  private readonly status = el('p', { class: 'caption', role: 'status' });
  private available = '';

  constructor(
    private readonly t: EieStrings,
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
    this.element = el(
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
    );
    this.fillIn(presets[0]!);
  }

  /** The layers there are; asked for again only when they changed. */
  offer(run: PageRun, chosen: PageLayer): void {
    const available = JSON.stringify(run.available);
    if (available === this.available) return;
    this.available = available;
    const several = run.available.length > 1;
    this.layer.replaceChildren(
      ...(several ? [el('option', { value: '' }, this.t.allLayers)] : []),
      ...run.available.map((l) => el('option', { value: l.index }, l.name)),
    );
    this.layer.value = several && run.layers.every((l) => l.published) ? '' : String(chosen.index);
    this.countPoints();
  }

  progress(fraction: number, line: string): void {
    this.busy(true);
    this.bar.value = fraction;
    this.status.textContent = line;
  }

  /** It is over: what to say of it, and what went wrong. */
  ended(status: string, problem: string): void {
    this.busy(false);
    this.status.textContent = status;
    this.problem.textContent = problem;
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
