/** "Find Smallest File…": the whole front of sizes and losses; the one that is picked is compressed to. */
import * as vscode from 'vscode';
import { findSmallest } from '../find-smallest.ts';
import { onSamples } from '../on-samples.ts';
import type { Services } from '../services.ts';
import { goalPreset } from '../ways.ts';
import { measurableModel } from '../measurable.ts';

export async function findSmallestOf(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<void> {
  const title = vscode.l10n.t('Find Smallest File');
  const model = await measurableModel(clicked, selected, title);
  const point =
    model &&
    (await onSamples(services, model, title, 'inputs', (samples) =>
      findSmallest(services, model, samples, title),
    ));
  if (point) await compressTo(model, point.bytes);
}

/** A size that a front has. */
export function compressTo(model: vscode.Uri, maxBytes: number): Thenable<unknown> {
  return vscode.commands.executeCommand('deepCompression.compress', {
    ...{ uri: model, preset: goalPreset, goal: { maxBytes } },
  });
}
