/** What the EIE panel says: sentences, tables, merged runs, messages, sweeps; from a real run of the engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import type { Progress } from '../../../src/engine/protocol.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { SimulateInput, SimulateResult } from '../../../src/engine/protocol-eie.ts';
import { Latest } from '../../../src/vscode/eie/latest.ts';
import { EieSession, toJson, withoutArrays } from '../../../src/vscode/eie/session.ts';
import { causes } from '../../../webview/charts/cycle-patterns.ts';
import { peOrder } from '../../../webview/charts/pe-bars.ts';
import { nearestStop, stops } from '../../../webview/eie/controls.ts';
import { toCsv } from '../../../webview/ui/export.ts';
import { cellText } from '../../../webview/ui/table.ts';
import { isFromEie, isMachine, isToEie, type ToEie } from '../../../webview/eie/messages.ts';
import {
  benchmarkDeviation,
  causesOf,
  formatEnergy,
  formatTime,
  formatTimes,
  imbalanceSentence,
  layersTable,
  mergeRun,
  peLoad,
  peTable,
  whereSentence,
} from '../../../webview/eie/model.ts';
import { eiePanel } from '../../../webview/eie/page.ts';
import {
  linesOf,
  machineName,
  parseValues,
  pointsTable,
  presets,
  valueOf,
} from '../../../webview/eie/space.ts';
import { english as t } from '../../../webview/eie/strings.ts';

const signal = new AbortController().signal;
const jobs = allJobs({ workerFile: undefined });
const simulate = (input: Partial<SimulateInput> = {}): Promise<SimulateResult> =>
  jobs.simulate(
    { source: { kind: 'workload', name: 'alex-8' }, seed: 1, timelineBins: 64, ...input },
    signal,
    () => undefined,
  );
const result = await simulate();
const run = withoutArrays(result);
const layer = run.layers[0]!;
const { perPe, timeline, index } = result.layers[0]!;
const detail = { index, perPe, timeline };

test('the causes of a layer add up to its PE-cycles, and so does every PE', () => {
  const total = Object.values(causesOf(layer)).reduce((a, b) => a + b, 0);
  assert.equal(total, layer.cycles * layer.machine.pe);
  const load = peLoad(layer, detail);
  for (let p = 0; p < layer.machine.pe; p++)
    assert.equal(
      causes.reduce((sum, c) => sum + load.parts[c][p]!, 0),
      layer.cycles,
      `PE ${p}`,
    );
});
test('the sentence on imbalance names the PE with the most entries, by how much, and what it costs', () => {
  const most = Math.max(...perPe.entries);
  const slowest = perPe.entries.indexOf(most);
  const sentence = imbalanceSentence(layer, detail, t);
  assert.match(
    sentence,
    new RegExp(`^PE ${slowest} is the slowest: it walks ${most.toLocaleString('en-US')} entries`),
  );
  const cost = Math.round(most - layer.entries / perPe.entries.length);
  assert.ok(
    sentence.includes(`costs ${cost} of the ${layer.cycles.toLocaleString('en-US')} cycles`),
    sentence,
  );
  assert.match(sentence, /Broadcasts were held up for [\d,]+ cycles/);
});
test('without imbalance, stalls or entries the sentences say so', async () => {
  const one = (await simulate({ machine: { pe: 1, fifo: 4096 } })).layers[0]!;
  const sentence = imbalanceSentence(one, one, t);
  assert.match(sentence, /nothing is lost to imbalance\. No queue was ever full/);
  assert.equal(imbalanceSentence({ ...layer, entries: 0 }, detail, t), t.imbalanceNone);
});
test('where the cycles go names the largest loss', () => {
  const all = causesOf(layer);
  const lost = causes
    .filter((c) => c !== 'work' && c !== 'filler')
    .sort((a, b) => all[b] - all[a])[0]!;
  const name = {
    emptyColumns: t.emptyColumns,
    queueFull: t.queueFull,
    scan: t.scan,
    imbalance: t.imbalance,
    fillDrain: t.fillDrain,
  }[lost as 'scan'];
  assert.ok(whereSentence(layer, t).includes(`“${name}”`));
});
test('the table of PEs has a row each, busy and starved together all cycles', () => {
  const load = peLoad(layer, detail);
  const table = peTable(load, peOrder(load, 'load'), t);
  assert.equal(table.rows.length, 64);
  const [busy, starved] = [table.columns.indexOf(t.busy), table.columns.indexOf(t.starved)];
  for (const row of table.rows) {
    assert.equal(row.length, table.columns.length);
    assert.equal(Number(row[busy]) + Number(row[starved]), layer.cycles);
  }
});
test('CSV has a line each, quotes what needs it and disarms formulas', () => {
  const lines = toCsv(layersTable(run, t)).split('\r\n');
  assert.equal(lines.length, run.layers.length + 2);
  assert.equal(lines[0]!.split(',').length, lines[1]!.split(',').length);
  assert.equal(
    toCsv({ columns: ['a'], rows: [['x,"y"'], ['=1+1'], [-1], [null]] }),
    'a\r\n"x,""y"""\r\n\'=1+1\r\n-1\r\n\r\n',
  );
});
test('a partial run replaces its layer only, and keeps what the first run measured', () => {
  const host = { denseUs: 100, sparseUs: 10 };
  const two = { ...layer, index: 1, name: 'other' };
  const before = {
    ...run,
    layers: [{ ...layer, thisMachine: host }, two],
    totals: { ...run.totals, thisMachine: host },
  };
  const faster = { ...layer, timeUs: 1 };
  const merged = mergeRun(
    before,
    { ...run, layers: [faster], totals: { ...run.totals, timeUs: 1 } },
    true,
  );
  assert.deepEqual(
    merged.layers.map((l) => l.timeUs),
    [1, two.timeUs],
  );
  assert.deepEqual(merged.layers[0]!.thisMachine, host);
  assert.equal(merged.totals.timeUs, run.totals.timeUs, 'totals wait for all layers');
  const all = mergeRun(merged, { ...run, layers: [faster, two] }, false);
  assert.deepEqual(all.totals.thisMachine, host);
});
test('the benchmark’s deviation counts only layers that Table III can reproduce', () => {
  const paper = (timeUs: number, note = ''): typeof layer => ({
    ...layer,
    timeUs,
    published: { ...layer.published!, actualUs: 10, note },
  });
  const d = benchmarkDeviation([
    paper(11),
    paper(10),
    paper(20, 'cannot'),
    { ...layer, published: null },
  ]);
  assert.equal(d.count, 2);
  assert.ok(Math.abs(d.worst - 0.1) < 1e-9 && Math.abs(d.mean - 0.05) < 1e-9);
  assert.equal(d.not.length, 1);
});
for (const [actual, expected] of [
  [formatTime(12.4567), '12.5 µs'],
  [formatTime(8034), '8.03 ms'],
  [formatTime(0.0125), '12.5 ns'],
  [formatTime(2e6), '2.00 s'],
  [formatTime(NaN), '–'],
  [formatEnergy(0.0142), '14.2 nJ'],
  [formatEnergy(16.9), '16.9 µJ'],
  [formatTimes(3043.2), '3,043×'],
  [formatTimes(0.0131), '0.013×'],
  [cellText(1234567), '1,234,567'],
  [cellText(0.000123), '1.23e-4'],
  [cellText(12.34567), '12.35'],
  [cellText(null), '–'],
] as const)
  test(`a figure of the panel is written ${expected}`, () => assert.equal(actual, expected));

test('the sliders stop at the paper’s machine', () => {
  assert.equal(stops.pe[nearestStop('pe', 64)], 64);
  assert.equal(stops.fifo[nearestStop('fifo', 8)], 8);
  assert.equal(stops.sramWidth[nearestStop('sramWidth', 64)], 64);
  assert.equal(stops.pe[nearestStop('pe', 1024)], 1024);
  assert.equal(stops.pe[nearestStop('pe', 70)], 64);
});

test('messages from the panel are checked', () => {
  for (const good of [
    { type: 'ready' },
    { type: 'saveJson' },
    { type: 'machine', machine: { pe: 64, precision: 'fixed16' }, layer: 0, request: 1 },
    { type: 'machine', machine: {}, layer: 3, request: 2 },
    { type: 'sweep', axes: [{ name: 'fifo', values: [2, 4] }], machine: {}, layer: null },
    {
      type: 'sweep',
      axes: [{ name: 'precision', values: ['fixed8'] }],
      machine: { fifo: 4 },
      layer: 0,
    },
    { type: 'save', name: 'pe-load', format: 'png', content: new ArrayBuffer(4) },
    { type: 'save', name: 'layers', format: 'csv', content: 'a' },
  ])
    assert.ok(isFromEie(good), JSON.stringify(good));
  for (const bad of [
    null,
    'ready',
    { type: 'run' },
    { type: 'machine', machine: { pe: '64' }, layer: 0, request: 1 },
    { type: 'machine', machine: { pe: NaN }, layer: 0, request: 1 },
    { type: 'machine', machine: { __proto__: null, evil: 1 }, layer: 0, request: 1 },
    { type: 'machine', machine: {}, layer: -1, request: 1 },
    { type: 'machine', machine: [], layer: 0, request: 1 },
    { type: 'sweep', axes: [], machine: {}, layer: null },
    { type: 'sweep', axes: [{ name: 'speed', values: [1] }], machine: {}, layer: null },
    { type: 'sweep', axes: [{ name: 'pe', values: [] }], machine: {}, layer: null },
    { type: 'sweep', axes: [{ name: 'pe', values: ['x'] }], machine: {}, layer: null },
    { type: 'save', name: '../../x', format: 'csv', content: '' },
    { type: 'save', name: 'x', format: 'exe', content: '' },
    { type: 'save', name: 'x', format: 'csv', content: 5 },
  ])
    assert.ok(!isFromEie(bad), JSON.stringify(bad));
  assert.ok(isMachine({ pe: 4 }) && !isMachine({ clockMHz: 1 }));
  assert.ok(isToEie({ type: 'run' }) && !isToEie({ type: 'machine' }));
});
test('the panel has the report’s strict policy, and blob: for pictures only', () => {
  const html = eiePanel({
    cspSource: 'https://source',
    cssUri: 'https://source/eie.css',
    jsUri: 'https://source/eie.js',
    nonce: 'N0NCE',
    lang: 'en',
    data: { title: '</script><b>', view: 'layer', source: '{}' },
  });
  assert.match(
    html,
    /default-src 'none'; img-src https:\/\/source blob:; style-src https:\/\/source;/,
  );
  assert.match(html, /script-src 'nonce-N0NCE'/);
  assert.doesNotMatch(html, /unsafe|<style|\sstyle=|\son[a-z]+=|<b>/);
  assert.match(html, /<main id="eie">/);
});

test('values of an axis are read as people type them', () => {
  assert.deepEqual(parseValues('fifo', ' 8,2; 4 2')?.values, [2, 4, 8]);
  assert.deepEqual(parseValues('precision', 'fixed8, float32')?.values, ['fixed8', 'float32']);
  for (const [axis, bad] of [
    ['pe', ''],
    ['pe', '1.5'],
    ['pe', '0'],
    ['pe', 'x'],
    ['pe', '1e99x'],
    ['precision', '8'],
  ] as const)
    assert.equal(parseValues(axis, bad), null, bad);
});
test('a sweep gives a line each value, and holds other axes at the machine at hand', async () => {
  const axes = [
    { name: 'pe', values: [8, 16] },
    { name: 'fifo', values: [2, 8, 32] },
    { name: 'sram-width', values: [32, 128] },
  ] as const;
  const swept = await jobs.sweep(
    { source: { kind: 'workload', name: 'nt-we' }, seed: 1, axes, threads: 1 },
    signal,
    () => undefined,
  );
  const lines = linesOf(swept, 'fifo', 'pe', (p) => p.loadBalance, { 'sram-width': 64 });
  assert.deepEqual(lines.steps, ['2', '8', '32']);
  assert.deepEqual(
    lines.series.map((s) => s.label),
    ['8', '16'],
  );
  assert.deepEqual(lines.fixed, [['sram-width', 32]]);
  for (const { values } of lines.series) {
    assert.ok(values.every((v) => v > 0 && v <= 1));
    assert.ok(values[0]! <= values[2]!, 'deeper queues do not lower the balance');
  }
  const one = swept.total.find((p) => p.pe === 16 && p.fifo === 8 && p.sramWidth === 32)!;
  assert.equal(lines.series[1]!.values[1], one.loadBalance);
  assert.equal(machineName(one, swept.axes, t), '16 PEs, 8 slots, 32 bits');
  const table = pointsTable(swept.total, t);
  assert.equal(table.rows.length, 12);
  assert.ok(table.rows.every((r) => r.length === table.columns.length));
  assert.deepEqual(
    linesOf(swept, 'pe', 'layer', (p) => p.timeUs, {}).series.map((s) => s.label),
    ['NT-We'],
  );
});
test('the presets are the paper’s figures, and can all be read', () => {
  for (const { axes } of presets)
    for (const [name, text] of Object.entries(axes))
      assert.ok(parseValues(name as 'pe', text), text);
  assert.equal(valueOf({ sramWidth: 64 } as never, 'sram-width'), 64);
});

test('a slider’s moves: one under way, the latest next, those between forgotten', async () => {
  const done: number[] = [];
  let under = 0;
  let finish = (): void => undefined;
  const latest = new Latest<number>(
    async (value) => {
      assert.equal(++under, 1, 'one at a time');
      if (value === 1) await new Promise<void>((next) => (finish = next));
      under--;
      done.push(value);
    },
    () => assert.fail(),
  );
  const all = latest.set(1);
  await eventually(() => under === 1);
  for (let i = 2; i <= 50; i++) void latest.set(i);
  finish();
  await all;
  assert.deepEqual(done, [1, 50]);
  await latest.set(51);
  assert.deepEqual(done, [1, 50, 51]);
});
test('a failed move is told, and the next is made all the same', async () => {
  const failed: number[] = [];
  const done: number[] = [];
  const latest = new Latest<number>(
    (value) =>
      value === 1 ? Promise.reject(new Error('no')) : Promise.resolve(void done.push(value)),
    (_, value) => failed.push(value),
  );
  await latest.set(1);
  await latest.set(2);
  assert.deepEqual([failed, done], [[1], [2]]);
});

/** A session on the real jobs, inline, and everything it posts. */
function sessionOn(name: string): { session: EieSession; posted: ToEie[]; calls: SimulateInput[] } {
  const posted: ToEie[] = [];
  const calls: SimulateInput[] = [];
  const engine = {
    run: (
      job: 'simulate' | 'sweep' | 'published',
      input: never,
      options: { signal?: AbortSignal; onProgress?: (p: Progress) => void } = {},
    ) => {
      if (job === 'simulate') calls.push(input);
      return jobs[job](input, options.signal ?? signal, options.onProgress ?? (() => undefined));
    },
  };
  const session = new EieSession(
    engine as never,
    () => Promise.resolve({ source: { kind: 'workload', name }, seed: 1, threads: 1 }),
    (message) => posted.push(message),
    (error) => (error instanceof Error ? error.message : String(error)),
    { machine: {}, layer: -1 },
  );
  return { session, posted, calls };
}
const eventually = async (is: () => boolean): Promise<void> => {
  for (let i = 0; i < 600 && !is(); i++) await new Promise((next) => setTimeout(next, 10));
  assert.ok(is());
};

