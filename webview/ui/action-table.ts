/** A small table whose rows each end in a button; the first column names the row. */
import { el } from './dom.ts';

export interface ActionRow {
  readonly name: string;
  /** Of the name, where it does not say all. */
  readonly title?: string;
  readonly cells: readonly string[];
  /** What the button does, for those who do not see its row. */
  readonly label: string;
  /** Absent: the row has no button. */
  readonly run?: () => void;
}

/** @param columns headings, the first that of the names. @param button what all buttons say */
export function actionTable(
  caption: string,
  columns: readonly string[],
  button: string,
  rows: readonly ActionRow[],
): HTMLElement {
  return el(
    'div',
    { class: 'table-box', role: 'region', tabindex: 0, 'aria-label': caption },
    el(
      'table',
      { class: 'plain' },
      el('caption', { class: 'hidden-visually' }, caption),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          ...columns.map((text, i) =>
            el('th', { scope: 'col', class: i === 0 ? '' : 'number' }, text),
          ),
          el('td', {}),
        ),
      ),
      el(
        'tbody',
        {},
        ...rows.map(({ name, title, cells, label, run }) => {
          const press =
            run &&
            el(
              'button',
              { type: 'button', class: 'secondary', 'aria-label': label, title: label },
              button,
            );
          press?.addEventListener('click', run!);
          return el(
            'tr',
            {},
            el('th', { scope: 'row', title: title ?? '' }, el('bdi', {}, name)),
            ...cells.map((text) => el('td', { class: 'number' }, text)),
            el('td', {}, press),
          );
        }),
      ),
    ),
  );
}
