/** From a right-click on a model to its report, as a user goes. */
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { inSession } from './support/suite.ts';
import { eventually } from './support/wait.ts';
import { cls, rec } from './support/workspace.ts';

const ways = [
  ...['Keep its answers', 'Fit a size…', 'Smallest that loses at most…', 'Find the smallest…'],
  ...['two-bits', 'Stay on the safe side', 'For the EIE accelerator'],
];

test(
  'a right-click compresses a model with a chosen preset and leads to its report',
  inSession(async ({ bench, path }) => {
    const original = readFileSync(path('cls.onnx'));
    await bench.contextMenu(['cls.onnx'], 'Compress Model');
    const labels = await bench.quickLabels();
    assert.equal(labels[0], ways[0], 'what is recommended comes first');
    for (const way of ways) assert.ok(labels.includes(way), way);
    assert.equal(await bench.quickRow('EIE').locator('.codicon-warning').count(), 1);
    assert.equal(await bench.quickRow('safe side').locator('.codicon-warning').count(), 0);
    await bench.pick('deep-compression');
    await bench.answer(/cls\.onnx.*smaller.*decodes exactly/, 'Show Report');
    assert.ok(statSync(path('cls.dcz')).size * 3 < original.length);
    assert.ok(readFileSync(path('cls.onnx')).equals(original), 'the source is as it was');

    const report = await bench.webview('table.layers tbody tr');
    assert.ok((await report.locator('table.layers tbody tr').count()) > 20);
    assert.match(await report.locator('#report').innerText(), /deep-compression/);
    await bench.editorTab('cls.dcz').waitFor();
  }),
);

test(
  'a preset from settings compresses accordingly',
  inSession(async ({ bench }) => {
    await bench.contextMenu(['cls.onnx'], 'Compress Model');
    await bench.pick('two-bits');
    await bench.answer(/cls\.onnx.*decodes exactly/, 'Show Report');
    const report = await bench.webview('table.layers tbody tr');
    assert.match(await report.locator('#report').innerText(), /two-bits/);
    // layer, weights, % left, weight bits before Huffman coding
    assert.match(
      await report.locator('table.layers thead').innerText(),
      /weights\s*% left\s*weight bits/i,
    );
    const bits = await report.locator('table.layers tbody tr td:nth-child(4)').allInnerTexts();
    assert.ok(bits.length > 20);
    assert.deepEqual([...new Set(bits.map((s) => s.trim()))], ['2']);
  }),
);

test(
  'several selected models are compressed one after the other and summed up once',
  inSession(
    async ({ bench, path }) => {
      await bench.contextMenu(['one.onnx', 'two.onnx'], 'Compress Model');
      await bench.pick('eie');
      await bench.answer(/2 models.*decodes exactly/, 'Show Reports');
      assert.ok(existsSync(path('one.dcz')) && existsSync(path('two.dcz')));
      // they differ in the names of the models that they state
      assert.equal(statSync(path('one.dcz')).size, statSync(path('two.dcz')).size);
      await bench.editorTab('one.dcz').waitFor();
      await bench.editorTab('two.dcz').waitFor();
    },
    { 'one.onnx': cls, 'two.onnx': cls },
  ),
);

test(
  'the cancel button of the progress notification stops the work and leaves nothing behind',
  inSession(
    async ({ bench, path, folder }) => {
      await bench.contextMenu(['a.onnx', 'b.onnx', 'c.onnx', 'd.onnx'], 'Compress Model');
      await bench.pick('deep-compression');
      const progress = bench.notification('Compressing 4 models');
      await progress.waitFor();
      await progress.locator('.monaco-button', { hasText: 'Cancel' }).click();
      await progress.waitFor({ state: 'hidden' });
      await sleep(2500); // longer than the worker is given to stop
      assert.ok(!existsSync(path('d.dcz')), 'the last model was never reached');
      const files = readdirSync(folder).filter((f) => !/\.(onnx|dcz)$/.test(f));
      assert.deepEqual(files, [], 'no half-written file');
    },
    { 'a.onnx': rec, 'b.onnx': rec, 'c.onnx': rec, 'd.onnx': rec },
  ),
);

test(
  'an existing output is asked about',
  inSession(async ({ bench, path }) => {
    const compress = async (preset: string): Promise<void> => {
      await bench.contextMenu(['cls.onnx'], 'Compress Model');
      await bench.pick(preset);
    };
    const verified = /cls\.onnx.*decodes exactly/;
    await compress('conservative');
    await bench.dismiss(verified);
    const first = readFileSync(path('cls.dcz'));

    await compress('aggressive');
    await bench.dialog.locator('.monaco-button', { hasText: 'Cancel' }).click();
    await sleep(500);
    assert.ok(readFileSync(path('cls.dcz')).equals(first));

    await compress('aggressive');
    await bench.dialog.locator('.monaco-button', { hasText: 'Keep Both' }).click();
    await bench.dismiss(verified);
    assert.ok(readFileSync(path('cls.dcz')).equals(first));
    assert.ok(existsSync(path('cls-2.dcz')));

    await compress('aggressive');
    await bench.dialog.locator('.monaco-button', { hasText: 'Replace' }).click();
    await bench.dismiss(verified);
    assert.ok(readFileSync(path('cls.dcz')).equals(readFileSync(path('cls-2.dcz'))));
  }),
);

test(
  'the command palette offers the models of the workspace',
  inSession(async ({ bench, path }) => {
    await bench.command('Deep Compression: Compress Model…');
    await bench.quickRow('rec.onnx').waitFor();
    await bench.pick('cls.onnx');
    await bench.pick('Change no weight');
    await bench.notification(/cls\.onnx.*decodes exactly/).waitFor();
    await eventually('the file is there', () => existsSync(path('cls.dcz')));
  }),
);
