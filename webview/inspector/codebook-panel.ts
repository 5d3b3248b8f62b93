/**
 * Layer > Codebook: the shared values on the axis of the weights, and as a table. Beside another model
 * also the error of each against the original weights, and where the values of a codebook were before.
 */
import { centroidShift } from '../charts/centroid-shift.ts';
import { codebookChart } from '../charts/codebook.ts';
import { pageBins } from '../../src/engine/protocol-page.ts';
import type { CodebookView, LayerSummary } from '../../src/engine/protocol-view.ts';
import { el, fill } from '../ui/dom.ts';
import { Figure } from '../ui/figure.ts';
import { formatExact, formatFigures, formatFloat, formatShare } from '../ui/format.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { Abandoned, type Ask } from './asker.ts';
import type { There } from './peer.ts';
import type { InspectorStrings } from './strings.ts';

export class CodebookPanel {
  readonly element: HTMLElement;
  private readonly control = new AbortController();
  private readonly figure: Figure;
  private readonly shift: Figure;
  private readonly made = el('p', { class: 'muted' });

  constructor(
    private readonly layer: LayerSummary,
    private readonly there: There | undefined,
    private readonly ask: Ask,
    private readonly t: InspectorStrings,
    out: Output,
  ) {
    const behind = there ? fill(t.codebookErrors, there.name) : t.codebookBehind;
    const hint = `${t.codebookHint} ${behind}`;
    this.figure = new Figure({ id: 'codebook', heading: t.codebook, caption: hint }, t, out);
    this.shift = new Figure(
      { id: 'codebook-shift', heading: t.shift, caption: t.shiftHint },
      t,
      out,
    );
    this.shift.hidden = true;
    this.element = el(
      'div',
      { class: 'panel' },
      this.made,
      this.figure.element,
      this.shift.element,
    );
    void this.load();
  }

  stop(): void {
    this.control.abort();
  }

  private async load(): Promise<void> {
    const { layer, there, t } = this;
    const { signal } = this.control;
    try {
      const linear = { scale: 'linear', bins: pageBins.linear } as const;
      const original = there && { original: there.layer.layer };
      const [book, histogram] = await Promise.all([
        this.ask('codebook', { layer: layer.layer, ...original }, signal, there && 'both'),
        there
          ? this.ask('histogram', { ...linear, layer: there.layer.layer }, signal, 'other')
          : this.ask('histogram', { ...linear, layer: layer.layer }, signal),
      ]);
      if (histogram.scale !== 'linear') return;
      if (book.from === 'distinct')
        this.made.textContent = fill(t.codebookMade, formatExact(book.values.length));
      const summary = this.summaryOf(book);
      const text = {
        summary,
        ...{ lengths: t.codeLength, errors: t.errors },
        title: (code: number) => this.titleOf(book, code),
      };
      const height = 320 + (book.errors ? 34 : 0);
      this.figure.update({
        summary,
        draw: (width) => codebookChart(book, histogram, { width, height, selected: -1 }, text),
        table: () => this.tableOf(book),
      });
      if (there) await this.compare(book, there);
    } catch (error) {
      if (!(error instanceof Abandoned))
        this.figure.fail(fill(t.notAvailable, (error as Error).message));
    }
  }

  /** The codebook of the other layer beside this one, if that has any. */
  private async compare(after: CodebookView, there: There): Promise<void> {
    const { t } = this;
    let before: CodebookView;
    try {
      const query = { layer: there.layer.layer };
      before = await this.ask('codebook', query, this.control.signal, 'other');
    } catch {
      return; // its weights do not share values
    }
    const joined = before.from === after.from && before.values.length === after.values.length;
    const moves = joined
      ? Array.from(after.values, (v, i) => Math.abs(v - before.values[i]!)).filter(
          (_, i) => before.counts[i]! > 0 || after.counts[i]! > 0,
        )
      : [];
    const mean = moves.reduce((a, b) => a + b, 0) / Math.max(1, moves.length);
    const summary = joined
      ? fill(
          t.shiftSummary,
          moves.length,
          formatFigures(mean),
          formatFigures(Math.max(0, ...moves)),
        )
      : fill(t.shiftUnlike, before.values.length, after.values.length);
    const books = { before, after };
    this.shift.hidden = false;
    this.shift.update({
      summary,
      draw: (width) =>
        centroidShift(before, after, joined, width, {
          summary,
          before: fill(t.shiftBefore, there.name),
          after: t.shiftAfter,
          title: (side, code) =>
            fill(
              t.shiftTitle,
              code,
              formatFloat(books[side].values[code]!),
              formatExact(books[side].counts[code]!),
            ),
        }),
      table: () => shiftTable(before, after, joined, t),
    });
  }

  private summaryOf(book: CodebookView): string {
    let best = 0;
    book.counts.forEach((c, i) => (best = c > book.counts[best]! ? i : best));
    const { t } = this;
    const shared = fill(
      t.codebookSummary,
      formatExact(book.values.length),
      formatExact(book.weights),
      formatFloat(book.values[best] ?? 0),
      formatShare((book.counts[best] ?? 0) / book.weights),
    );
    return book.errors
      ? `${shared} ${fill(t.codebookRmse, formatFigures(book.errors.rmse))}`
      : shared;
  }

  private titleOf(book: CodebookView, code: number): string {
    const { t } = this;
    const shared = fill(
      t.sharedTitle,
      code,
      formatFloat(book.values[code]!),
      formatExact(book.counts[code]!),
      book.lengths[code]!,
    );
    const { errors } = book;
    if (!errors || book.counts[code] === 0) return shared;
    const span = [errors.from[code]!, errors.to[code]!].map(formatFigures);
    return `${shared}\n${fill(t.sharedError, formatFigures(errors.squared[code]!), ...span)}`;
  }

  private tableOf(book: CodebookView): Table {
    const { t } = this;
    const { errors, values, counts, lengths, weights } = book;
    return {
      columns: [
        t.code,
        { name: t.value, as: 'exact' },
        t.weightsOf,
        { name: t.share, as: 'share' },
        t.codeBits,
        t.totalBits,
        ...(errors ? [t.squaredError, t.from, t.to] : []),
      ],
      rows: Array.from(values, (value, i) => [
        ...[i, value, counts[i]!, counts[i]! / weights, lengths[i]!, counts[i]! * lengths[i]!],
        ...(errors ? [errors.squared[i]!, errors.from[i]!, errors.to[i]!] : []),
      ]),
    };
  }
}

function shiftTable(
  before: CodebookView,
  after: CodebookView,
  joined: boolean,
  t: InspectorStrings,
): Table {
  const exact = (name: string) => ({ name, as: 'exact' as const });
  const count = Math.max(before.values.length, after.values.length);
  const cell = (list: Float64Array, i: number): number | null => list[i] ?? null;
  return {
    columns: [
      t.code,
      exact(t.valueBefore),
      exact(t.valueAfter),
      ...(joined ? [exact(t.moved)] : []),
      t.weightsBefore,
      t.weightsAfter,
    ],
    rows: Array.from({ length: count }, (_, i) => [
      i,
      cell(before.values, i),
      cell(after.values, i),
      ...(joined ? [after.values[i]! - before.values[i]!] : []),
      cell(before.counts, i),
      cell(after.counts, i),
    ]),
  };
}
