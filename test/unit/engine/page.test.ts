/** The page that is a file of its own: what it holds is what the worker answers, safely and in its limits. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allJobs, type AllJobs } from '../../../src/engine/jobs/all.ts';
import { collectModel, levelFor } from '../../../src/engine/page/collect.ts';
import { filledPage } from '../../../src/engine/page/template.ts';
import {
  packed,
  pageBins,
  pageSteps,
  pageTile,
  unpacked,
  type EmbeddedModel,
  type PageData,
} from '../../../src/engine/protocol-page.ts';
import type { ViewInput, ViewName, Views } from '../../../src/engine/protocol-view.ts';
import { ViewRoom } from '../../../src/engine/view-room.ts';
import { embeddedAnswers } from '../../../webview/inspector/embedded.ts';
import { hostileModel, hostileNames } from '../../fixtures/hostile-models.ts';
import { smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const never = new AbortController().signal;
const quiet = (): void => {};
const template = join(folder, 'template.html');
const onnx = join(folder, 'small.onnx');
const dcz = join(folder, 'small.dcz');
const absent = 'not in this file';
let jobs: AllJobs;

before(async () => {
  writeFileSync(template, '<title>__TITLE__</title><script id="data">__DATA__</script>');
  writeFileSync(onnx, smallModel({ hidden: 700 }));
  jobs = allJobs({ workerFile: undefined, pageTemplate: template });
  const recipe = { name: 'r', prune: { method: 'sparsity', target: 0.6 }, share: { bits: 4 } };
  const input = { file: { path: onnx }, out: dcz, overwrite: true, recipe, seed: 1, threads: 1 };
  await jobs.compress(input, never, quiet);
});

async function pageOf(path: string, name: string) {
  const out = join(folder, name);
  const result = await jobs.page({ file: { path }, out, overwrite: true }, never, quiet);
  const html = readFileSync(out, 'utf8');
  const json = /id="data">(.*)<\/script>/s.exec(html)?.[1] ?? '';
  const data = JSON.parse(json) as PageData;
  return { result, html, json, data, model: unpacked(data.model) as EmbeddedModel };
}

test('a model of more layers than a page holds is refused before they are counted', async () => {
  const none = { dtype: 'F32', shape: [0], data_offsets: [0, 0] };
  const table = JSON.stringify(
    Object.fromEntries(Array.from({ length: 30_001 }, (_, i) => [`t${i}`, none])),
  );
  const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(table)]);
  bytes.writeUInt32LE(table.length);
  const input = { file: { label: 'm', bytes }, out: join(folder, 'many.html'), overwrite: false };
  await assert.rejects(jobs.page(input, never, quiet), {
    code: 'unsupported',
    message: 'm has 30001 tensors: a page holds 30000; deepc inspect lists them all',
  });
  assert.ok(!existsSync(input.out));
});

test('values survive the way into a page and out of it', () => {
  const value = {
    bytes: Uint8Array.of(0, 255, 7),
    floats: Float32Array.of(0.1, NaN, -Infinity),
    doubles: new Float64Array(10_000).map((_, i) => i / 3),
    part: new Int32Array([1, 2, 3, 4]).subarray(1, 3),
    numbers: [1, NaN, -Infinity],
    text: '</script>\u2028"$',
    nested: { none: null, yes: true },
  };
  assert.deepEqual(unpacked(JSON.parse(packed(value))), value);
  assert.throws(() => packed({ big: new BigInt64Array(1) }), TypeError);
});

test('every answer of the file is the worker’s own', async () => {
  const { result, model, data } = await pageOf(dcz, 'answers.html');
  assert.equal(result.layers, model.overview.layers.length);
  assert.equal(result.pictured, model.layers.length);
  assert.deepEqual(
    data.report?.layers.map((l) => l.name),
    ['fc1.weight', 'fc2.weight'],
  );
  const view = allJobs({ workerFile: undefined });
  const opened = await view.openView({ file: { path: dcz } }, never, quiet);
  const live = async <K extends ViewName>(name: K, query: Views[K]['query']) =>
    (await view.view(
      { view: opened.view, name, query } satisfies ViewInput,
      never,
      quiet,
    )) as Views[K]['result'];
  const file = embeddedAnswers(model, absent);
  const same = async <K extends ViewName>(name: K, query: Views[K]['query']): Promise<void> =>
    assert.deepEqual(
      await file(name, query),
      await live(name, query),
      `${name} ${JSON.stringify(query)}`,
    );
  await same('flow', {});
  await same('measure', { layers: opened.overview.layers.map((l) => l.layer) });
  for (const { layer, coded, name } of opened.overview.layers) {
    const layout = model.overview.layers[layer]!.layouts[0]!;
    const level = layout.finest ?? 0;
    for (const bins of [pageBins.spark, pageBins.linear])
      await same('histogram', { layer, scale: 'linear', bins });
    await same('histogram', { layer, scale: 'log', bins: pageBins.log });
    const channels =
      level === 0 ? (['values'] as const) : (['nonzeros', 'density', 'mean', 'max'] as const);
    const tile = { layer, layout: layout.kind, level, x: 0, y: 0, channels };
    await same('tile', { ...tile, size: pageTile });
    await same('marginals', { layer, layout: layout.kind });
    await same('pattern', { layer });
    if (!coded) continue;
    await same('codebook', { layer });
    await same('huffman', { layer, stream: 'values' });
    await same('stream', { layer, from: { entry: 0 }, count: pageSteps.held });
    const middle = { layer, from: { entry: 13 }, count: pageSteps.shown };
    const [a, b] = [await file('stream', middle), await live('stream', middle)];
    assert.deepEqual([a.first, a.count, [...a.weight]], [b.first, b.count, [...b.weight]], name);
    await assert.rejects(file('stream', { ...middle, from: { entry: 10_000_000 } }), {
      message: absent,
    });
  }
  await assert.rejects(file('pairs', {}), { message: absent });
  await view.closeView({ view: opened.view }, never, quiet);
});

test('a small tile is cut out of the picture that the file holds', async () => {
  const { model } = await pageOf(onnx, 'cut.html');
  const file = embeddedAnswers(model, absent);
  const conv = model.overview.layers.find((l) => l.name === 'conv.weight')!;
  const query = { layer: conv.layer, layout: conv.layouts[0]!.kind, level: 0, size: 16 } as const;
  const tile = await file('tile', { ...query, x: 1, y: 0, channels: ['values'] });
  const whole = model.layers.find((l) => l.layer === conv.layer)!.picture.tile;
  assert.deepEqual([tile.width, tile.height], [25 - 16, 8]);
  assert.equal(tile.values![tile.width + 2], whole.values![25 + 18]);
  await assert.rejects(file('tile', { ...query, x: 9, y: 9, channels: ['values'] }));
  await assert.rejects(file('tile', { ...query, level: 1, x: 0, y: 0, channels: ['mean'] }));
});

test('the level of a picture is the finest that fits', () => {
  const layout = (rows: number, cols: number, topLevel: number) =>
    ({ kind: 'matrix', rows, cols, cellRows: 0, cellCols: 0, topLevel }) as const;
  assert.equal(levelFor(layout(100, 100, 7), 16384), 0);
  assert.equal(levelFor(layout(4096, 25088, 15), 16384), 7);
  assert.equal(levelFor(layout(1, 100_000, 17), 16384), 9);
  assert.equal(levelFor(layout(1, 1, 0), 1), 0);
});

test('what does not fit is left out, the largest layers last', async () => {
  const room = new ViewRoom();
  const { view, model } = room.open({ path: onnx });
  const all = await collectModel(model, never, quiet);
  const some = await collectModel(model, never, quiet, 120_000);
  room.close(view);
  assert.equal(all.pictured, 5);
  assert.ok(some.pictured > 0 && some.pictured < 5, `${some.pictured}`);
  const held = unpacked(JSON.parse(some.text)) as EmbeddedModel;
  assert.equal(held.layers[0]!.layer, 2, 'fc1.weight is the largest');
  assert.equal(held.measures.length, 5, 'statistics of all');
  assert.deepEqual(
    held.overview.layers.filter((l) => l.layouts.length > 0).map((l) => l.layer),
    held.layers.map((l) => l.layer).sort((a, b) => a - b),
  );
});

test('hostile names end no element of the page, and come out as they went in', async () => {
  const path = join(folder, 'evil"><script>.onnx');
  writeFileSync(path, hostileModel());
  const { html, json, model } = await pageOf(path, 'hostile.html');
  assert.ok(!json.includes('<'), 'nothing in the data can be markup');
  assert.ok(html.startsWith('<title>evil&#34;&#62;&#60;script&#62;.onnx</title>'));
  const names = new Set(model.overview.layers.map((l) => l.name));
  for (const name of Object.values(hostileNames)) assert.ok(names.has(name), name);
  const odd = model.measures.find((m) => m.layer === [...names].indexOf('nothing but NaN'))!;
  assert.equal(odd.nan, 64);
});

test('the same model gives the same page, byte for byte', async () => {
  assert.equal((await pageOf(dcz, 'a.html')).html, (await pageOf(dcz, 'a.html')).html);
});

test('nothing is overwritten unasked, and a cancelled page leaves nothing behind', async () => {
  const out = join(folder, 'there.html');
  writeFileSync(out, 'mine');
  const input = { file: { path: onnx }, out, overwrite: false };
  await assert.rejects(jobs.page(input, never, quiet), { code: 'exists' });
  assert.equal(readFileSync(out, 'utf8'), 'mine');
  await assert.rejects(jobs.page({ ...input, out: onnx, overwrite: true }, never, quiet));
  const stopped = new AbortController();
  const other = join(folder, 'cancelled.html');
  await assert.rejects(
    jobs.page({ ...input, out: other }, stopped.signal, () => stopped.abort()),
    { code: 'cancelled' },
  );
  assert.ok(!existsSync(other));
  assert.throws(() => filledPage(join(folder, 'none.html'), 't', '{}'), { code: 'not-found' });
  assert.throws(() => filledPage(onnx, 't', '{}'), /not the report's page/);
});
