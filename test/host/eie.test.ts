/** The EIE commands as other code calls them, and what the panel saves. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SimulateResult } from '../../src/engine/protocol-eie.ts';
import { watchEventLoop } from './event-loop.ts';
import { eventually, inWorkspace, measured, messagesOf } from './support.ts';

const panels = (): vscode.Tab[] =>
  vscode.window.tabGroups.all
    .flatMap((g) => g.tabs)
    .filter(
      (tab) =>
        tab.input instanceof vscode.TabInputWebview &&
        tab.input.viewType.endsWith('deepCompression.eie'),
    );

describe('the EIE simulator', () => {
  afterEach(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('runs the paper’s nine layers in one panel, and the extension host stays responsive', async function () {
    const watch = watchEventLoop();
    const result = await vscode.commands.executeCommand<SimulateResult | undefined>(
      'deepCompression.eieBenchmark',
    );
    const { longestTurn, max } = watch.stop();
    assert.equal(result?.layers.length, 9);
    assert.ok(result.layers.every((l) => l.published && l.thisMachine && l.cycles > 0));
    await eventually('the panel is shown', () => panels().length === 1);
    await vscode.commands.executeCommand('deepCompression.eieBenchmark');
    assert.equal(panels().length, 1, 'asked for again, the same panel');
    measured(this, `longest turn ${longestTurn.toFixed(1)} ms; delay max ${max.toFixed(1)} ms`);
    assert.ok(Math.min(longestTurn, max) < 50, `${longestTurn} ms`);
  });

  it('simulates an ONNX model that is compressed on the way, and writes no file', async () => {
    const before = await vscode.workspace.fs.readDirectory(inWorkspace('.'));
    let result: SimulateResult | undefined;
    const messages = await messagesOf(async () => {
      result = await vscode.commands.executeCommand('deepCompression.eieSimulate', {
        uri: inWorkspace('cls.onnx'),
        input: '',
      });
    });
    assert.deepEqual(messages, []);
    assert.ok(result && result.layers.length > 10);
    assert.ok(result.layers.every((l) => /^[0-9a-f]{64}$/.test(l.outputSha256)));
    assert.equal(panels()[0]?.label, 'EIE: cls.onnx');
    assert.deepEqual(await vscode.workspace.fs.readDirectory(inWorkspace('.')), before);
  });

  it('opens the panel with one line when the file is no model', async () => {
    const broken = inWorkspace('broken.dcz');
    await vscode.workspace.fs.writeFile(broken, new TextEncoder().encode('not a model'));
    const messages = await messagesOf(async () => {
      const result = await vscode.commands.executeCommand('deepCompression.eieSimulate', {
        uri: broken,
        input: '',
      });
      assert.equal(result, undefined);
    });
    assert.deepEqual(messages, [], 'the panel says it, no notification on top');
    await vscode.workspace.fs.delete(broken);
  });

  it('closing the panel cancels: the run ends at once and nothing goes on working', async () => {
    const run = vscode.commands.executeCommand('deepCompression.eieSimulate', {
      uri: inWorkspace('rec.onnx'),
      input: '',
    });
    await eventually('the panel is shown', () => panels().length === 1);
    const start = Date.now();
    await vscode.window.tabGroups.close(panels());
    assert.equal(await run, undefined);
    assert.ok(Date.now() - start < 2500, `${Date.now() - start} ms`);
    await new Promise((done) => setTimeout(done, 300));
    const before = process.cpuUsage();
    await new Promise((done) => setTimeout(done, 700));
    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 1000 < 350, `still working: ${(user + system) / 1000} ms of 700`);
  });
});
