/** The top of the report: what the file is, how much smaller it got, and what can be done with it. */
import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { Retraining } from '../../src/engine/protocol-accuracy.ts';
import type { ReportResult } from '../../src/engine/protocol-model.ts';
import { sizeBars } from '../charts/stacked-bar.ts';
import { el, fill } from '../ui/dom.ts';
import { formatBytes, formatCount, formatExact, formatRatio, formatShare } from '../ui/format.ts';
import { statedLine } from '../ui/stated.ts';
import { accuracyText } from '../accuracy/sensitivity-section.ts';
import { measureName, pairsOf, samplesText } from './accuracy.ts';
import { fitWidth } from './fit.ts';
import { fileName, prunes, type Row } from './model.ts';
import type { ReportStrings } from './strings.ts';

export interface Action {
  readonly label: string;
  readonly run: () => void;
  readonly primary?: boolean;
}

export function overview(
  report: ReportResult,
  totals: Row,
  recipe: { readonly name: string; readonly description: string },
  actions: readonly Action[],
  t: ReportStrings,
): HTMLElement {
  const { input, output, training } = report;
  const accuracy = training?.retraining && accuracyFigure(training.retraining, t);
  return el(
    'header',
    { class: 'overview' },
    el(
      'div',
      { class: 'title' },
      el(
        'div',
        {},
        el('h1', { title: output.path }, fileName(output.path)),
        // a retrained file says its accuracy as a figure
        accuracy ? null : statedLine(report.stated, t),
        recipe.name
          ? el(
              'p',
              { class: 'source' },
              `${t.recipe}: `,
              el('strong', {}, recipe.name),
              recipe.description ? ` – ${recipe.description}` : null,
            )
          : null,
      ),
      el('div', { class: 'actions' }, ...actions.map(button)),
    ),
    el(
      'div',
      { class: accuracy ? 'figures with-accuracy' : 'figures' },
      ratio(report, t),
      accuracy,
      figure(
        prunes(report) ? t.weightsLeft : t.weightsNotZero,
        formatShare(totals.left),
        fill(t.weightsOf, formatCount(totals.left * totals.weights), formatCount(totals.weights)),
      ),
      figure(
        t.bitsPerWeight,
        totals.weights ? ((totals.stored * 8) / totals.weights).toFixed(2) : '–',
        t.bitsPerWeightHint,
      ),
    ),
    fitWidth('size-bars', (width) =>
      sizeBars(
        [
          {
            label: `${t.original}  ${formatBytes(input.bytes)} (${fill(t.bytesExact, formatExact(input.bytes))})`,
            bytes: input.bytes,
            kind: 'original',
          },
          {
            label: `${t.compressed}  ${formatBytes(output.bytes)} (${fill(t.bytesExact, formatExact(output.bytes))})`,
            bytes: output.bytes,
            kind: 'compressed',
          },
        ],
        { width, height: 26, character: 7 },
        fill(t.sizes, formatBytes(input.bytes), formatBytes(output.bytes)),
      ),
    ),
  );
}

function ratio(report: ReportResult, t: ReportStrings): HTMLElement {
  const smaller = report.ratio >= 1;
  return el(
    'div',
    { class: 'figure ratio' },
    el(
      'p',
      { class: 'big' },
      el('span', { class: 'value' }, formatRatio(report.ratio)),
      smaller ? ` ${t.smaller}` : null,
    ),
    el('p', { class: 'detail' }, smaller ? t.wholeFiles : t.larger),
    report.decodesExactly
      ? el(
          'p',
          { class: 'verified', title: t.verifiedHint },
          el('span', { class: 'tick', 'aria-hidden': 'true' }, '✓'),
          t.verified,
          el('span', { class: 'hidden-visually' }, `. ${t.verifiedHint}`),
        )
      : null,
  );
}

/** undefined where nothing was held out to be scored. */
function accuracyFigure(retraining: Retraining, t: ReportStrings): HTMLElement | undefined {
  const [pair] = pairsOf(retraining);
  return (
    pair &&
    figure(
      measureName(retraining, pair, t),
      accuracyText(pair.after),
      `${fill(t.beforeValue, accuracyText(pair.before))} · ${samplesText(pair, t)}`,
    )
  );
}

function figure(label: string, value: string, detail: string): HTMLElement {
  return el(
    'div',
    { class: 'figure' },
    el('p', { class: 'label' }, label),
    el('p', { class: 'value' }, value),
    el('p', { class: 'detail' }, detail),
  );
}

export function button(action: Action): HTMLElement {
  const element = el('vscode-button', { secondary: !action.primary }, action.label);
  element.addEventListener('click', action.run);
  return element;
}
