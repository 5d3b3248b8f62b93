/** The files that were made of one model, side by side: how small, by which recipe, and what it did. */
import type { Attempt } from '../../src/engine/protocol-fidelity.ts';
import { actionTable } from '../ui/action-table.ts';
import { el, fill } from '../ui/dom.ts';
import { formatBytes, formatRatio } from '../ui/format.ts';
import { statedSentence } from '../ui/stated.ts';
import { fileName } from './model.ts';
import type { ReportStrings } from './strings.ts';

/** null where there is none but `own`. */
export function attemptsSection(
  attempts: readonly Attempt[],
  own: string,
  t: ReportStrings,
  open: (path: string) => void,
): HTMLElement | null {
  if (attempts.length < 2) return null;
  return el(
    'section',
    { class: 'attempts', 'aria-labelledby': 'attempts-heading' },
    el('h2', { id: 'attempts-heading' }, t.attempts),
    el('p', { class: 'muted sentence' }, t.attemptsHint),
    actionTable(
      t.attemptRows,
      [t.attemptFile, t.bytes, t.smaller, t.attemptRecipe, t.attemptOutputs],
      t.openAttempt,
      attempts.map((attempt) => {
        const { path, bytes, ratio, recipe, stated } = attempt;
        const name = fileName(path);
        const here = path === own;
        return {
          ...{ name: here ? `${name} (${t.attemptHere})` : name, title: path },
          cells: [formatBytes(bytes), formatRatio(ratio), recipe, answersText(stated, t)],
          label: fill(t.openAttemptNamed, name),
          ...(!here && { run: () => open(path) }),
        };
      }),
    ),
  );
}

function answersText({ outputs, verdict }: Attempt['stated'], t: ReportStrings): string {
  if (!outputs) return t.statedNothing;
  return `${verdict === 'kept' ? '' : '⚠ '}${statedSentence(outputs, t)}`;
}
