/**
 * The report page of a .dcz: composition only. In VS Code it asks its host for the data; as a file
 * of its own it finds them in the page. It holds no state but the table's sorting and filter
 * and how far it is scrolled.
 */
import '../ui/theme.css';
import './report.css';
import type { Attempt } from '../../src/engine/protocol-fidelity.ts';
import type { ReportResult } from '../../src/engine/protocol-model.ts';
import { sensitivitySection } from '../accuracy/sensitivity-section.ts';
import { evaluationSection } from '../accuracy/evaluation.ts';
import { frontSection } from '../accuracy/front.ts';
import type { Measured } from '../accuracy/measured.ts';
import { el, fill } from '../ui/dom.ts';
import { formatBytes } from '../ui/format.ts';
import { connect } from '../ui/host.ts';
import { outputOf } from '../ui/output.ts';
import { accuracySection } from './accuracy.ts';
import { attemptsSection } from './attempts.ts';
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
const out = outputOf(host);
let kept = restore(host.saved());
let shown: ReportResult | undefined;
let measured: Measured = {};
let attempts: readonly Attempt[] = [];

function show(report: ReportResult): void {
  const totals = totalsOf(report.layers);
  const recipe = recipeOf(report);
  const arithmetic = report.layers.some((l) => l.coder === 'arithmetic');
  const actions: Action[] = host.present
    ? [
        { label: t.decompress, run: () => host.post({ type: 'decompress' }), primary: true },
        { label: t.use, run: () => host.post({ type: 'use' }) },
        { label: t.compressAgain, run: () => host.post({ type: 'compressAgain' }) },
        { label: t.editRecipe, run: () => host.post({ type: 'editRecipe' }) },
        { label: t.evaluate, run: () => host.post({ type: 'measure', what: 'evaluate' }) },
        { label: t.reveal, run: () => host.post({ type: 'reveal' }) },
      ]
    : [];
  const { retraining, sensitivity } = report.training ?? {};
  const { evaluation, front } = measured;
  const compressTo = (bytes: number): void => host.post({ type: 'compressTo', bytes });
  const open = (path: string): void => host.post({ type: 'openAttempt', path });
  const measuredSections = [
    evaluation ? evaluationSection(evaluation, t) : null,
    attemptsSection(attempts, report.output.path, t, open),
    front ? frontSection(front, t, out, compressTo) : null,
  ];
  main.replaceChildren(
    overview(report, totals, recipe, actions, t),
    ...measuredSections.filter((section) => section !== null),
    ...(retraining ? [accuracySection(retraining, t, out)] : []),
    breakdown(fileParts(report), report.output.bytes, arithmetic, t, out),
    report.layers.length > 0
      ? layerTable(
          report.layers.map(rowOf),
          totals,
          t,
          kept.table,
          (table) => keep({ table }),
          out,
          host.present ? (layer) => host.post({ type: 'openLayer', layer }) : undefined,
        )
      : el('section', {}, el('h2', {}, t.layers), el('p', { class: 'empty' }, t.noLayers)),
    el(
      'div',
      { class: 'explain' },
      el('p', {}, t.layersHint),
      el('p', {}, t.accounting),
      arithmetic ? el('p', {}, t.accountingArithmetic) : null,
    ),
    ...(sensitivity ? [sensitivitySection(sensitivity, t, out)] : []),
  );
  if (report.notCoded.length > 0)
    main.append(
      el(
        'section',
        { 'aria-labelledby': 'not-coded-heading' },
        el('h2', { id: 'not-coded-heading' }, t.notCoded),
        el(
          'ul',
          { class: 'notes' },
          ...report.notCoded.map(({ name, bytes, reason }) =>
            el('li', {}, `${name} (${formatBytes(bytes)}): ${reason}`),
          ),
        ),
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
  if (kept.scroll > 0) requestAnimationFrame(() => scrollTo(0, kept.scroll));
}

/** Shows the report anew when more is known around it, and only then: what is focused stays. */
function update(learn: () => void): void {
  const before = JSON.stringify([measured, attempts]);
  learn();
  if (shown && JSON.stringify([measured, attempts]) !== before) show(shown);
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

/** What outlives the page while its tab is hidden or the window reloads. */
interface Kept {
  readonly table: TableState;
  readonly scroll: number;
}

function keep(change: Partial<Kept>): void {
  kept = { ...kept, ...change };
  host.save(kept);
}

function restore(saved: unknown): Kept {
  const { table, scroll } = (saved ?? {}) as { table?: unknown; scroll?: unknown };
  const { sort, direction, more, filter } = (table ?? {}) as Partial<
    Record<keyof TableState, unknown>
  >;
  return {
    table: {
      sort: typeof sort === 'string' ? sort : initialState.sort,
      direction: direction === -1 ? -1 : 1,
      more: more === true,
      filter: typeof filter === 'string' ? filter : initialState.filter,
    },
    scroll: typeof scroll === 'number' ? scroll : 0,
  };
}

host.listen(isToReport, (received) => {
  switch (received.type) {
    case 'loading':
      // a refresh keeps the page that is shown
      if (!main.querySelector('.overview')) message(fill(t.loading, received.name), '', []);
      break;
    case 'report':
      shown = received.report;
      show(shown);
      break;
    case 'measured':
      update(() => (measured = received.measured));
      break;
    case 'attempts':
      // a file alone is no row
      update(() => (attempts = received.attempts.length > 1 ? received.attempts : []));
      break;
    case 'error':
      message(t.failed, received.message, [
        { label: t.tryAgain, run: () => host.post({ type: 'retry' }), primary: true },
        { label: t.openLog, run: () => host.post({ type: 'openLog' }) },
      ]);
  }
});
let scrolled: number | undefined;
addEventListener('scroll', () => {
  clearTimeout(scrolled);
  scrolled = window.setTimeout(() => {
    if (main.querySelector('.overview')) keep({ scroll: Math.round(scrollY) });
  }, 200);
});
if (data.report) show(data.report);
else host.post({ type: 'ready' });
