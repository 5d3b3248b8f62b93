/**
 * Which editor VS Code opens a kind of file with: models in the inspector, as the manifest says, unless the
 * user setting `workbench.editorAssociations` has another.
 */
import * as vscode from 'vscode';
import { allKinds, endingOf, kindOfName } from '../endings.ts';
import { modelEditorViewType, type Services } from '../services.ts';
import { foreignEditor } from './foreign-editor.ts';

const section = 'workbench.editorAssociations';
/** Of the global state: the user was told of the other extension. */
const told = 'toldOfOtherEditor';

function patternFor(uri: vscode.Uri): string {
  return `*.${endingOf(uri.path, allKinds) ?? 'onnx'}`;
}

export function isDefaultEditor(uri: vscode.Uri): boolean {
  const all = vscode.workspace.getConfiguration().get<Record<string, unknown>>(section, {});
  const chosen = all[patternFor(uri)];
  // what was compressed opens in its report
  return chosen === undefined ? kindOfName(uri.path) !== 'dcz' : chosen === modelEditorViewType;
}

/** For all files of this kind, in the user's own settings; other associations stay. */
export async function makeDefaultEditor(
  uri: vscode.Uri,
  viewType = modelEditorViewType,
): Promise<void> {
  const configuration = vscode.workspace.getConfiguration();
  const { globalValue } = configuration.inspect<Record<string, string>>(section) ?? {};
  await configuration.update(
    section,
    { ...globalValue, [patternFor(uri)]: viewType },
    vscode.ConfigurationTarget.Global,
  );
}

/** Tells users of another viewer, once, how files open in that one. */
export async function tellOfForeignEditor({ context }: Services, uri: vscode.Uri): Promise<void> {
  if (context.globalState.get(told) === true) return;
  const ending = endingOf(uri.path, allKinds) ?? '';
  const foreign = foreignEditor(ending, vscode.extensions.all, context.extension.id);
  if (!foreign) return;
  await context.globalState.update(told, true);
  const { extension, viewType } = foreign;
  const use = vscode.l10n.t('Open {0} Files in {1}', patternFor(uri), extension);
  const answer = await vscode.window.showInformationMessage(
    vscode.l10n.t(
      'Models open in the Model Inspector. {0} stays under “Reopen Editor With…”, and the setting {1} says what opens by itself.',
      ...[extension, section],
    ),
    use,
  );
  if (answer === use) await makeDefaultEditor(uri, viewType);
}
