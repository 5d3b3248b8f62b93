/** Presets and output places that the user writes into settings.json. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { CompressResult } from '../../src/engine/protocol-model.ts';
import { absent, eventually, inWorkspace, messagesOf } from './support.ts';

const set = (key: string, value: unknown): Thenable<void> =>
  vscode.workspace
    .getConfiguration('deepCompression')
    .update(key, value, vscode.ConfigurationTarget.Workspace);

async function compress(preset: string): Promise<{ result?: CompressResult; messages: string[] }> {
  let results: readonly CompressResult[] | undefined;
  const messages = await messagesOf(async () => {
    results = await vscode.commands.executeCommand('deepCompression.compress', {
      uri: inWorkspace('cls.onnx'),
      preset,
    });
  });
  const result = results?.[0];
  return result ? { result, messages } : { messages };
}

describe('settings', () => {
  const out = inWorkspace('cls.dcz');
  afterEach(async () => {
    for (const key of ['presets', 'outputFolder', 'outputName']) await set(key, undefined);
    for (const name of ['cls.dcz', 'small'])
      if (!absent(inWorkspace(name)))
        await vscode.workspace.fs.delete(inWorkspace(name), { recursive: true });
  });

  it('a preset from settings compresses accordingly', async () => {
    await set('presets', { mine: { share: { bits: 2 } } });
    const { result, messages } = await compress('mine');
    assert.ok(result, messages.join());
    for (const layer of result.layers)
      assert.ok(layer.codebookSize <= 4, `${layer.name} has ${layer.codebookSize} shared values`);
  });

  it('an unknown key in a preset is refused by its name', async () => {
    await set('presets', { wrong: { share: { bitz: 2 } } });
    const { result, messages } = await compress('wrong');
    assert.equal(result, undefined);
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', /bitz/);
    assert.ok(absent(out));
  });

  it('output folder and name follow the settings', async () => {
    await set('outputFolder', 'small/models');
    await set('outputName', '${name}-${preset}.dcz');
    const { result, messages } = await compress('eie');
    assert.ok(result, messages.join());
    assert.ok(existsSync(inWorkspace('small/models/cls-eie.dcz').fsPath));
    assert.ok(absent(out));
  });

  it('a recipe file of the workspace works like a preset', async () => {
    const file = inWorkspace('tiny.dcrecipe.json');
    writeFileSync(file.fsPath, JSON.stringify({ name: 'tiny', share: { bits: 1 } }));
    const { result, messages } = await compress('tiny');
    await vscode.workspace.fs.delete(file);
    assert.ok(result, messages.join());
    for (const { codebookSize } of result.layers) assert.ok(codebookSize <= 2);
  });

  it('settings.json is checked against the schema of recipes while it is written', async () => {
    await set('presets', { typo: { share: { bitz: 2 } }, fine: { share: { bits: 2 } } });
    const file = inWorkspace('.vscode/settings.json');
    await vscode.window.showTextDocument(file);
    const found = (): string[] =>
      vscode.languages.getDiagnostics(file).map(({ message }) => message);
    await eventually('the wrong key is marked', () => found().some((m) => m.includes('bitz')));
    assert.equal(found().length, 1, found().join());
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});
