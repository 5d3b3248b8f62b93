/** The extension wakes up fast and brings every command it promises. */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { captureTools } from './captured.ts';
import { captureTrees } from './trees.ts';
import { extension, measured } from './support.ts';

describe('activation', () => {
  it('takes less than 50 ms', async function () {
    captureTrees();
    captureTools();
    assert.equal(extension().isActive, false, 'nothing woke the extension before');
    const start = performance.now();
    const busy = process.cpuUsage();
    await extension().activate();
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(busy);
    const work = (user + system) / 1000;
    const figures = `${wall.toFixed(1)} ms, of which the extension host worked ${work.toFixed(1)} ms`;
    measured(this, figures);
    // waiting for a busy machine is not the extension's fault: the work alone counts then
    assert.ok(Math.min(wall, work) < 50, figures);
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
