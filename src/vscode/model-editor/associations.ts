/** Which editor VS Code opens a kind of file with: the user setting `workbench.editorAssociations`. */
import * as vscode from 'vscode';
import { allKinds, endingOf } from '../endings.ts';
import { modelEditorViewType } from '../services.ts';

const section = 'workbench.editorAssociations';

function patternFor(uri: vscode.Uri): string {
  return `*.${endingOf(uri.path, allKinds) ?? 'onnx'}`;
}

export function isDefaultEditor(uri: vscode.Uri): boolean {
  const all = vscode.workspace.getConfiguration().get<Record<string, unknown>>(section, {});
  return all[patternFor(uri)] === modelEditorViewType;
}

/** For all files of this kind, in the user's own settings; other associations stay. */
export async function makeDefaultEditor(uri: vscode.Uri): Promise<void> {
  const configuration = vscode.workspace.getConfiguration();
  const { globalValue } = configuration.inspect<Record<string, string>>(section) ?? {};
  await configuration.update(
    section,
    { ...globalValue, [patternFor(uri)]: modelEditorViewType },
    vscode.ConfigurationTarget.Global,
  );
}
