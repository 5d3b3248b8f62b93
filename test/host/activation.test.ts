/** The extension wakes up fast and brings every command it promises. */
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { captureTools } from './captured.ts';
import { quiet, threadWork } from './event-loop.ts';
import { captureTrees } from './trees.ts';
import { extension, measured } from './support.ts';

describe('activation', () => {
  it('takes less than 50 ms', async function () {
    captureTrees();
    captureTools();
    assert.equal(extension().isActive, false, 'nothing woke the extension before');
    await quiet(); // VS Code starts its own extensions at first
    const start = performance.now();
    const busy = threadWork();
    await extension().activate(); // reading and compiling dist/extension.cjs included
    const wall = performance.now() - start;
    // of this thread alone: compilers and collectors, and a busy machine's other work, are not ours
    const work = busy === undefined ? wall : (threadWork() ?? 0) - busy;
    const figures = `${wall.toFixed(1)} ms, of which its thread worked ${work.toFixed(1)} ms`;
    measured(this, figures);
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
