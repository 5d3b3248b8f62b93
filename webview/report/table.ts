/**
 * The layer table: sortable by mouse and keyboard (a button in every heading, `aria-sort`, changes
 * announced), filtered by name, totals in the footer. Rows are built once and re-ordered.
 */
import '@vscode-elements/elements/dist/vscode-checkbox/index.js';
import '@vscode-elements/elements/dist/vscode-textfield/index.js';
import { rowBar } from '../charts/stacked-bar.ts';
import { toElement } from '../charts/svg.ts';
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import type { Output } from '../ui/output.ts';
import { formatBytes, formatExact, formatShape } from '../ui/format.ts';
import { legible, nameLine } from '../ui/legible.ts';
import { columnsOf, dataOf, sortRows, type Column } from './columns.ts';
import { partTitle } from './breakdown.ts';
import type { Row } from './model.ts';
import type { ReportStrings } from './strings.ts';

/** What survives a hidden or reloaded page. */
export interface TableState {
  readonly sort: string;
  readonly direction: 1 | -1;
  readonly more: boolean;
  readonly filter: string;
}

export const initialState: TableState = { sort: '', direction: 1, more: false, filter: '' };

/** Looks into a layer, by its name. */
export type OpenLayer = (name: string) => void;

const barTheme = { width: 112, height: 10, character: 7 };

