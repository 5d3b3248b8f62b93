/**
 * One item at the right of the status bar while a model is shown in one of our editors: how many
 * parameters, how large the file. A click shows the model in the sidebar.
 */
import * as vscode from 'vscode';
import { formatBytes, formatCount, formatExact } from '../../../webview/ui/format.ts';
import { nameOf } from '../files.ts';
import { modelEditorViewType, reportViewType } from '../services.ts';
import { stat, type Models } from './models.ts';

/** Milliseconds that the page itself may ask the engine first. */
const patience = 500;
const editors = [modelEditorViewType, reportViewType];

export function registerStatus(models: Models): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('model', vscode.StatusBarAlignment.Right, 100);
  item.name = vscode.l10n.t('Model');
  let wanted = '';
  const show = async (): Promise<void> => {
    const uri = activeModel();
    if (wanted === (uri?.toString() ?? '')) return;
    wanted = uri?.toString() ?? '';
    item.hide();
    const file = uri && (await stat(uri));
    if (!file) return;
    await new Promise((done) => setTimeout(done, patience));
    if (wanted !== file.uri.toString()) return;
    // a model that cannot be read says so in its editor
    const found = await models.structure(file).catch(() => undefined);
    if (!found || wanted !== file.uri.toString()) return;
    item.text = `$(symbol-structure) ${formatCount(found.parameters)} · ${formatBytes(file.bytes)}`;
    item.tooltip = vscode.l10n.t(
      '{0}: {1} parameters, {2} bytes. Click to see its layers.',
      nameOf(file.uri),
      formatExact(found.parameters),
      formatExact(file.bytes),
    );
    item.accessibilityInformation = { label: item.tooltip, role: 'button' };
    item.command = {
      command: 'deepCompression.inspect',
      title: vscode.l10n.t('Inspect Model'),
      arguments: [file.uri],
    };
    item.show();
  };
  const changed = (): void => void show();
  changed();
  return vscode.Disposable.from(
    item,
    vscode.window.tabGroups.onDidChangeTabs(changed),
    vscode.window.tabGroups.onDidChangeTabGroups(changed),
  );
}

function activeModel(): vscode.Uri | undefined {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const ours = input instanceof vscode.TabInputCustom && editors.includes(input.viewType);
  return ours ? input.uri : undefined;
}
