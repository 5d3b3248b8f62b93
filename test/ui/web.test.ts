/**
 * The extension in a web extension host, as on vscode.dev: VS Code's own worker in a real Chromium, with the
 * workspace behind VS Code's file system and the engine in a worker beside it. The setting of VS Code that
 * says where an extension runs puts it there (docs/testing.md).
 */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { workerName } from '../../src/engine/web/job-host.ts';
import { rows } from './support/inspector.ts';
import { inSession } from './support/suite.ts';
import { eventually } from './support/wait.ts';
import { cls } from './support/workspace.ts';

test(
  'in a browser without a server a model is compressed, reported, restored, inspected and simulated',
  inSession(
    async ({ bench, path }) => {
      await bench.contextMenu(['cls.onnx'], 'Compress Model');
      await bench.pick('deep-compression');
      await bench.answer(/cls\.onnx.*smaller.*decodes exactly/, 'Show Report');
      const names = bench.page.workers().map((worker) => worker.evaluate(() => self.name));
      const all = await Promise.all(names);
      assert.ok(
        all.some((name) => name.endsWith(workerName)),
        `the engine runs in the page: ${all.join(', ')}`,
      );
      assert.ok(statSync(path('cls.dcz')).size * 3 < readFileSync(path('cls.onnx')).length);
      const report = await bench.webview('table.layers tbody tr');
      assert.ok((await report.locator('table.layers tbody tr').count()) > 20);

      await bench.contextMenu(['cls.onnx'], 'Open in Model Inspector');
      const inspector = await bench.webview(rows);
      assert.ok((await inspector.locator(rows).count()) > 20);

      await bench.contextMenu(['cls.dcz'], 'EIE: Simulate Compressed Model');
      const eie = await bench.webview('#eie table tbody tr');
      assert.match(await eie.locator('.figure .value').nth(1).innerText(), /%/);

      await bench.contextMenu(['cls.dcz'], 'Decompress Model');
      const name = bench.quickInput.locator('input').first();
      await eventually('a name is offered', async () =>
        (await name.inputValue()).endsWith('cls.restored.onnx'),
      );
      await bench.page.keyboard.press('Enter');
      await bench.notification(/cls\.restored\.onnx restored/).waitFor();
      assert.equal(statSync(path('cls.restored.onnx')).size, statSync(path('cls.onnx')).size);

      assert.deepEqual(bench.violations, []);
    },
    { 'cls.onnx': cls },
    { settings: { 'remote.extensionKind': { 'deep-compression.deep-compression': ['web'] } } },
  ),
);
