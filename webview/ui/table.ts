/** Figures of a picture or a list, for people and for files alike, and how a page shows them. */
import { el } from './dom.ts';

export type Cell = string | number | boolean | null;

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
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
          ...table.columns.map((c, i) =>
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
                ? el('th', { scope: 'row', class: numeric[0] ? 'number' : '' }, cellText(cell))
                : el('td', { class: numeric[i] ? 'number' : '' }, cellText(cell)),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Numbers with at most four significant decimals and thousands apart; exact ones are in the CSV. */
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
