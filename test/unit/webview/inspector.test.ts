import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  LayerMeasure,
  LayerSummary,
  ViewOverview,
} from '../../../src/engine/protocol-view.ts';
import { Abandoned, Asker } from '../../../webview/inspector/asker.ts';
import {
  isFromInspector,
  unusableQuestion,
  type FromInspector,
} from '../../../webview/inspector/messages.ts';
import {
  arranged,
  metricOf,
  patternText,
  scaleOf,
  shownName,
  totalsOf,
  type Arrangement,
} from '../../../webview/inspector/model.ts';
import { inspectorPage } from '../../../webview/inspector/page.ts';
import { restored } from '../../../webview/inspector/state.ts';
import { Store } from '../../../webview/inspector/store.ts';
import { english } from '../../../webview/inspector/strings.ts';

const layer = (at: number, name: string, more: Partial<LayerSummary> = {}): LayerSummary => ({
  ...{ layer: at, name, path: '', op: 'Conv', role: 'weight', kind: 'conv', dtype: 'float32' },
  ...{ shape: [2, 2], parameters: 4, bytes: 16, storage: 'raw_data', prunable: true, hidden: '' },
  ...{ zeroPoint: null, layouts: [], coded: null },
  ...more,
});
const measure = (at: number, zeros: number, more: Partial<LayerMeasure> = {}): LayerMeasure => ({
  ...{ layer: at, weights: 4, zeros, nan: 0, infinite: 0, negative: 1, sparsity: zeros / 4 },
  ...{ min: -1, max: 1, mean: 0, std: 1, l1: 2, l2: 2, distinct: 3 },
  entropy: { stored: 32, bits: 2, of: 'values', bound: 8, compressibility: 0.75, mask: 1 },
  peBalance: 0.5,
  ...more,
});
const layers = [
  layer(0, 'conv10'),
  layer(1, 'conv9', { bytes: 64 }),
  layer(2, 'bias', { role: 'bias', prunable: false }),
];
const overview: ViewOverview = {
  ...{ path: 'm.onnx', format: 'onnx', bytes: 100, otherBytes: 0, version: '' },
  ...{
    producer: '',
    inputs: [],
    outputs: [],
    parameters: 12,
    prunable: 8,
    dtypes: [],
    layers,
    notes: [],
  },
};
const plain: Arrangement = { filter: '', weightsOnly: false, sort: 'order', direction: 1 };
const names = (sorted: readonly LayerSummary[]): string[] => sorted.map((l) => l.name);
const none = (): undefined => undefined;

test('a pattern is named with what was measured of it; single weights need no count', () => {
  const grain = { size: 9, grains: 128, zeroGrains: 64, share: 0.995, chance: 0.1 };
  const found = { weights: 1152, zeros: 579, grains: [{ ...grain, grain: 'kernel' }] } as const;
  assert.equal(
    patternText({ ...found, pattern: 'kernel' }, english),
    'in whole kernels: 64 of 128 (9 weights each) are empty and hold 99.5 % of all zeros',
  );
  assert.equal(patternText({ ...found, pattern: 'none' }, english), english.pattern_none);
});

