/** "Inspect Model": shows the model and its layers in the Model Inspector, also from outside the workspace. */
import * as vscode from 'vscode';
import { allKinds, modelKinds } from '../endings.ts';
import type { Inspector } from '../inspector/register.ts';
import { askForTargets, namedTargets } from '../targets.ts';

export async function inspect(
  inspector: Inspector,
  clicked: unknown,
  selected: unknown,
): Promise<void> {
  const named = namedTargets(clicked, selected, allKinds);
  const files =
    named.length > 0 ? named : await askForTargets(modelKinds, vscode.l10n.t('Inspect Model'));
  for (const uri of files) await inspector.show(uri);
}
