/** The model inspector's editor as VS Code knows it: one way to open a model, never the default unasked. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { eventually, inWorkspace, messagesOf } from './support.ts';

const viewType = 'deepCompression.inspector';
const editors = (): vscode.Tab[] =>
  vscode.window.tabGroups.all
    .flatMap((g) => g.tabs)
    .filter((t) => t.input instanceof vscode.TabInputCustom && t.input.viewType === viewType);

describe('the model inspector editor', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('opens by its command, the same file twice in two groups', async () => {
    const uri = inWorkspace('cls.onnx');
    await vscode.commands.executeCommand('deepCompression.openInspector', uri);
    await eventually('the inspector is shown', () => editors().length === 1);
    await vscode.commands.executeCommand('workbench.action.splitEditor');
    await eventually('it is shown twice', () => editors().length === 2);
  });

  it('shows its own message for a file that is no model', async () => {
    const broken = inWorkspace('broken.onnx');
    await vscode.workspace.fs.writeFile(broken, new TextEncoder().encode('not a model'));
    const messages = await messagesOf(async () => {
      await vscode.commands.executeCommand('deepCompression.openInspector', broken);
      await eventually('the inspector is shown', () => editors().length === 1);
      await new Promise((done) => setTimeout(done, 500));
    });
    assert.deepEqual(messages, []);
    await vscode.workspace.fs.delete(broken);
  });

  it('does nothing more after it was closed', async () => {
    await vscode.commands.executeCommand('deepCompression.openInspector', inWorkspace('rec.onnx'));
    await eventually('the inspector is shown', () => editors().length === 1);
    await new Promise((done) => setTimeout(done, 300));
    await vscode.window.tabGroups.close(editors());
    await new Promise((done) => setTimeout(done, 500));
    const before = process.cpuUsage();
    await new Promise((done) => setTimeout(done, 700));
    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 1000 < 350, `still working: ${(user + system) / 1000} ms of 700`);
  });

  it('is what a click on a model opens, unless the user has associated another editor', async () => {
    const uri = inWorkspace('cls.onnx');
    await vscode.commands.executeCommand('vscode.open', uri);
    await eventually('the inspector is open', () => editors().length === 1);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    const settings = vscode.workspace.getConfiguration('workbench');
    const set = (value: object | undefined) =>
      settings.update('editorAssociations', value, vscode.ConfigurationTarget.Global);
    await set({ '*.onnx': 'default' });
    try {
      await vscode.commands.executeCommand('vscode.open', uri);
      await new Promise((done) => setTimeout(done, 500));
      assert.deepEqual(editors(), []);
    } finally {
      await set(undefined);
    }
  });
});
