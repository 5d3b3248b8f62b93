/** "Choose Samples…": what a model is measured and compressed on from now on. */
import * as vscode from 'vscode';
import { chooseSamples } from '../dataset.ts';
import { measurableModel } from '../measurable.ts';
import type { Services } from '../services.ts';

export async function chooseSamplesOf(
  services: Services,
  clicked: unknown,
  selected: unknown,
): Promise<void> {
  const title = vscode.l10n.t('Choose Samples');
  const model = await measurableModel(clicked, selected, title);
  if (model) await chooseSamples(services, model, title, 'inputs');
}