export function layerTable(
  rows: readonly Row[],
  totals: Row,
  t: ReportStrings,
  start: TableState,
  onState: (state: TableState) => void,
  out: Output,
  /** Undefined where nothing else can show a layer. */
  open: OpenLayer | undefined,
): HTMLElement {
  const columns = columnsOf(t);
  let state = start;
  const longest = rows.reduce((most, r) => Math.max(most, r.stored), 1);
  const built = new Map(rows.map((row) => [row, bodyRow(row, columns, longest, t, open)]));
  const body = el('tbody');
  const status = el('p', { class: 'hidden-visually', role: 'status' });
  const count = el('span', { class: 'count' });
  const empty = el('p', { class: 'no-match', hidden: true }, t.noMatch);
  const headings = new Map<string, HTMLElement>();
  const table = el(
    'table',
    { class: 'layers' },
    el('caption', { class: 'hidden-visually' }, `${t.layers}. ${t.layersHint}`),
    head(columns, headings, t, (id) => {
      const direction = state.sort !== id ? 1 : state.direction === 1 ? -1 : 0;
      // third activation: back to the model's order
      update({ sort: direction === 0 ? '' : id, direction: direction === -1 ? -1 : 1 });
      const column = columns.find((c) => c.id === state.sort);
      status.textContent = fill(
        t.sortedBy,
        column ? `${column.group} ${column.label}`.trim() : t.graphOrder,
        state.direction === 1 ? t.ascending : t.descending,
      );
    }),
    body,
    el('tfoot', {}, footRow(totals, columns, longest, t)),
  );

  const shown = (): readonly Row[] => {
    const wanted = state.filter.trim().toLowerCase();
    const matching = rows.filter((r) => `${r.name} ${r.op}`.toLowerCase().includes(wanted));
    return sortRows(
      matching,
      columns.find((c) => c.id === state.sort),
      state.direction,
    );
  };
  function update(change: Partial<TableState>): void {
    state = { ...state, ...change };
    onState(state);
    draw();
  }
  function draw(): void {
    const visible = shown();
    body.replaceChildren(...visible.map((row) => built.get(row) as HTMLElement));
    table.classList.toggle('all-columns', state.more);
    for (const [id, heading] of headings) {
      if (id === state.sort)
        heading.setAttribute('aria-sort', state.direction === 1 ? 'ascending' : 'descending');
      else heading.removeAttribute('aria-sort');
    }
    empty.hidden = visible.length > 0;
    count.textContent = state.filter
      ? fill(t.filtered, visible.length, rows.length)
      : String(rows.length);
  }

  const filter = el('vscode-textfield', {
    class: 'filter',
    label: t.filter,
    'aria-label': t.filter,
    placeholder: t.filterShort,
    value: state.filter,
    type: 'search',
  });
  filter.addEventListener('input', () => {
    update({ filter: String((filter as HTMLElement & { value: unknown }).value) });
    status.textContent = count.textContent;
  });
  const more = el('vscode-checkbox', { label: t.moreColumns, checked: state.more });
  more.addEventListener('change', () =>
    update({ more: Boolean((more as HTMLElement & { checked: unknown }).checked) }),
  );
  const menu = exportMenu(
    { name: 'layers', heading: t.layers, table: () => dataOf(shown(), columns) },
    t,
    out,
  );
  draw();
  return el(
    'section',
    { 'aria-labelledby': 'layers-heading' },
    el(
      'div',
      { class: 'section-head' },
      el('h2', { id: 'layers-heading' }, t.layers, ' ', count),
      el('div', { class: 'tools' }, filter, more, menu),
    ),
    el(
      'div',
      { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': t.tableRegion },
      table,
      empty,
    ),
    status,
  );
}

/** Two heading rows, as in the paper: groups above, P+Q and P+Q+H below. */
function head(
  columns: readonly Column[],
  headings: Map<string, HTMLElement>,
  t: ReportStrings,
  onSort: (id: string) => void,
): HTMLElement {
  const heading = (column: Column, rowspan: number): HTMLElement => {
    const button = el(
      'button',
      {
        type: 'button',
        title: column.hint || undefined,
        'aria-label': column.group ? `${column.group} ${column.label}` : undefined,
      },
      el('span', {}, column.label),
      el('span', { class: 'arrow', 'aria-hidden': 'true' }),
    );
    button.addEventListener('click', () => onSort(column.id));
    const th = el(
      'th',
      { scope: 'col', rowspan, class: `${classOf(column)}${column.group ? ' sub' : ''}` },
      button,
    );
    headings.set(column.id, th);
    return th;
  };
  const first = el('tr');
  const second = el('tr');
  columns.forEach((column, i) => {
    if (!column.group) first.append(heading(column, 2));
    else {
      if (columns[i - 1]?.group !== column.group)
        first.append(
          el(
            'th',
            {
              scope: 'colgroup',
              colspan: columns.filter((c) => c.group === column.group).length,
              class: `group${column.more ? ' more' : ''}`,
            },
            column.group,
          ),
        );
      second.append(heading(column, 1));
    }
    if (column.id === 'stored')
      first.append(el('th', { scope: 'col', rowspan: 2, class: 'bar' }, t.parts));
  });
  return el('thead', {}, first, second);
}

function bodyRow(
  row: Row,
  columns: readonly Column[],
  longest: number,
  t: ReportStrings,
  open: OpenLayer | undefined,
): HTMLElement {
  const kind = [row.op, formatShape(row.shape)].filter((s) => s !== '').join(' · ');
  const name = el('bdi', { class: 'layer-name' }, nameLine(row.name, `#${row.order + 1}`));
  const link = el('button', { type: 'button', class: 'link', title: t.openLayer }, name);
  link.addEventListener('click', () => open?.(row.name));
  return el(
    'tr',
    {},
    el(
      'th',
      { scope: 'row', class: 'name', title: legible(row.name) },
      open ? link : name,
      el('span', { class: 'layer-kind' }, kind),
    ),
    ...cells(row, columns, longest, t),
  );
}

function footRow(
  row: Row,
  columns: readonly Column[],
  longest: number,
  t: ReportStrings,
): HTMLElement {
  return el(
    'tr',
    {},
    el('th', { scope: 'row', class: 'name' }, t.total),
    ...cells(row, columns, longest, t),
  );
}

function cells(
  row: Row,
  columns: readonly Column[],
  longest: number,
  t: ReportStrings,
): HTMLElement[] {
  return columns.slice(1).flatMap((column) => {
    const text = column.text(row);
    const below = column.below?.(row) ?? '';
    const dense = text === '–' && row.indexBits === null && column.group !== '';
    const cell = el(
      'td',
      { class: classOf(column), title: dense ? t.dense : column.exact?.(row) },
      text,
      below ? el('span', { class: 'below' }, `(${below})`) : null,
    );
    return column.id === 'stored' ? [cell, el('td', { class: 'bar' }, bar(row, longest, t))] : cell;
  });
}

function bar(row: Row, longest: number, t: ReportStrings): Node | null {
  if (row.order < 0) return null;
  const pieces = (['values', 'index', 'codebook', 'tables'] as const).map((part) => ({
    part,
    bytes: row.bytes[part],
    title: `${partTitle(part, t)}: ${formatBytes(row.bytes[part])} (${formatExact(row.bytes[part])})`,
  }));
  return toElement(rowBar(pieces, longest, barTheme));
}

function classOf(column: Column): string {
  return `${column.id === 'name' ? 'name' : column.id === 'coder' ? 'word' : 'number'}${column.more ? ' more' : ''}`;
}
