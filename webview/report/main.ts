/**
 * The report page of a .dcz: composition only. In VS Code it asks its host for the data; as a file
 * of its own it finds them in the page. It holds no state but the table's sorting and filter.
 */
import '../ui/theme.css';
import './report.css';
import type { ReportResult } from '../../src/engine/protocol.ts';
import { el, fill } from '../ui/dom.ts';
import { connect } from '../ui/host.ts';
import { breakdown } from './breakdown.ts';
import { isToReport, type FromReport, type ReportPageData, type ToReport } from './messages.ts';
import { fileName, fileParts, recipeOf, rowOf, totalsOf } from './model.ts';
import { button, overview, type Action } from './overview.ts';
import { english, type ReportStrings } from './strings.ts';
import { initialState, layerTable, type TableState } from './table.ts';

const main = document.getElementById('report') as HTMLElement;
const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as ReportPageData;
const t: ReportStrings = data.strings ?? english;
const host = connect<ToReport, FromReport>();

function show(report: ReportResult): void {
  const totals = totalsOf(report.layers);
  const recipe = recipeOf(report);
  const arithmetic = report.layers.some((l) => l.coder === 'arithmetic');
  const actions: Action[] = host.present
    ? [
        { label: t.decompress, run: () => host.post({ type: 'decompress' }), primary: true },
        { label: t.reveal, run: () => host.post({ type: 'reveal' }) },
      ]
    : [];
  main.replaceChildren(
    overview(report, totals, recipe, actions, t),
    breakdown(fileParts(report), report.output.bytes, arithmetic, t),
    report.layers.length > 0
      ? layerTable(report.layers.map(rowOf), totals, t, savedState(), {
          save: (state) => host.save(state),
          copy: (text) =>
            host.present
              ? host.post({ type: 'copy', text })
              : void navigator.clipboard?.writeText(text),
        })
      : el('section', {}, el('h2', {}, t.layers), el('p', { class: 'empty' }, t.noLayers)),
    el(
      'div',
      { class: 'explain' },
      el('p', {}, t.layersHint),
      el('p', {}, t.accounting),
      arithmetic ? el('p', {}, t.accountingArithmetic) : null,
    ),
  );
  if (report.notes.length > 0)
    main.append(
      el(
        'section',
        { 'aria-labelledby': 'notes-heading' },
        el('h2', { id: 'notes-heading' }, t.notes),
        el('ul', { class: 'notes' }, ...report.notes.map((note) => el('li', {}, note))),
      ),
    );
  if (recipe.json)
    main.append(
      el(
        'details',
        { class: 'recipe' },
        el('summary', {}, el('h2', {}, t.recipe)),
        el('pre', { tabindex: 0, 'aria-label': t.recipe }, recipe.json),
      ),
    );
  document.title = fileName(report.output.path);
}

function message(text: string, detail: string, actions: readonly Action[]): void {
  main.replaceChildren(
    el(
      'div',
      { class: 'message', role: 'status' },
      el('h1', {}, text),
      detail ? el('p', {}, detail) : null,
      actions.length > 0 ? el('div', { class: 'actions' }, ...actions.map(button)) : null,
    ),
  );
}

function savedState(): TableState {
  const saved = host.saved();
  if (typeof saved !== 'object' || saved === null) return initialState;
  const { sort, direction, more, filter } = saved as Partial<Record<keyof TableState, unknown>>;
  return {
    sort: typeof sort === 'string' ? sort : '',
    direction: direction === -1 ? -1 : 1,
    more: more === true,
    filter: typeof filter === 'string' ? filter : '',
  };
}

host.listen(isToReport, (received) => {
  switch (received.type) {
    case 'loading':
      // a refresh keeps the page that is shown
      if (!main.querySelector('.overview')) message(fill(t.loading, received.name), '', []);
      break;
    case 'report':
      show(received.report);
      break;
    case 'error':
      message(t.failed, received.message, [
        { label: t.tryAgain, run: () => host.post({ type: 'retry' }), primary: true },
        { label: t.openLog, run: () => host.post({ type: 'openLog' }) },
      ]);
  }
});
if (data.report) show(data.report);
else host.post({ type: 'ready' });
