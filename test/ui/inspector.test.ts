/** The side bar: models, layers, welcome, and files that change. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { inSession } from './support/suite.ts';
import { cls } from './support/workspace.ts';

test(
  'the side bar lists models, opens them, and lists their layers with operator, shape, size and sparsity',
  inSession(async ({ bench }) => {
    await bench.showInspector();
    await bench.treeRow('rec.onnx').waitFor();
    await bench.treeRow('cls.onnx').click();
    await bench.webview('table.all');
    await bench.treeRow('cls.onnx').locator('.monaco-tl-twistie').click();
    await bench
      .treeRow(/Conv .*\d×\d.* B/)
      .first()
      .waitFor();
    const layer = bench.treeRow(/Conv .*% zero/).first();
    const text = await layer.innerText();
    await layer.click();
    const page = await bench.webview('.stage');
    const title = await page.locator('h2.layer-title').innerText();
    assert.ok(title !== '' && text.startsWith(title), `${title}: ${text}`);
  }),
);

test(
  'the side bar follows the files',
  inSession(async ({ bench, path }) => {
    await bench.showInspector();
    await bench.treeRow('cls.onnx').waitFor();
    copyFileSync(cls, path('newcomer.onnx'));
    await bench.treeRow('newcomer.onnx').waitFor();
    rmSync(path('newcomer.onnx'));
    await bench.treeRow('newcomer.onnx').waitFor({ state: 'detached' });
  }),
);

test(
  'a workspace without models is welcomed with what to do',
  inSession(async ({ bench }) => {
    await bench.showInspector();
    const welcome = bench.page.locator('.sidebar .welcome-view-content', {
      hasText: 'No ONNX model',
    });
    await welcome.waitFor();
    assert.ok((await welcome.locator('.monaco-button').count()) >= 1);
    assert.match(await welcome.innerText(), /Compress Model/);
  }, {}),
);

test(
  'a model in the side bar is compressed from there',
  inSession(async ({ bench }) => {
    await bench.showInspector();
    await bench.treeRow('cls.onnx').click({ button: 'right' });
    await bench.choose('Compress Model');
    await bench.pick('Change no weight');
    await bench.notification(/cls\.onnx.*decodes exactly/).waitFor();
    await bench.treeRow('cls.dcz').waitFor();
  }),
);

test(
  'a model is shown in the side bar from the explorer',
  inSession(async ({ bench }) => {
    await bench.contextMenu(['cls.onnx'], 'Inspect Model');
    await bench
      .treeRow(/Conv .*\d×\d.* B/)
      .first()
      .waitFor();
    assert.equal(await bench.notification(/./).count(), 0);
  }),
);
