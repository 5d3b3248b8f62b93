/** Layer > Weights: its statistics, each with its name. */
import type { LayerMeasure, LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import { formatExact, formatFloat, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { Cell } from '../ui/table.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';

interface Fact {
  readonly name: string;
  readonly value: Cell;
  readonly text: string;
}

export class FactsSection {
  readonly element: HTMLElement;
  private readonly list = el('dl', { class: 'facts' });
  private pattern = '';

  constructor(
    private readonly layer: LayerSummary,
    private readonly store: Store,
    private readonly t: InspectorStrings,
    out: Output,
  ) {
    const menu = exportMenu(
      {
        ...{ name: 'statistics', heading: t.statistics },
        table: () => ({
          columns: [t.name, t.value],
          rows: this.facts().map(({ name, value }) => [name, value]),
        }),
      },
      t,
      out,
    );
    this.element = el(
      'section',
      { 'aria-labelledby': 'facts-heading' },
      el(
        'div',
        { class: 'section-head' },
        el('h3', { id: 'facts-heading' }, t.statistics),
        el('div', { class: 'tools' }, menu),
      ),
      this.list,
    );
    this.refresh();
  }

  set zerosLie(text: string) {
    this.pattern = text;
    this.refresh();
  }

  refresh(): void {
    const { t } = this;
    const failed = this.store.failed.get(this.layer.layer);
    const facts = this.facts();
    if (facts.length === 0) {
      const text = failed === undefined ? t.reading : fill(t.couldNotRead, failed);
      this.list.replaceChildren(el('div', {}, el('dt', {}, t.statistics), el('dd', {}, text)));
      return;
    }
    this.list.replaceChildren(
      ...facts.map(({ name, text }) => el('div', {}, el('dt', {}, name), el('dd', {}, text))),
    );
  }

  private facts(): readonly Fact[] {
    const { t, layer, pattern } = this;
    const m: LayerMeasure | undefined = this.store.measures.get(layer.layer);
    if (!m) return [];
    const number = (name: string, value: number | null, text?: string): Fact => {
      return { name, value, text: text ?? (value === null ? '–' : formatFloat(value)) };
    };
    const count = (name: string, value: number): Fact => number(name, value, formatExact(value));
    const { entropy } = m;
    const entropyName = {
      values: t.entropyValues,
      halves: t.entropyHalves,
      levels: t.entropyLevels,
    }[entropy.of];
    return [
      count(t.parameters, m.weights),
      number(t.zeros, m.zeros, `${formatExact(m.zeros)} (${formatShare(m.sparsity)})`),
      ...(pattern ? [{ name: t.pattern, value: pattern, text: pattern }] : []),
      number(t.minimum, m.min),
      number(t.maximum, m.max),
      number(t.mean, m.mean),
      number(t.deviation, m.std),
      number(t.l1, m.l1),
      number(t.l2, m.l2),
      m.distinct === null
        ? { name: t.distinct, value: t.manyDistinct, text: t.manyDistinct }
        : count(t.distinct, m.distinct),
      ...(m.nan > 0 ? [count(t.nan, m.nan)] : []),
      ...(m.infinite > 0 ? [count(t.infinite, m.infinite)] : []),
      number(t.storedBits, layer.coded?.bitsPerWeight ?? entropy.stored),
      number(entropyName, entropy.bits, entropy.bits.toFixed(3)),
      number(t.bound, entropy.bound, entropy.bound.toFixed(3)),
      number(t.entropyMask, entropy.mask, entropy.mask.toFixed(3)),
    ];
  }
}
