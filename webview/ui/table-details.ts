/** The table behind a picture: folded, and built when it is opened. */
import { el, fill } from './dom.ts';
import { formatExact } from './format.ts';
import type { SharedStrings } from './strings.ts';
import { tableBox, type Table } from './table.ts';

/** Rows that are shown: those of the largest simulated machine fit. An exported table has all. */
const shownRows = 1024;

export class TableDetails {
  readonly element: HTMLDetailsElement;

  /** @param table undefined while there is none */
  constructor(
    private readonly heading: string,
    private readonly table: () => Table | undefined,
    private readonly t: SharedStrings,
  ) {
    this.element = el('details', { class: 'data' }, el('summary', {}, t.asTable));
    this.element.addEventListener('toggle', () => this.refresh());
  }

  /** The figures changed. */
  refresh(): void {
    const { element, t } = this;
    while (element.lastElementChild !== element.firstElementChild)
      element.lastElementChild?.remove();
    const table = element.open ? this.table() : undefined;
    if (!table) return;
    const { columns, rows } = table;
    if (rows.length > shownRows)
      element.append(
        el('p', {}, fill(t.someRows, formatExact(shownRows), formatExact(rows.length))),
      );
    element.append(
      tableBox({ columns, rows: rows.slice(0, shownRows) }, `${this.heading}: ${t.asTable}`),
    );
  }
}