test('layers are filtered by name, operator and role, and biases can be left out', () => {
  assert.deepEqual(names(arranged(layers, none, { ...plain, filter: 'CONV1' }, english)), [
    'conv10',
  ]);
  assert.deepEqual(names(arranged(layers, none, { ...plain, filter: 'bias' }, english)), ['bias']);
  assert.deepEqual(names(arranged(layers, none, { ...plain, weightsOnly: true }, english)), [
    'conv10',
    'conv9',
  ]);
});
test('layers sort by number inside names, and what is unknown comes last both ways', () => {
  assert.deepEqual(names(arranged(layers, none, { ...plain, sort: 'name' }, english)), [
    'bias',
    'conv9',
    'conv10',
  ]);
  const known = (l: number) => (l === 2 ? undefined : measure(l, l));
  for (const direction of [1, -1] as const) {
    const sorted = arranged(layers, known, { ...plain, sort: 'sparsity', direction }, english);
    assert.equal(sorted[2]?.name, 'bias');
    assert.equal(sorted[direction === 1 ? 0 : 1]?.name, 'conv10');
  }
});
test('metrics that are only recorded in a .dcz are unknown elsewhere', () => {
  assert.equal(metricOf('sparsity', layers[0]!, measure(0, 1)), 0.25);
  assert.equal(metricOf('bits', layers[0]!, measure(0, 1)), 8);
  assert.equal(metricOf('ratio', layers[0]!, measure(0, 1)), null);
  assert.equal(metricOf('sparsity', layers[0]!, undefined), null);
});
test('the scale of shares is 0 to 1, that of others ends at the largest', () => {
  assert.equal(scaleOf('sparsity', [0.5]).high, 1);
  assert.equal(scaleOf('bits', [4, null, 8]).at(4), 0.5);
  assert.equal(scaleOf('ratio', [null]).at(1), 0);
  assert.ok(Number.isFinite(scaleOf('error', []).at(5)));
});
test('zeros are counted among prunable layers only, the bound among all that are measured', () => {
  const totals = totalsOf(overview, (l) => (l === 0 ? undefined : measure(l, 2)));
  assert.deepEqual(totals, { zeros: 2, prunable: 4, bound: 8, bytes: 32 });
});
test('a name of blanks and line breaks still is one line that can be clicked', () => {
  assert.equal(shownName(layer(7, ' \n\t ')), '#7');
  assert.equal(shownName(layer(7, 'a\nb')), 'a b');
});
test('only questions the page may ask are accepted', () => {
  const ask = (name: unknown, query: unknown = {}) =>
    isFromInspector({ type: 'ask', id: 1, name, query });
  assert.ok(ask('tile'));
  assert.ok(!ask(7));
  assert.ok(!ask('tile', null));
  assert.ok(!isFromInspector({ type: 'ask', id: 1.5, name: 'tile', query: {} }));
  const save = { type: 'save', name: 'layers', format: 'csv', content: 'a' };
  assert.ok(isFromInspector(save));
  assert.ok(!isFromInspector({ ...save, name: '../x' }));
  assert.ok(!isFromInspector({ ...save, format: 'html' }));
  assert.ok(!isFromInspector({ ...save, content: {} }));
  assert.ok(!isFromInspector({ type: 'eval' }));
});
test('a question that the host cannot take is known by its number, so that it fails and does not hang', () => {
  const machine = { pe: NaN };
  const simulate = { type: 'simulate', id: 4, tensor: 0, name: 'fc', part: 0, machine };
  assert.equal(unusableQuestion(simulate), 4);
  assert.equal(unusableQuestion({ type: 'ask', id: 5, name: 'tile', query: null }), 5);
  assert.equal(unusableQuestion({ type: 'ask', id: 6, name: 'tile', query: {} }), undefined);
  for (const other of [null, 'ask', { type: 'eval', id: 7 }, { type: 'ask', id: 'x' }])
    assert.equal(unusableQuestion(other), undefined);
});
test('whatever was saved can be restored', () => {
  for (const saved of [undefined, null, 7, { list: 3, table: { sort: 'x', direction: 9 } }]) {
    const kept = restored(saved);
    assert.equal(kept.table.sort, 'order');
    assert.equal(kept.table.direction, 1);
    assert.equal(kept.metric, 'sparsity');
  }
  assert.equal(restored({ table: { sort: 'bytes', direction: -1 } }).table.sort, 'bytes');
  const heat = { layout: 'kernels', row: 3, col: 4, zoom: { left: 1, top: 2, sx: 8, sy: 9 } };
  assert.deepEqual(restored({ heat }).heat, heat);
  assert.equal(restored({ heat: { ...heat, zoom: { ...heat.zoom, sx: -1 } } }).heat?.zoom, null);
  for (const bad of [{ layout: 'x' }, { row: NaN }, { col: '4' }])
    assert.equal(restored({ heat: { ...heat, ...bad } }).heat, undefined);
});
test('an aborted question is cancelled once, and its late answer goes nowhere', async () => {
  const posted: FromInspector[] = [];
  const asker = new Asker((m) => posted.push(m));
  const control = new AbortController();
  const asked = asker.ask('pattern', { layer: 0 }, control.signal);
  control.abort();
  await assert.rejects(asked, Abandoned);
  asker.receive({ type: 'failed', id: 1, message: 'late' });
  assert.deepEqual(
    posted.map((m) => m.type),
    ['ask', 'cancel'],
  );
  const second = asker.ask('pattern', { layer: 0 });
  asker.receive({ type: 'failed', id: 2, message: 'why' });
  await assert.rejects(second, /why/);
});
test('the store reads what is on the screen first, then everything once', async () => {
  const asked: number[][] = [];
  let store: Store | undefined;
  await new Promise<void>((done) => {
    store = new Store(
      overview,
      async (name, query) => {
        if (name !== 'measure') throw new Error('no histogram');
        const wanted = (query as { layers: number[] }).layers;
        asked.push([...wanted]);
        const measures = wanted.filter((l) => l !== 1).map((l) => measure(l, 0));
        return {
          measures,
          failed: [{ layer: 1, why: 'torn' }].filter((f) => wanted.includes(f.layer)),
        } as never;
      },
      () => (store?.complete ? done() : undefined),
    );
    store.want([2]);
    store.start();
  });
  store?.stop();
  assert.deepEqual(asked, [[2], [0, 1]]);
  assert.equal(store?.failed.get(1), 'torn');
});
test('the page has one policy, and a hostile title stays text', () => {
  const html = inspectorPage({
    ...{ cspSource: 'https://x', cssUri: 'https://x/a.css', jsUri: 'https://x/a.js', nonce: 'n' },
    ...{ lang: 'en', title: '</title><script>alert(1)</script>', data: { strings: english } },
  });
  assert.match(html, /default-src 'none'; img-src https:\/\/x blob:; style-src https:\/\/x;/);
  assert.ok(!html.includes('<script>alert'));
  assert.ok(!/unsafe/.test(html));
});
test('a simulation tells how far it is, until it is answered', async () => {
  const posted: FromInspector[] = [];
  const asker = new Asker((m) => posted.push(m));
  const told: number[] = [];
  const what = { tensor: 1, name: 'w', part: 0, machine: {} };
  const control = new AbortController();
  const simulated = asker.simulate(what, control.signal, (fraction) => told.push(fraction));
  assert.deepEqual(posted, [{ type: 'simulate', id: 1, ...what }]);
  for (const id of [1, 7]) asker.receive({ type: 'progress', id, fraction: 0.4 });
  const result = { parts: [], reason: 'no', layer: null, detail: null };
  asker.receive({ type: 'answer', id: 1, result });
  asker.receive({ type: 'progress', id: 1, fraction: 0.9 });
  assert.deepEqual(await simulated, result);
  assert.deepEqual(told, [0.4]);
});
