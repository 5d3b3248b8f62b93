/** A folder that the user does not trust. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { inSession } from './support/suite.ts';

test(
  'in an untrusted workspace models are compressed and reported all the same',
  inSession(
    async ({ bench, path }) => {
      await bench.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
      await bench.contextMenu(['cls.onnx'], 'Compress Model');
      await bench.pick('deep-compression');
      await bench.answer(/cls\.onnx.*decodes exactly/, 'Show Report');
      assert.ok(existsSync(path('cls.dcz')));
      const page = await bench.webview('table.layers tbody tr');
      assert.ok((await page.locator('table.layers tbody tr').count()) > 20);
    },
    undefined,
    { trust: true, settings: { 'security.workspace.trust.startupPrompt': 'never' } },
  ),
);
