/**
 * Layer > EIE: where the cycles of this layer go on the simulated accelerator and how its work is spread
 * over the processing elements, for a machine of the user's choice. The simulator's own pictures; the
 * rest of it is a click away.
 */
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { paperMachine } from '../eie/data.ts';
import { causeLegend, loadDrawing, whereDrawing } from '../eie/figures/cycles.ts';
import { formatTime } from '../eie/model.ts';
import type { EieStrings } from '../eie/strings.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { Abandoned, type Simulate } from './asker.ts';
import type { LayerSimulation } from './messages.ts';
import type { InspectorStrings } from './strings.ts';

/** What an EIE tab needs beside its layer. */
export interface Simulator {
  readonly simulate: Simulate;
  /** Opens the whole simulator on the model. */
  readonly open: () => void;
  readonly strings: EieStrings;
}

const choices = {
  pe: [1, 4, 16, 32, 64, 128, 256, 512, 1024],
  fifo: [2, 4, 8, 16, 32, 64],
} as const;
type Knob = keyof typeof choices;

export class EiePanel {
  readonly element: HTMLElement;
  private readonly status = el('p', { class: 'muted', role: 'status' });
  private readonly bar = el('progress', { max: 1, hidden: true });
  private readonly about = el('p', { class: 'muted' });
  private readonly figures = el('div', { class: 'figures' });
  private readonly body = el('div', { hidden: true });
  private readonly where: Figure;
  private readonly load: Figure;
  private readonly parts = el('select', { id: 'eie-part' });
  private readonly partLabel = el('label', { for: 'eie-part', hidden: true });
  private readonly machine: Record<Knob, number> = { pe: paperMachine.pe, fifo: paperMachine.fifo };
  private control = new AbortController();

  constructor(
    private readonly layer: LayerSummary,
    private readonly simulator: Simulator,
    private readonly t: InspectorStrings,
    out: Output,
  ) {
    const { strings: e } = simulator;
    this.where = new Figure(
      { id: 'eie-where', heading: e.where, caption: e.whereCaption, legend: [causeLegend(e)] },
      e,
      out,
    );
    this.load = new Figure({ id: 'eie-load', heading: e.peLoad, caption: e.peCaption }, e, out);
    const open = el('button', { type: 'button', class: 'secondary' }, t.openSimulator);
    open.addEventListener('click', simulator.open);
    this.partLabel.append(t.eiePart);
    this.parts.hidden = true;
    this.parts.addEventListener('change', () => void this.run());
    this.body.append(this.about, this.figures, this.where.element, this.load.element);
    this.element = el(
      'div',
      { class: 'panel eie' },
      el('p', { class: 'muted' }, t.eieHint),
      el(
        'div',
        { class: 'tools' },
        ...this.knob('pe', e.pes),
        ...this.knob('fifo', e.ring),
        this.partLabel,
        this.parts,
        open,
      ),
      this.status,
      this.bar,
      this.body,
    );
    void this.run();
  }

  stop(): void {
    this.control.abort();
  }

  private knob(knob: Knob, label: string): HTMLElement[] {
    const id = `eie-${knob}`;
    const options = choices[knob].map((value) =>
      el('option', { value, selected: value === this.machine[knob] }, String(value)),
    );
    const select = el('select', { id }, ...options);
    select.addEventListener('change', () => {
      this.machine[knob] = Number(select.value);
      void this.run();
    });
    return [el('label', { for: id }, label), select];
  }

  private async run(): Promise<void> {
    this.control.abort();
    const { signal } = (this.control = new AbortController());
    const { layer, t } = this;
    if (this.body.hidden) {
      const doing = layer.coded ? t.eieLoading : t.eieCompressing;
      this.status.textContent = doing;
      this.bar.setAttribute('aria-label', doing);
    }
    try {
      const { layer: tensor, name } = layer;
      const question = { tensor, name, part: Number(this.parts.value || 0) };
      const machine = { ...this.machine };
      const made = await this.simulator.simulate({ ...question, machine }, signal, (fraction) => {
        this.bar.hidden = !this.body.hidden;
        this.bar.value = fraction;
      });
      this.show(made);
    } catch (error) {
      if (error instanceof Abandoned) return;
      this.body.hidden = this.bar.hidden = true;
      this.status.textContent = error instanceof Error ? error.message : String(error);
    }
  }

  private show({ parts, reason, layer, detail }: LayerSimulation): void {
    const { t } = this;
    const { strings: e } = this.simulator;
    this.bar.hidden = true;
    if (this.parts.options.length === 0)
      this.parts.append(...parts.map((name, i) => el('option', { value: i }, name)));
    this.partLabel.hidden = this.parts.hidden = parts.length < 2;
    this.body.hidden = !layer || !detail;
    this.status.textContent = layer ? '' : fill(t.eieNot, reason);
    if (!layer || !detail) return;
    const { activations, cycles, entries, paddingEntries, loadBalance, timeUs } = layer;
    this.about.textContent = fill(
      t.eieAbout,
      formatExact(layer.rows),
      formatExact(layer.cols),
      formatExact(layer.nonzeros),
      formatShare(activations.density),
    );
    const card = (label: string, value: string, detailText: string): HTMLElement =>
      el(
        'div',
        { class: 'figure' },
        el('p', { class: 'label' }, label),
        el('p', { class: 'value' }, value),
        el('p', { class: 'detail' }, detailText),
      );
    this.figures.replaceChildren(
      card(
        t.eieTime,
        formatTime(timeUs),
        fill(t.eieCycles, formatExact(cycles), formatExact(layer.machine.clockMHz)),
      ),
      card(t.eieBalance, formatShare(loadBalance), t.eieBalanceHint),
      card(
        t.eieFiller,
        formatShare(entries > 0 ? paddingEntries / entries : 0),
        fill(t.eieFillerHint, formatExact(paddingEntries), formatExact(entries)),
      ),
    );
    this.where.update(whereDrawing(layer, e));
    this.load.update(loadDrawing(layer, detail, 'pe', e));
  }
}
