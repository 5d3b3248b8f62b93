/**
 * The extension in a web extension host, as on vscode.dev: VS Code's own worker in a real Chromium, with the
 * workspace behind VS Code's file system and the engine in a worker beside it. The setting of VS Code that
 * says where an extension runs puts it there (docs/testing.md).
 */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { inSession } from './support/suite.ts';
import { cls } from './support/workspace.ts';

test(
  'in a web extension host a model is compressed and reported, by a worker of the page',
  inSession(
    async ({ bench, path }) => {
      await bench.contextMenu(['cls.onnx'], 'Compress Model');
      await bench.pick('deep-compression');
      await bench.answer(/cls\.onnx.*smaller.*decodes exactly/, 'Show Report');
      const workers = bench.page.workers().map((worker) => worker.url());
      assert.ok(
        workers.some((url) => url.startsWith('blob:')),
        `the engine's worker is a page's: ${workers.join(' ')}`,
      );
      assert.ok(statSync(path('cls.dcz')).size * 3 < readFileSync(path('cls.onnx')).length);
      const report = await bench.webview('table.layers tbody tr');
      assert.ok((await report.locator('table.layers tbody tr').count()) > 20);
    },
    { 'cls.onnx': cls },
    { settings: { 'remote.extensionKind': { 'deep-compression.deep-compression': ['web'] } } },
  ),
);
