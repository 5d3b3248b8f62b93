/** "Inspect Model": shows the model and its layers in the Model Inspector, also from outside the workspace. */
import * as vscode from 'vscode';
import type { Inspector } from '../inspector/register.ts';
import { askForTargets, namedTargets } from '../targets.ts';

export async function inspect(
  inspector: Inspector,
  clicked: unknown,
  selected: unknown,
): Promise<void> {
  const named = [
    ...namedTargets(clicked, selected, 'onnx'),
    ...namedTargets(clicked, selected, 'dcz'),
  ];
  const files =
    named.length > 0 ? named : await askForTargets(['onnx'], vscode.l10n.t('Inspect Model'));
  for (const uri of files) await inspector.show(uri);
}
