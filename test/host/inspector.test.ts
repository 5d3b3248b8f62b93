/** What the Model Inspector puts into its tree. */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { eventually, inWorkspace, messagesOf } from './support.ts';
import { treeRows, type TreeRow } from './trees.ts';

const view = 'deepCompression.models';
const find = (rows: readonly TreeRow[], label: string): TreeRow => {
  const row = rows.find((r) => r.label === label);
  assert.ok(row, `${label} is not among ${rows.map((r) => r.label).join(', ')}`);
  return row;
};

describe('the Model Inspector', () => {
  const copy = inWorkspace('copy.onnx').fsPath;
  after(() => rmSync(copy, { force: true }));

  it('shows a model on request', async () => {
    const messages = await messagesOf(() =>
      vscode.commands.executeCommand('deepCompression.inspect', inWorkspace('cls.onnx')),
    );
    assert.deepEqual(messages, []);
  });

  it('lists the models of the workspace with their sizes', async () => {
    const rows = await treeRows(view);
    assert.deepEqual(rows.map(({ label }) => label).sort(), ['cls.onnx', 'rec.onnx']);
    assert.match(find(rows, 'cls.onnx').description, /579 kB|565 KiB|0\.58 MB/);
  });

  it('lists layers with operator, shape and size, the rest in a group, all with spoken labels', async () => {
    const layers = await treeRows(view, find(await treeRows(view), 'cls.onnx').node);
    const conv = layers.filter(({ description }) => description.startsWith('Conv'));
    assert.ok(conv.length > 20, `${conv.length} convolutions`);
    for (const { description, accessible } of conv) {
      assert.match(description, /^Conv.* \d+×\d+.*[\d.]+ (B|kB|MB)/);
      assert.match(accessible, /shape/);
    }
    const others = await treeRows(view, find(layers, 'Other tensors').node);
    assert.ok(others.length > 10);
  });

  it('counts the sparsity of each layer in the background', async () => {
    const { node } = find(await treeRows(view), 'cls.onnx');
    await eventually('every layer has its share of zeros', async () => {
      const layers = (await treeRows(view, node)).filter(({ context }) => context === 'layer');
      return layers.every(({ description }) => /[\d.]+ ?% zero/.test(description));
    });
  });

  it('notices files that come, go and break', async () => {
    copyFileSync(inWorkspace('cls.onnx').fsPath, copy);
    assert.equal((await treeRows(view)).length, 3);
    writeFileSync(copy, 'no model at all');
    const rows = await treeRows(view, find(await treeRows(view), 'copy.onnx').node);
    assert.equal(rows.length, 1);
    assert.doesNotMatch(rows[0]?.label ?? '', /\n|Unexpected/);
    rmSync(copy);
    assert.equal((await treeRows(view)).length, 2);
  });
});
