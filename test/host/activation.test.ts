/** The extension wakes up fast and brings every command it promises. */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { captureTrees } from './trees.ts';
import { extension, measured } from './support.ts';

describe('activation', () => {
  it('takes less than 50 ms', async function () {
    captureTrees();
    assert.equal(extension().isActive, false, 'nothing woke the extension before');
    const start = performance.now();
    await extension().activate();
    const ms = performance.now() - start;
    measured(this, `${ms.toFixed(1)} ms`);
    assert.ok(ms < 50, `${ms.toFixed(1)} ms`);
  });

  it('registers every command of the manifest', async () => {
    const manifest = extension().packageJSON as {
      contributes: { commands: { command: string }[] };
    };
    const known = new Set(await vscode.commands.getCommands(true));
    const promised = manifest.contributes.commands.map(({ command }) => command);
    assert.ok(promised.length >= 5);
    for (const command of promised) assert.ok(known.has(command), command);
  });
});
