/** Restricted Mode: models can be looked at and compressed, the workspace's settings have no say. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { CompressResult } from '../../src/engine/protocol-model.ts';
import { captureTrees, treeRows } from './trees.ts';
import { absent, extension, inWorkspace, messagesOf } from './support.ts';

describe('in Restricted Mode', () => {
  before(async () => {
    captureTrees();
    await extension().activate();
  });

  it('the workspace is not trusted, and the extension is there all the same', () => {
    assert.equal(vscode.workspace.isTrusted, false);
    assert.equal(extension().isActive, true);
  });

  it('models are listed', async () => {
    const rows = await treeRows('deepCompression.models');
    assert.deepEqual(rows.map(({ label }) => label).sort(), ['cls.onnx', 'rec.onnx']);
  });

  it("a preset and an output folder from the workspace's settings are not used", async () => {
    // the driver wrote them to .vscode/settings.json before VS Code started
    const uri = inWorkspace('cls.onnx');
    const refused = await messagesOf(() =>
      vscode.commands.executeCommand('deepCompression.compress', { uri, preset: 'planted' }),
    );
    assert.match(refused.join(), /planted/);
    let results: readonly CompressResult[] | undefined;
    await messagesOf(async () => {
      results = await vscode.commands.executeCommand('deepCompression.compress', {
        uri,
        preset: 'deep-compression',
      });
    });
    assert.equal(results?.[0]?.output.path, inWorkspace('cls.dcz').fsPath);
    assert.ok(absent(inWorkspace('planted')));
  });
});
