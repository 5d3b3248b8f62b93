/**
 * "Where the bytes go": the whole file as one bar, and the table that is its legend and says the
 * same in figures.
 */
import { patternDefs, swatch, type Part } from '../charts/patterns.ts';
import { stackedBar } from '../charts/stacked-bar.ts';
import { toElement } from '../charts/svg.ts';
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import type { Output } from '../ui/output.ts';
import { formatBytes, formatExact, formatShare } from '../ui/format.ts';
import type { ReportStrings } from './strings.ts';
import { fitWidth } from './fit.ts';

export function partTitle(part: Part, t: ReportStrings): string {
  return {
    values: t.partValues,
    index: t.partIndex,
    codebook: t.partCodebook,
    tables: t.partTables,
    rest: t.partRest,
  }[part];
}

/** @param arithmetic true when some layer is coded arithmetically: its codes hold positions, too */
export function breakdown(
  parts: readonly { readonly part: Part; readonly bytes: number }[],
  total: number,
  arithmetic: boolean,
  t: ReportStrings,
  out: Output,
): HTMLElement {
  const hints: Readonly<Record<Part, string>> = {
    values: arithmetic ? t.partValuesArithmeticHint : t.partValuesHint,
    index: t.partIndexHint,
    codebook: t.partCodebookHint,
    tables: t.partTablesHint,
    rest: t.partRestHint,
  };
  const bar = parts.map(({ part, bytes }) => ({
    part,
    bytes,
    title: `${partTitle(part, t)}: ${formatBytes(bytes)}, ${formatShare(bytes / total)}`,
  }));
  const summary = fill(t.breakdownSummary, bar.map((p) => p.title).join('; '));
  const row = (head: Node, bytes: number, hint: string): HTMLElement =>
    el(
      'tr',
      {},
      head,
      el('td', { class: 'number', title: `${formatExact(bytes)} B` }, formatBytes(bytes)),
      el('td', { class: 'number' }, formatShare(bytes / total)),
      el('td', { class: 'meaning' }, hint),
    );
  const chart = fitWidth('breakdown-bar', (width) =>
    stackedBar(bar, { width, height: 26, character: 7 }, summary),
  );
  const menu = exportMenu(
    {
      ...{ name: 'bytes', heading: t.whereBytesGo },
      svg: () => chart.querySelector('svg') ?? undefined,
      table: () => ({
        columns: [t.part, t.bytes, { name: t.share, as: 'share' }],
        rows: parts.map(({ part, bytes }) => [partTitle(part, t), bytes, bytes / total]),
      }),
    },
    t,
    out,
  );
  return el(
    'section',
    { 'aria-labelledby': 'bytes-heading' },
    el(
      'div',
      { class: 'section-head' },
      el('h2', { id: 'bytes-heading' }, t.whereBytesGo),
      el('div', { class: 'tools' }, menu),
    ),
    toElement(patternDefs()),
    chart,
    el(
      'table',
      { class: 'legend' },
      el('caption', { class: 'hidden-visually' }, t.whereBytesGo),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('th', { scope: 'col' }, t.part),
          el('th', { scope: 'col', class: 'number' }, t.bytes),
          el('th', { scope: 'col', class: 'number' }, t.share),
          el('th', { scope: 'col', class: 'meaning' }, t.meaning),
        ),
      ),
      el(
        'tbody',
        {},
        ...parts.map(({ part, bytes }) =>
          row(
            el('th', { scope: 'row' }, toElement(swatch(part)), partTitle(part, t)),
            bytes,
            hints[part],
          ),
        ),
      ),
      el('tfoot', {}, row(el('th', { scope: 'row' }, t.total), total, '')),
    ),
  );
}