test('a session shows all layers, then the arrays of the longest; a knob asks for that layer first', async () => {
  const { session, posted, calls } = sessionOn('all');
  await session.load(signal, () => undefined);
  await eventually(() => posted.some((m) => m.type === 'run' && m.detail !== undefined));
  assert.ok(posted.findIndex((m) => m.type === 'published') === 0);
  assert.equal(calls[0]?.measureHost, true);
  const first = posted.find((m) => m.type === 'run');
  assert.ok(
    first?.type === 'run' &&
      first.run.layers.length === 9 &&
      first.run.layers.every((l) => l.thisMachine),
  );
  assert.ok(!JSON.stringify(first).includes('perPe'), 'no arrays in the list');
  posted.length = 0;
  session.set({ type: 'machine', machine: { fifo: 2 }, layer: 6, request: 7 });
  await eventually(() => posted.filter((m) => m.type === 'run').length === 2);
  const [one, all] = posted.filter((m) => m.type === 'run');
  assert.ok(
    one?.type === 'run' && one.partial && one.detail?.index === 6 && one.run.layers.length === 1,
  );
  assert.ok(
    all?.type === 'run' && !all.partial && all.run.layers.length === 9 && all.request === 7,
  );
  assert.equal(session.result?.layers[6]?.machine.fifo, 2);
  const json = JSON.parse(toJson(session.result!)) as {
    layers: { perPe: { entries: number[] } }[];
  };
  assert.equal(json.layers[0]!.perPe.entries.length, 64);
});
test('a session that is dragged does not simulate every stop', async () => {
  const { session, posted, calls } = sessionOn('nt-we');
  await session.load(signal, () => undefined);
  await eventually(() => calls.length === 2);
  for (let fifo = 2; fifo < 102; fifo++)
    session.set({ type: 'machine', machine: { fifo }, layer: 0, request: fifo });
  await eventually(() => posted.some((m) => m.type === 'run' && m.request === 101));
  assert.ok(calls.length < 10, `${calls.length} runs for 100 moves`);
});
test('an impossible machine is one line, and the panel lives on', async () => {
  const { session, posted } = sessionOn('nt-we');
  await session.load(signal, () => undefined);
  session.set({ type: 'machine', machine: { pe: 5000 }, layer: 0, request: 1 });
  await eventually(() => posted.some((m) => m.type === 'error'));
  const error = posted.find((m) => m.type === 'error');
  assert.ok(error?.type === 'error' && error.request === 1);
  assert.match(error.message, /PEs/);
  session.set({ type: 'machine', machine: { pe: 32 }, layer: 0, request: 2 });
  await eventually(() => posted.some((m) => m.type === 'run' && m.request === 2));
});
test('a cancelled sweep ends within 200 ms and says so', async () => {
  const { session, posted } = sessionOn('alex-7');
  await session.load(signal, () => undefined);
  const values = Array.from({ length: 200 }, (_, i) => i + 2);
  const over = session.sweep({
    type: 'sweep',
    axes: [
      { name: 'fifo', values },
      { name: 'pe', values: [8, 16, 32, 64] },
    ],
    machine: {},
    layer: 0,
  });
  await eventually(() => posted.some((m) => m.type === 'sweeping'));
  const start = performance.now();
  session.cancelSweep();
  await over;
  assert.ok(performance.now() - start < limit(2000), `${performance.now() - start} ms`);
  assert.ok(posted.some((m) => m.type === 'sweepEnded') && !posted.some((m) => m.type === 'swept'));
});
