/** Layer > Codebook: the shared values on the axis of the weights, and as a table. */
import { codebookChart } from '../charts/codebook.ts';
import { pageBins } from '../../src/engine/protocol-page.ts';
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact, formatFloat, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { InspectorStrings } from './strings.ts';

export function codebookPanel(
  layer: LayerSummary,
  ask: Ask,
  t: InspectorStrings,
  out: Output,
): { readonly element: HTMLElement; readonly stop: () => void } {
  const control = new AbortController();
  const picture = new Figure(
    { id: 'codebook', heading: t.codebook, caption: t.codebookHint },
    t,
    out,
  );
  const made = el('p', { class: 'muted' });
  void (async () => {
    try {
      const [book, histogram] = await Promise.all([
        ask('codebook', { layer: layer.layer }, control.signal),
        ask(
          'histogram',
          { layer: layer.layer, scale: 'linear', bins: pageBins.linear },
          control.signal,
        ),
      ]);
      if (histogram.scale !== 'linear') return;
      if (book.from === 'distinct')
        made.textContent = fill(t.codebookMade, formatExact(book.values.length));
      let best = 0;
      book.counts.forEach((c, i) => (best = c > book.counts[best]! ? i : best));
      const summary = fill(
        t.codebookSummary,
        formatExact(book.values.length),
        formatExact(book.weights),
        formatFloat(book.values[best] ?? 0),
        formatShare((book.counts[best] ?? 0) / book.weights),
      );
      const text = {
        summary,
        lengths: t.codeLength,
        errors: t.errors,
        title: (code: number) =>
          fill(
            t.sharedTitle,
            code,
            formatFloat(book.values[code]!),
            formatExact(book.counts[code]!),
            book.lengths[code]!,
          ),
      };
      picture.update({
        summary,
        draw: (width) => codebookChart(book, histogram, { width, height: 320, selected: -1 }, text),
        table: () => ({
          columns: [
            t.code,
            { name: t.value, as: 'exact' },
            t.weightsOf,
            { name: t.share, as: 'share' },
            t.codeBits,
            t.totalBits,
          ],
          rows: [...book.values].map((value, i) => [
            i,
            value,
            book.counts[i]!,
            book.counts[i]! / book.weights,
            book.lengths[i]!,
            book.counts[i]! * book.lengths[i]!,
          ]),
        }),
      });
    } catch (error) {
      if (!(error instanceof Abandoned))
        picture.fail(fill(t.notAvailable, (error as Error).message));
    }
  })();
  return {
    element: el('div', { class: 'panel' }, made, picture.element),
    stop: () => control.abort(),
  };
}
