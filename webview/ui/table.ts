/** Figures of a picture or a list, for people and for files alike, and how a page shows them. */
import { el } from './dom.ts';
import { formatAccuracy, formatFloat, formatShare } from './format.ts';

export type Cell = string | number | boolean | null;

/** `exact`: shown with all digits of a float32; `share`, `accuracy`: a fraction, shown in per cent. */
export interface Column {
  readonly name: string;
  readonly as: 'exact' | 'share' | 'accuracy';
}

export interface Table {
  readonly columns: readonly (string | Column)[];
  readonly rows: readonly (readonly Cell[])[];
}

export function columnNames({ columns }: Table): string[] {
  return columns.map((c) => (typeof c === 'string' ? c : c.name));
}

/** A table in a region that scrolls, reachable by keyboard. */
export function tableBox(table: Table, name: string): HTMLElement {
  const numeric = table.columns.map((_, i) => table.rows.some((r) => typeof r[i] === 'number'));
  return el(
    'div',
    { class: 'table-box', role: 'region', tabindex: 0, 'aria-label': name },
    el(
      'table',
      { class: 'plain' },
      el('caption', { class: 'hidden-visually' }, name),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...columnNames(table).map((c, i) =>
            el('th', { scope: 'col', class: numeric[i] ? 'number' : '' }, c),
          ),
        ),
      ),
      el(
        'tbody',
        {},
        ...table.rows.map((row) =>
          el(
            'tr',
            {},
            ...row.map((cell, i) =>
              i === 0
                ? el(
                    'th',
                    { scope: 'row', class: numeric[0] ? 'number' : '' },
                    shownText(cell, table.columns[i]),
                  )
                : el(
                    'td',
                    { class: numeric[i] ? 'number' : '' },
                    shownText(cell, table.columns[i]),
                  ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** A cell as its column wants it shown. */
export function shownText(cell: Cell, column: string | Column | undefined): string {
  if (typeof cell !== 'number' || typeof column !== 'object') return cellText(cell);
  const formats = { exact: formatFloat, share: formatShare, accuracy: formatAccuracy };
  return formats[column.as](cell);
}

/** Numbers with at most four significant decimals and thousands apart; exact ones are in the files. */
export function cellText(cell: Cell): string {
  if (cell === null) return '–';
  if (typeof cell === 'boolean') return cell ? '✓' : '';
  if (typeof cell !== 'number') return cell;
  if (!Number.isFinite(cell)) return '–';
  const rounded =
    Number.isInteger(cell) || Math.abs(cell) >= 10_000
      ? Math.round(cell)
      : Number(cell.toPrecision(4));
  if (rounded !== 0 && Math.abs(rounded) < 1e-3) return rounded.toExponential(2);
  const [whole = '', rest] = String(rounded).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return rest ? `${grouped}.${rest}` : grouped;
}
