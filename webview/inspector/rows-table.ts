/**
 * A table of any number of rows: sorted by any column, only the rows on the screen exist. Arrow keys
 * move between rows, Enter opens one. The first column is the name of a row. Exported whole.
 */
import { el, fill } from '../ui/dom.ts';
import { exportMenu } from '../ui/export-menu.ts';
import type { MenuItem } from '../ui/menu.ts';
import type { Output } from '../ui/output.ts';
import type { Table } from '../ui/table.ts';
import type { InspectorStrings } from './strings.ts';
import { Virtual } from './virtual.ts';

export interface Column<T, Id extends string> {
  readonly id: Id;
  readonly label: string;
  readonly hint?: string;
  readonly number?: boolean;
  /** Cannot be sorted by, and is not in files. */
  readonly fixed?: boolean;
  readonly text: (item: T) => string;
  readonly title?: (item: T) => string;
  /** Draws into the cell instead of writing `text`. */
  readonly draw?: (item: T, cell: HTMLElement) => void;
}

export interface Sorting<Id extends string> {
  /** `order`: as they come. */
  readonly sort: Id | 'order';
  readonly direction: 1 | -1;
}

export interface RowsTableParts<T, Id extends string> {
  /** Of the section's heading and of the table's class. */
  readonly id: string;
  readonly heading: string;
  readonly region: string;
  readonly classes?: string;
  readonly columns: readonly Column<T, Id>[];
  readonly rowHeight: number;
  /** All rows in the order of the sorting. */
  readonly items: (sorting: Sorting<Id>) => readonly T[];
  /** Changes when a row must be written anew. */
  readonly stateOf: (item: T) => string;
  readonly dim?: (item: T) => boolean;
  /** For files: exact figures. */
  readonly data: (items: readonly T[]) => Table;
  /** Of the files it is exported to. */
  readonly name: string;
  /** What else it can become. */
  readonly more?: readonly MenuItem[];
  readonly on: {
    readonly open: (item: T) => void;
    readonly sort: (sorting: Sorting<Id>) => void;
    /** Rows on the screen. */
    readonly want?: (items: readonly T[]) => void;
  };
}

export class RowsTable<T extends object, Id extends string> {
  readonly element: HTMLElement;
  private readonly rows: Virtual<T>;
  private readonly headings = new Map<string, HTMLElement>();
  private readonly status = el('p', { class: 'hidden-visually', role: 'status' });
  private readonly table: HTMLElement;
  private readonly drawn = new WeakMap<HTMLElement, string>();

  constructor(
    private readonly parts: RowsTableParts<T, Id>,
    private sorting: Sorting<Id>,
    private readonly t: InspectorStrings,
    out: Output,
  ) {
    const { id, heading, region, columns, rowHeight, on } = parts;
    const above = el('td', { colspan: columns.length });
    const below = el('td', { colspan: columns.length });
    const head = el(
      'thead',
      {},
      el('tr', { 'aria-rowindex': 1 }, ...columns.map((c) => this.headingOf(c))),
    );
    const body = el('tbody', { class: 'rows' });
    this.table = el(
      'table',
      { class: `all ${parts.classes ?? ''}`.trim() },
      el('caption', { class: 'hidden-visually' }, `${heading}. ${t.tableHelp}`),
      head,
      el('tbody', { 'aria-hidden': 'true', class: 'room' }, el('tr', {}, above)),
      body,
      el('tbody', { 'aria-hidden': 'true', class: 'room' }, el('tr', {}, below)),
    );
    const scroller = el(
      'div',
      { class: 'table-scroll', role: 'region', tabindex: 0, 'aria-label': region },
      this.table,
    );
    this.rows = new Virtual<T>({
      ...{ scroller, body, rowHeight },
      room: (a, b) => {
        above.style.height = `${a}px`;
        below.style.height = `${b}px`;
      },
      headHeight: () => head.offsetHeight,
      make: (item) => this.row(item),
      update: (row, item, index) => {
        row.setAttribute('aria-rowindex', String(index + 2));
        this.fillRow(row, item);
      },
      focusable: (row) => row.querySelector('button') as HTMLElement,
      ...(on.want && { onWindow: on.want }),
      onActivate: on.open,
    });
    const menu = exportMenu(
      {
        ...{ name: parts.name, heading, more: parts.more ?? [] },
        table: () => parts.data(parts.items(this.sorting)),
      },
      t,
      out,
    );
    this.element = el(
      'section',
      { 'aria-labelledby': `${id}-heading` },
      el(
        'div',
        { class: 'section-head' },
        el('h2', { id: `${id}-heading` }, heading),
        el('div', { class: 'tools' }, menu),
      ),
      scroller,
      this.status,
    );
    this.show();
  }

  /** Other rows, or another order of them. */
  show(): void {
    const items = this.parts.items(this.sorting);
    this.table.setAttribute('aria-rowcount', String(items.length + 1));
    for (const [id, heading] of this.headings)
      if (id === this.sorting.sort)
        heading.setAttribute(
          'aria-sort',
          this.sorting.direction === 1 ? 'ascending' : 'descending',
        );
      else heading.removeAttribute('aria-sort');
    this.rows.set(items);
  }

  /** The figures of some rows changed: those on the screen are written anew. */
  refresh(): void {
    this.rows.refresh();
  }

  private headingOf(column: Column<T, Id>): HTMLElement {
    const { id, label, hint, number, fixed } = column;
    const cls = `c-${id}${number ? ' number' : ''}`;
    if (fixed) return el('th', { scope: 'col', class: cls, title: hint }, el('span', {}, label));
    const button = el(
      'button',
      { type: 'button', title: hint },
      el('span', {}, label),
      el('span', { class: 'arrow', 'aria-hidden': 'true' }),
    );
    button.addEventListener('click', () => this.sort(column));
    const th = el('th', { scope: 'col', class: cls }, button);
    this.headings.set(id, th);
    return th;
  }

  /** First what is usually looked for, then the other way, then the order they come in again. */
  private sort({ id, label, number }: Column<T, Id>): void {
    const first = number ? -1 : 1;
    const { sort, direction } = this.sorting;
    const back = sort === id && direction !== first;
    this.sorting = {
      sort: back ? 'order' : id,
      direction: back ? 1 : sort === id ? (first === 1 ? -1 : 1) : first,
    };
    this.parts.on.sort(this.sorting);
    this.show();
    const { t } = this;
    this.status.textContent = fill(
      t.sortedBy,
      back ? t.modelOrder : label,
      this.sorting.direction === 1 ? t.ascending : t.descending,
    );
  }

  private row(item: T): HTMLElement {
    const [name, ...others] = this.parts.columns;
    const open = el(
      'button',
      { type: 'button', class: 'open' },
      el('bdi', {}, name?.text(item) ?? ''),
    );
    const row = el(
      'tr',
      { class: this.parts.dim?.(item) ? 'dim' : '' },
      el('th', { scope: 'row', class: 'c-name', title: name?.title?.(item) }, open),
      ...others.map((c) => el('td', { class: `c-${c.id}${c.number ? ' number' : ''}` })),
    );
    row.addEventListener('click', () => this.parts.on.open(item));
    return row;
  }

  private fillRow(row: HTMLElement, item: T): void {
    const state = this.parts.stateOf(item);
    if (this.drawn.get(row) === state) return;
    this.drawn.set(row, state);
    this.parts.columns.forEach((column, i) => {
      if (i === 0) return;
      const cell = row.children[i] as HTMLElement;
      if (column.draw) return column.draw(item, cell);
      cell.textContent = column.text(item);
      const title = column.title?.(item);
      if (title) cell.title = title;
    });
  }
}
