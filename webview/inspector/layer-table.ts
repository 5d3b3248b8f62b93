/**
 * The table of all layers: sorted by any column, only the rows on the screen exist, a tiny histogram
 * in each. Arrow keys move between rows, Enter opens one.
 */
import type { LayerSummary } from '../../src/engine/protocol-view.ts';
import { sparkline } from '../charts/sparkline.ts';
import { toElement } from '../charts/svg.ts';
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import type { MenuItem } from '../ui/menu.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import { formatBytes, formatExact, formatShape, formatSmall } from '../ui/format.ts';
import {
  arranged,
  formatMetric,
  metricOf,
  metricsFor,
  roleName,
  shownName,
  sortValue,
  type Arrangement,
  type SortId,
} from './model.ts';
import type { Store } from './store.ts';
import type { InspectorStrings } from './strings.ts';
import { Virtual } from './virtual.ts';

interface Column {
  readonly id: SortId | 'spark' | 'range';
  readonly label: string;
  readonly hint: string;
  readonly number: boolean;
  readonly text: (layer: LayerSummary) => string;
  readonly title?: (layer: LayerSummary) => string;
}

export class LayerTable {
  readonly element: HTMLElement;
  private readonly rows: Virtual<LayerSummary>;
  private readonly columns: readonly Column[];
  private readonly headings = new Map<string, HTMLElement>();
  private readonly status = el('p', { class: 'hidden-visually', role: 'status' });
  private readonly table: HTMLElement;
  private readonly drawn = new WeakMap<HTMLElement, string>();

  constructor(
    private readonly store: Store,
    private arrangement: Arrangement,
    rowHeight: number,
    private readonly t: InspectorStrings,
    private readonly on: {
      open: (layer: LayerSummary) => void;
      arrange: (arrangement: Arrangement) => void;
    },
    out: Output,
    /** What else the table can become. */
    more: readonly MenuItem[],
  ) {
    const measureOf = (l: LayerSummary) => store.measures.get(l.layer);
    const metrics = metricsFor(store.overview);
    const coded = metrics.includes('ratio');
    const hints = {
      sparsity: t.sparsityHint,
      bits: t.bitsHint,
      compressibility: t.compressibilityHint,
      ratio: t.ratioHint,
      error: t.errorHint,
    };
    this.columns = [
      {
        id: 'name',
        label: t.layer,
        hint: '',
        number: false,
        text: shownName,
        title: (l) => l.name,
      },
      {
        id: 'op',
        label: t.operator,
        hint: '',
        number: false,
        text: (l) => l.op || roleName(l, t),
        title: (l) => roleName(l, t),
      },
      {
        id: 'shape',
        label: t.shape,
        hint: '',
        number: false,
        text: (l) => formatShape(l.shape),
        title: (l) => formatShape(l.shape),
      },
      { id: 'dtype', label: t.type, hint: '', number: false, text: (l) => l.dtype },
      {
        id: 'bytes',
        label: t.bytes,
        hint: '',
        number: true,
        text: (l) => formatBytes(l.bytes),
        title: (l) => `${formatExact(l.bytes)} B, ${formatExact(l.parameters)} × ${l.dtype}`,
      },
      ...(coded
        ? [
            {
              id: 'stored' as const,
              label: t.stored,
              hint: '',
              number: true,
              text: (l: LayerSummary) => (l.coded ? formatBytes(l.coded.bytes.total) : '–'),
            },
          ]
        : []),
      ...metrics.map((id) => ({
        ...{ id, label: t[id], hint: hints[id], number: true },
        text: (l: LayerSummary) => {
          const value = metricOf(id, l, measureOf(l));
          return value === null &&
            l.hidden === '' &&
            !store.measures.has(l.layer) &&
            !store.failed.has(l.layer) &&
            id !== 'ratio' &&
            id !== 'error'
            ? '…'
            : formatMetric(id, value);
        },
        ...(id === 'sparsity' && {
          title: (l: LayerSummary) => {
            const m = measureOf(l);
            return m ? `${formatExact(m.zeros)} / ${formatExact(m.weights)}` : '';
          },
        }),
      })),
      { id: 'spark', label: t.values, hint: t.valuesHint, number: false, text: () => '' },
      {
        ...{ id: 'range', label: t.range, hint: '', number: false },
        text: (l) => {
          const m = measureOf(l);
          if (store.failed.has(l.layer)) return '!';
          return !m || m.min === null || m.max === null
            ? ''
            : `${formatSmall(m.min)} … ${formatSmall(m.max)}`;
        },
        title: (l) =>
          store.failed.has(l.layer) ? fill(t.couldNotRead, store.failed.get(l.layer) ?? '') : '',
      },
    ];
    const above = el('td', { colspan: this.columns.length });
    const below = el('td', { colspan: this.columns.length });
    const head = el(
      'thead',
      {},
      el('tr', { 'aria-rowindex': 1 }, ...this.columns.map((c) => this.heading(c))),
    );
    const body = el('tbody', { class: 'rows' });
    this.table = el(
      'table',
      { class: `all${coded ? ' coded' : ''}` },
      el('caption', { class: 'hidden-visually' }, `${t.allLayers}. ${t.tableHelp}`),
      head,
      el('tbody', { 'aria-hidden': 'true', class: 'room' }, el('tr', {}, above)),
      body,
      el('tbody', { 'aria-hidden': 'true', class: 'room' }, el('tr', {}, below)),
    );
    const scroller = el(
      'div',
      { class: 'table-scroll', role: 'region', tabindex: 0, 'aria-label': t.tableRegion },
      this.table,
    );
    this.rows = new Virtual<LayerSummary>({
      ...{ scroller, body, rowHeight },
      room: (a, b) => {
        above.style.height = `${a}px`;
        below.style.height = `${b}px`;
      },
      headHeight: () => head.offsetHeight,
      make: (layer) => this.row(layer),
      update: (row, layer, index) => {
        row.setAttribute('aria-rowindex', String(index + 2));
        this.fillRow(row, layer);
      },
      focusable: (row) => row.querySelector('button') as HTMLElement,
      onWindow: (items) => store.want(items.map((l) => l.layer)),
      onActivate: (layer) => on.open(layer),
    });
    const menu = exportMenu(
      { name: 'layers', heading: t.allLayers, table: () => this.data(), more },
      t,
      out,
    );
    this.element = el(
      'section',
      { 'aria-labelledby': 'all-heading' },
      el(
        'div',
        { class: 'section-head' },
        el('h2', { id: 'all-heading' }, t.allLayers),
        el('div', { class: 'tools' }, menu),
      ),
      scroller,
      this.status,
    );
    this.show();
  }

