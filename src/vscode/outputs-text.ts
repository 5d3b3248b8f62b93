/** What a compression did to the outputs of a model, in the words of notifications. */
import * as vscode from 'vscode';
import { formatAccuracy, formatError } from '../../webview/ui/format.ts';
import type { Verdict } from '../engine/protocol-model.ts';
import type { Compressed } from './compressing.ts';

/** A retraining that lost so much of its accuracy, or agreement, is no success. */
const lostByTraining = { changed: 0.02, destroyed: 0.2 };

/** What was found out about the outputs of a changed model. */
type Measured = Pick<Compressed, 'fidelity' | 'retraining' | 'notMeasured'>;

/** What the outputs are now; a model of which nothing is known is `changed`: check it. */
export function verdictOfResult({ fidelity, retraining }: Measured): Verdict {
  if (fidelity) return fidelity.verdict;
  const lost = retraining ? lostOf(retraining) : undefined;
  if (lost === undefined) return 'kept';
  if (lost >= lostByTraining.destroyed) return 'destroyed';
  return lost > lostByTraining.changed ? 'changed' : 'kept';
}

function lostOf(retraining: NonNullable<Compressed['retraining']>): number | undefined {
  const { before, after } = retraining.test ?? retraining;
  if (typeof before?.top1 !== 'number' || typeof after?.top1 !== 'number') return undefined;
  return before.top1 - after.top1;
}

/** The first sentence: the loss, or that it is not known. */
export function outputsText(result: Measured): string {
  const verdict = verdictOfResult(result);
  const warning =
    verdict === 'destroyed'
      ? `${vscode.l10n.t('Probably unusable.')} `
      : verdict === 'changed'
        ? `${vscode.l10n.t('Check this file.')} `
        : '';
  return `${warning}${measured(result)}`;
}

function measured({ fidelity, retraining, notMeasured }: Measured): string {
  if (retraining) {
    const lost = lostOf(retraining);
    if (lost === undefined) return vscode.l10n.t('Outputs not measured.');
    return lost > 0
      ? vscode.l10n.t('Lost {0} points.', (100 * lost).toFixed(2))
      : vscode.l10n.t('Lost nothing.');
  }
  if (!fidelity)
    return notMeasured === undefined
      ? vscode.l10n.t('Outputs not measured.')
      : vscode.l10n.t('Outputs not measured: {0}.', notMeasured);
  if (fidelity.on === 'made-up inputs')
    return vscode.l10n.t(
      'Outputs moved by {0}, estimated on {1} made-up inputs.',
      formatError(fidelity.relativeError),
      fidelity.samples,
    );
  return fidelity.kind === 'values'
    ? vscode.l10n.t(
        'Outputs moved by {0} on {1} samples.',
        formatError(fidelity.relativeError),
        fidelity.samples,
      )
    : vscode.l10n.t(
        'Answers agree on {0} of {1} samples.',
        formatAccuracy(1 - fidelity.disagreement),
        fidelity.samples,
      );
}
