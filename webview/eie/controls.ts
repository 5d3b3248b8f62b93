/**
 * The machine's knobs: a slider and a number for each of PEs, queue and SRAM width. Every change is
 * announced at once; whoever listens keeps only the latest (src/vscode/eie/latest.ts).
 */
import { machineLimits, precisions } from '../../src/shared/machine.ts';
import { el } from '../ui/dom.ts';
import { paperMachine, type MachineOptions } from './data.ts';
import type { EieStrings } from './strings.ts';

type Knob = 'pe' | 'fifo' | 'sramWidth';
const knobs: readonly Knob[] = ['pe', 'fifo', 'sramWidth'];
/** The knobs' values, as simulated. */
export type Shown = Readonly<Record<Knob | 'indexBits', number>> & { readonly precision: string };

/** Stops of the sliders, the paper's value among them; a number may be typed in between. */
export const stops: Readonly<Record<Knob, readonly number[]>> = {
  pe: [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024],
  fifo: [2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96, 128, 256],
  sramWidth: [16, 32, 64, 128, 256, 512],
};

/** Position of the stop that is nearest to `value`. */
export function nearestStop(knob: Knob, value: number): number {
  const list = stops[knob];
  let best = 0;
  list.forEach((stop, i) => {
    if (Math.abs(Math.log(stop / value)) < Math.abs(Math.log(list[best]! / value))) best = i;
  });
  return best;
}

export class Controls {
  readonly element: HTMLElement;
  private readonly inputs = new Map<Knob, { slider: HTMLInputElement; number: HTMLInputElement }>();
  private shown: Shown = { ...paperMachine, precision: 'float32' };
  private readonly busy = el('span', { class: 'busy', 'aria-hidden': 'true' });
  private readonly reset: HTMLButtonElement;
  private readonly indexBits: HTMLSelectElement;
  private readonly precision: HTMLSelectElement;

  /** @param onChange gets what changed; null: everything back to the paper's */
  constructor(
    private readonly t: EieStrings,
    private readonly onChange: (change: MachineOptions | null) => void,
  ) {
    this.reset = el('button', { type: 'button', class: 'link' }, t.paperMachine);
    this.reset.addEventListener('click', () => this.onChange(null));
    const options = (values: readonly (string | number)[]): HTMLElement[] =>
      values.map((v) => el('option', { value: v }, String(v)));
    this.indexBits = el('select', { id: 'index-bits' }, ...options([2, 3, 4, 5, 6, 8]));
    this.indexBits.addEventListener('change', () =>
      this.onChange({ indexBits: Number(this.indexBits.value) }),
    );
    this.precision = el('select', { id: 'precision' }, ...options(precisions));
    this.precision.addEventListener('change', () => {
      const value = precisions.find((p) => p === this.precision.value);
      if (value) this.onChange({ precision: value });
    });
    this.element = el(
      'div',
      { class: 'controls', role: 'group', 'aria-label': t.machine },
      this.knob('pe', t.pes, t.pesHint),
      this.knob('fifo', t.ring, t.ringHint),
      this.knob('sramWidth', t.sramWidth, t.sramWidthHint),
      el(
        'div',
        { class: 'control-end' },
        el('label', { for: 'index-bits' }, t.indexBits, ' ', this.indexBits),
        el('label', { for: 'precision' }, t.precision, ' ', this.precision),
        this.reset,
        this.busy,
      ),
    );
  }

  /** Shows a machine without announcing it; an input in use keeps what is typed or dragged. */
  show(shown: Shown): void {
    this.shown = shown;
    const active = document.activeElement;
    for (const [knob, { slider, number }] of this.inputs) {
      const value = shown[knob];
      if (active !== slider) slider.value = String(nearestStop(knob, value));
      if (active !== number) number.value = String(value);
      slider.setAttribute('aria-valuetext', this.spoken(knob, value));
    }
    this.indexBits.value = String(shown.indexBits);
    this.precision.value = shown.precision;
    this.reset.disabled = [...knobs, 'indexBits' as const].every(
      (k) => shown[k] === paperMachine[k],
    );
  }

  set working(on: boolean) {
    this.busy.classList.toggle('on', on);
  }

  private spoken(knob: Knob, value: number): string {
    const unit = { pe: this.t.unitPes, fifo: this.t.unitSlots, sramWidth: this.t.unitBits }[knob];
    return `${value} ${unit}`;
  }

  private change(knob: Knob, value: number): void {
    if (value === this.shown[knob]) return;
    this.show({ ...this.shown, [knob]: value });
    this.onChange({ [knob]: value });
  }

  private knob(knob: Knob, label: string, hint: string): HTMLElement {
    const { least, most } = machineLimits[knob];
    const slider = el('input', {
      type: 'range',
      id: `slider-${knob}`,
      min: 0,
      max: stops[knob].length - 1,
      step: 1,
      title: hint,
    });
    const number = el('input', {
      type: 'number',
      min: least,
      max: most,
      step: 1,
      'aria-label': `${label} (${least}–${most})`,
    });
    slider.addEventListener('input', () => {
      const value = stops[knob][Number(slider.value)]!;
      number.value = String(value);
      this.change(knob, value);
    });
    number.addEventListener('change', () => {
      const value = Math.round(Number(number.value));
      const good =
        Number.isFinite(value) && number.value !== ''
          ? Math.min(most, Math.max(least, value))
          : this.shown[knob];
      number.value = String(good);
      slider.value = String(nearestStop(knob, good));
      this.change(knob, good);
    });
    this.inputs.set(knob, { slider, number });
    return el(
      'div',
      { class: 'knob' },
      el('label', { for: `slider-${knob}` }, label),
      el('div', { class: 'knob-row' }, slider, number),
      el('span', { class: 'hint' }, hint),
    );
  }
}
