/** "Open in Model Inspector": opens .onnx and .dcz files in the inspector's editor. */
import * as vscode from 'vscode';
import { openInspectorOn } from '../model-editor/requests.ts';
import { askForTargets, namedTargets } from '../targets.ts';

export async function openModelEditor(clicked: unknown, selected: unknown): Promise<void> {
  const named = [
    ...namedTargets(clicked, selected, 'onnx'),
    ...namedTargets(clicked, selected, 'dcz'),
  ];
  const files =
    named.length > 0
      ? named
      : await askForTargets(['onnx'], vscode.l10n.t('Open in Model Inspector'));
  for (const uri of files) await openInspectorOn(uri);
}