  /** The filter of the list beside it narrows the table as well. */
  narrow(change: Pick<Arrangement, 'filter' | 'weightsOnly'>): void {
    this.arrangement = { ...this.arrangement, ...change };
    this.show();
  }

  /** More is known. */
  refresh(): void {
    const { sort } = this.arrangement;
    if (['sparsity', 'bits', 'compressibility'].includes(sort)) this.show();
    else this.rows.refresh();
  }

  private shown(): readonly LayerSummary[] {
    const { overview, measures } = this.store;
    return arranged(overview.layers, (l) => measures.get(l), this.arrangement, this.t);
  }

  private show(): void {
    const shown = this.shown();
    this.table.setAttribute('aria-rowcount', String(shown.length + 1));
    for (const [id, heading] of this.headings)
      if (id === this.arrangement.sort)
        heading.setAttribute(
          'aria-sort',
          this.arrangement.direction === 1 ? 'ascending' : 'descending',
        );
      else heading.removeAttribute('aria-sort');
    this.rows.set(shown);
  }

  private data(): Table {
    const columns = this.columns.filter((c) => c.id !== 'spark' && c.id !== 'range');
    const { measures } = this.store;
    return {
      columns: [...columns.map((c) => c.label), 'min', 'max', 'mean', 'std'],
      rows: this.shown().map((l) => {
        const m = measures.get(l.layer);
        return [
          ...columns.map((c) =>
            c.id === 'shape' ? formatShape(l.shape) : sortValue(c.id as SortId, l, m),
          ),
          ...[m?.min ?? null, m?.max ?? null, m?.mean ?? null, m?.std ?? null],
        ];
      }),
    };
  }

  private heading({ id, label, hint, number }: Column): HTMLElement {
    const cls = `c-${id}${number ? ' number' : ''}`;
    if (id === 'spark' || id === 'range')
      return el('th', { scope: 'col', class: cls, title: hint }, el('span', {}, label));
    const button = el(
      'button',
      { type: 'button', title: hint || undefined },
      el('span', {}, label),
      el('span', { class: 'arrow', 'aria-hidden': 'true' }),
    );
    button.addEventListener('click', () => this.sort(id, number));
    const th = el('th', { scope: 'col', class: cls }, button);
    this.headings.set(id, th);
    return th;
  }

  /** First what is usually looked for, then the other way, then the model's order again. */
  private sort(id: SortId, number: boolean): void {
    const first = number ? -1 : 1;
    const { sort, direction } = this.arrangement;
    const back = sort === id && direction !== first;
    this.arrangement = {
      ...this.arrangement,
      sort: back ? 'order' : id,
      direction: back ? 1 : sort === id ? (first === 1 ? -1 : 1) : first,
    };
    this.on.arrange(this.arrangement);
    this.show();
    const { t } = this;
    this.status.textContent = fill(
      t.sortedBy,
      back ? t.modelOrder : (this.columns.find((c) => c.id === id)?.label ?? ''),
      this.arrangement.direction === 1 ? t.ascending : t.descending,
    );
  }

  private row(layer: LayerSummary): HTMLElement {
    const open = el('button', { type: 'button', class: 'open' }, el('bdi', {}, shownName(layer)));
    const row = el(
      'tr',
      { class: layer.hidden ? 'dim' : '' },
      el('th', { scope: 'row', class: 'c-name', title: layer.name }, open),
      ...this.columns
        .slice(1)
        .map((c) => el('td', { class: `c-${c.id}${c.number ? ' number' : ''}` })),
    );
    row.addEventListener('click', () => this.on.open(layer));
    return row;
  }

  private fillRow(row: HTMLElement, layer: LayerSummary): void {
    const { measures, failed, sparks } = this.store;
    const state = `${measures.has(layer.layer)} ${failed.has(layer.layer)} ${sparks.has(layer.layer)}`;
    if (this.drawn.get(row) === state) return;
    this.drawn.set(row, state);
    this.columns.forEach((column, i) => {
      const cell = row.children[i] as HTMLElement;
      if (i === 0) return;
      if (column.id === 'spark') {
        const spark = sparks.get(layer.layer);
        if (spark && !cell.firstChild)
          cell.append(toElement(sparkline(spark, { width: 92, height: 20 })));
        return;
      }
      cell.textContent = column.text(layer);
      const title = column.title?.(layer);
      if (title) cell.title = title;
    });
  }
}
