/** Layer > Coder, where levels are coded arithmetically: what the coder spends on which levels. */
import { spendingChart, type SpendingRow } from '../charts/spending.ts';
import type { LayerSummary, SpendingView } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatBytes, formatExact, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { InspectorStrings } from './strings.ts';

export function spendingPanel(
  layer: LayerSummary,
  ask: Ask,
  t: InspectorStrings,
  out: Output,
): { readonly element: HTMLElement; readonly stop: () => void } {
  const control = new AbortController();
  const figure = new Figure(
    { id: 'spending', heading: t.spending, caption: t.spendingHint },
    t,
    out,
  );
  const load = async (): Promise<void> => {
    try {
      const view = await ask('spending', { layer: layer.layer }, control.signal);
      const summary = summaryOf(view, t);
      const kinds = [t.spentZero, t.spentSign, t.spentMagnitude];
      figure.update({
        summary,
        draw: (width) =>
          spendingChart(rowsOf(view, t), {
            ...{ width, summary, kinds, axis: t.spendingAxis },
            format: (bits) => formatBytes(bits / 8),
          }),
        table: () => tableOf(view, t),
      });
    } catch (error) {
      if (!(error instanceof Abandoned))
        figure.fail(fill(t.notAvailable, (error as Error).message));
    }
  };
  void load();
  return { element: el('div', { class: 'panel' }, figure.element), stop: () => control.abort() };
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

function summaryOf(view: SpendingView, t: InspectorStrings): string {
  const { weights, of, bytes } = view;
  const bits = [view.zero, view.sign, view.magnitude].map(sum);
  const total = bits.reduce((a, b) => a + b, 0) || 1;
  const whole = fill(
    t.spendingSummary,
    (total / Math.max(1, weights)).toFixed(3),
    formatBytes(bytes),
    ...bits.map((b) => formatShare(b / total)),
  );
  return weights === of
    ? whole
    : `${whole} ${fill(t.spendingPart, formatExact(weights), formatExact(of))}`;
}

/** The levels of a bit length: 0, ±1, ±2 to ±3, ±4 to ±7. */
function nameOf(length: number, t: InspectorStrings): string {
  if (length === 0) return '0';
  const first = 2 ** (length - 1);
  return length === 1 ? '±1' : fill(t.levelRange, first, 2 * first - 1);
}

function rowsOf(view: SpendingView, t: InspectorStrings): SpendingRow[] {
  const { counts, zero, sign, magnitude, weights } = view;
  return Array.from(counts, (n, length) => {
    const bits = [zero[length]!, sign[length]!, magnitude[length]!];
    const each = bits.reduce((a, b) => a + b, 0) / Math.max(1, n);
    const label = nameOf(length, t);
    const text = n === 0 ? '–' : fill(t.bitsEach, each.toFixed(2));
    const title = fill(t.spendingTitle, label, formatExact(n), formatShare(n / weights), text);
    return { label, bits, text, title };
  });
}

function tableOf(view: SpendingView, t: InspectorStrings): Table {
  const { counts, zero, sign, magnitude, weights } = view;
  return {
    columns: [
      t.levels,
      t.weightsOf,
      { name: t.share, as: 'share' },
      ...[t.spentZero, t.spentSign, t.spentMagnitude].map((kind) => fill(t.bitsFor, kind)),
      t.totalBits,
      t.bitsAWeight,
    ],
    rows: Array.from(counts, (n, length) => {
      const bits = [zero[length]!, sign[length]!, magnitude[length]!].map(Math.round);
      const total = bits.reduce((a, b) => a + b, 0);
      return [nameOf(length, t), n, n / weights, ...bits, total, n === 0 ? null : total / n];
    }),
  };
}
