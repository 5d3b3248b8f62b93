/** The report is the editor of .dcz files. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, inWorkspace, messagesOf } from './support.ts';

const shown = (): vscode.TabInputCustom | undefined => {
  const input: unknown = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom ? input : undefined;
};

describe('the report', () => {
  const out = inWorkspace('cls.dcz');
  before(() =>
    messagesOf(() =>
      vscode.commands.executeCommand('deepCompression.compress', {
        uri: inWorkspace('cls.onnx'),
        preset: 'deep-compression',
      }),
    ),
  );
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));
  after(() => vscode.workspace.fs.delete(out));

  it('opens by its command', async () => {
    await vscode.commands.executeCommand('deepCompression.showReport', out);
    await eventually('the report is shown', () => shown()?.uri.toString() === out.toString());
    assert.equal(shown()?.viewType, 'deepCompression.report');
  });

  it('opens like any file', async () => {
    await vscode.commands.executeCommand('vscode.open', out);
    await eventually('the report is shown', () => shown()?.viewType === 'deepCompression.report');
  });
});
