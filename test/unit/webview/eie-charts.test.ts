/** The charts of the EIE panel: drawn as they were, and true to their data at every size. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { linearScale, logScale, shortNumber } from '../../../webview/charts/axis.ts';
import { barChart, causeBar, clip } from '../../../webview/charts/bar-chart.ts';
import {
  causes,
  cyclePatterns,
  origins,
  type Cause,
} from '../../../webview/charts/cycle-patterns.ts';
import { lineChart, looks, marker } from '../../../webview/charts/line-chart.ts';
import { peBars, peGroup, peOrder, type PeLoad } from '../../../webview/charts/pe-bars.ts';
import {
  queueSteps,
  queueTimeline,
  type QueueData,
} from '../../../webview/charts/queue-timeline.ts';
import { scatter, type ScatterPoint } from '../../../webview/charts/scatter.ts';
import { toText, type SvgNode } from '../../../webview/charts/svg.ts';

/** Golden files lie beside the tests; DC_UPDATE_GOLDEN=1 writes them anew, for a person to look at. */
function assertGolden(name: string, picture: SvgNode): void {
  const file = join('test/unit/webview/golden', name);
  const text = `${toText(picture)}\n`;
  if (process.env['DC_UPDATE_GOLDEN']) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${file} is missing`);
  assert.equal(text, readFileSync(file, 'utf8'));
}

const find = (picture: SvgNode, test: (n: SvgNode) => boolean): SvgNode[] => {
  const inside = picture.children.flatMap((c) => (typeof c === 'string' ? [] : find(c, test)));
  return test(picture) ? [picture, ...inside] : inside;
};
const ofClass = (picture: SvgNode, name: string): SvgNode[] =>
  find(picture, (n) =>
    String(n.attributes['class'] ?? '')
      .split(' ')
      .includes(name),
  );

/** A load of `pes` PEs whose bars are all `cycles` high. */
function loadOf(pes: number, cycles = 1000): PeLoad {
  const part = (of: (p: number) => number): Int32Array =>
    Int32Array.from({ length: pes }, (_, p) => of(p));
  const work = part((p) => 600 + ((p * 37) % 90));
  const filler = part((p) => (p * 13) % 40);
  const empty = part((p) => (p * 7) % 20);
  const rest = part((p) => cycles - work[p]! - filler[p]! - empty[p]!);
  return {
    cycles,
    parts: {
      work,
      filler,
      emptyColumns: empty,
      queueFull: rest.map((r) => Math.floor(r / 2)),
      scan: rest.map((r) => r - Math.floor(r / 2) - 15),
      imbalance: part(() => 5),
      fillDrain: part(() => 10),
    },
    stalled: part((p) => (p % 5 === 0 ? p : 0)),
  };
}
const peText = {
  summary: 'PE 2 is the slowest',
  ideal: 'perfect balance 664',
  stalled: 'held up',
  axis: 'PE',
  title: (pes: readonly number[], cycles: Readonly<Record<Cause, number>>) =>
    `${pes.join(' ')}: ${cycles.work}`,
};
const size = { width: 640, height: 330 };

const queue = (pes: number, bins: number): QueueData => ({
  cycles: bins * 16,
  pes,
  depth: 7,
  binCycles: 16,
  bins,
  queue: Float32Array.from({ length: pes * bins }, (_, i) => (i * 5) % 8),
  working: Float32Array.from({ length: bins }, (_, b) => (b % 4) / 4),
  stalls: Int32Array.from({ length: bins }, (_, b) => (b % 3 === 0 ? 8 : 0)),
});
const queueText = {
  summary: 'queues',
  occupancy: 'items',
  working: 'at work',
  perPe: 'each PE',
  stalls: 'held up',
  axis: 'cycle',
};

test('the PE bars are drawn as they were', () => {
  const load = loadOf(8);
  assertGolden('pe-bars.svg', peBars(load, peOrder(load, 'load'), size, peText));
});
test('the queue timeline is drawn as it was', () =>
  assertGolden('queue-timeline.svg', queueTimeline(queue(4, 24), 640, queueText)));
test('the bar chart is drawn as it was', () =>
  assertGolden(
    'bar-chart.svg',
    barChart(
      [
        {
          label: 'Alex-7',
          bars: [
            { label: 'CPU', value: 6187.1, text: '6,187 µs', fill: 'published' },
            { label: 'EIE', value: 12.46, text: '12.5 µs', fill: 'simulated', strong: true },
          ],
        },
      ],
      { width: 480, log: true, axis: 'µs', summary: 'EIE is faster' },
    ),
  ));
test('the line chart is drawn as it was', () =>
  assertGolden(
    'line-chart.svg',
    lineChart(
      [
        { label: 'Alex-7', values: [0.5, 0.8, 0.96] },
        { label: 'NT-We', values: [0.3, 0.5, NaN] },
      ],
      {
        width: 480,
        height: 260,
        steps: ['2', '4', '8'],
        axis: 'slots',
        value: 'balance',
        summary: 'rises',
        most: 1,
        marked: 2,
      },
    ),
  ));
const point = (x: number, y: number, front: boolean): ScatterPoint => ({
  x,
  y,
  size: x + y,
  front,
  here: false,
  title: `${x}`,
  label: `${x} PEs`,
});
test('the scatter is drawn as it was', () =>
  assertGolden(
    'scatter.svg',
    scatter([point(1, 90, true), point(10, 20, true), point(20, 60, false)], {
      width: 480,
      height: 300,
      x: 'time',
      y: 'energy',
      summary: 'two on the front',
    }),
  ));
test('the patterns of causes and origins are drawn as they were', () =>
  assertGolden('cycle-patterns.svg', cyclePatterns()));
test('no two causes and no two origins share a pattern in ink', () => {
  const inks = new Map(
    cyclePatterns().children.map((p) => [
      (p as SvgNode).attributes['id'],
      JSON.stringify((p as SvgNode).children.slice(1)),
    ]),
  );
  for (const names of [causes, origins])
    assert.equal(new Set(names.map((n) => inks.get(`pattern-${n}`))).size, names.length);
});

test('every bar of a PE is as high as the layer has cycles', () => {
  const load = loadOf(16);
  const picture = peBars(load, peOrder(load, 'pe'), size, peText);
  const heights = ofClass(picture, 'pe').map((g) =>
    find(g, (n) => n.tag === 'rect').reduce((sum, r) => sum + Number(r.attributes['height']), 0),
  );
  assert.equal(heights.length, 16);
  for (const h of heights) assert.ok(Math.abs(h - heights[0]!) < 0.1, `${h}`);
});
test('1 to 1024 PEs have room: bars are at least 2 pixels wide, and stand for all PEs', () => {
  for (const pes of [1, 2, 63, 64, 100, 512, 1024])
    for (const width of [300, 640, 1400]) {
      const load = loadOf(pes);
      const picture = peBars(load, peOrder(load, 'pe'), { width, height: 330 }, peText);
      const bars = ofClass(picture, 'pe');
      const group = peGroup(pes, Math.floor((width - 54) / 3));
      assert.equal(bars.length, Math.ceil(pes / group));
      const right = Math.max(
        ...bars.flatMap((b) =>
          find(b, (n) => n.tag === 'rect').map(
            (r) => Number(r.attributes['x']) + Number(r.attributes['width']),
          ),
        ),
      );
      assert.ok(right <= width + 0.01, `${right} of ${width}`);
      const first = find(bars[0]!, (n) => n.tag === 'rect')[0]!;
      assert.ok(Number(first.attributes['width']) >= 2);
      assert.doesNotMatch(toText(picture), /NaN|Infinity|style=/);
    }
});
test('PEs sort by load, the fullest first, and by number', () => {
  const load = loadOf(32);
  const entries = [...peOrder(load, 'load')].map(
    (p) => load.parts.work[p]! + load.parts.filler[p]!,
  );
  assert.deepEqual(
    entries,
    [...entries].sort((a, b) => b - a),
  );
  assert.deepEqual(
    [...peOrder(load, 'pe')],
    Array.from({ length: 32 }, (_, p) => p),
  );
});
test('steps of the queue timeline keep the mean and the extremes of the bins', () => {
  const data = queue(6, 50);
  const { steps, cycles } = queueSteps(data, 10);
  assert.equal(steps.length, 10);
  assert.equal(cycles, 5 * 16);
  const mean = data.queue.reduce((a, b) => a + b, 0) / data.queue.length;
  assert.ok(Math.abs(steps.reduce((a, s) => a + s.mean, 0) / 10 - mean) < 1e-5);
  assert.equal(Math.max(...steps.map((s) => s.most)), 7);
  assert.ok(steps.every((s) => s.least <= s.mean && s.mean <= s.most && s.stalled <= 1));
});
test('the heat map stays small: 1024 PEs over 256 bins take less than 400 kB', () => {
  const text = toText(queueTimeline(queue(1024, 256), 1200, queueText));
  assert.ok(text.length < 400_000, `${text.length}`);
  assert.doesNotMatch(text, /NaN|Infinity/);
});
test('a linear axis starts at zero, reaches the largest value and has few round ticks', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (most) => {
      const { ticks, at } = linearScale(most, 0, 100);
      assert.equal(ticks[0], 0);
      assert.ok(ticks.at(-1)! >= most * 0.999999);
      assert.ok(ticks.length >= 2 && ticks.length <= 8, `${ticks.length}`);
      assert.ok(at(most) <= 100.001);
    }),
  );
});
test('a logarithmic axis has whole decades around its values, where they are few with 2 and 5 between', () => {
  for (const [least, most] of [
    [12.5, 6187],
    [1, 1],
    [0.3, 0.3],
    [Infinity, 0],
    [10, 100],
  ] as const) {
    const { ticks, at } = logScale(least, most, 0, 100);
    for (const tick of ticks) assert.match(tick.toExponential(), /^[125]e/);
    assert.match(ticks[0]!.toExponential() + ticks.at(-1)!.toExponential(), /^1e.*1e/);
    assert.ok(Number.isFinite(at(most)) && Number.isFinite(at(0)));
    assert.ok(at(0) >= 0 && at(most) <= 100.001);
  }
  assert.deepEqual(logScale(10, 100, 0, 1).ticks, [10, 20, 50, 100]);
  assert.deepEqual(logScale(10, 1e4, 0, 1).ticks, [10, 100, 1000, 10000]);
});
test('bars keep inside the picture, with their figures, whatever the values', () => {
  for (const log of [true, false])
    for (const values of [[0, 5, NaN], [1e-9, 1e12], [3]]) {
      const picture = barChart(
        [
          {
            label: '',
            bars: values.map((value) => ({
              label: 'a layer with a very long name indeed',
              value,
              text: '1,234,567 µs',
              fill: 'simulated' as const,
            })),
          },
        ],
        { width: 360, log, axis: '', summary: '' },
      );
      assert.doesNotMatch(toText(picture), /NaN|Infinity/);
      for (const bar of ofClass(picture, 'edge'))
        assert.ok(Number(bar.attributes['x']) + Number(bar.attributes['width']) <= 360);
    }
});
test('the bar of causes is filled exactly', () => {
  const shares = [0.6, 0.2, 0.1, 0.05, 0.05, 0, 0];
  const picture = causeBar(
    causes.map((cause, i) => ({
      cause,
      share: shares[i]!,
      title: cause,
      text: `${shares[i]! * 100} %`,
    })),
    500,
    '',
  );
  const total = ofClass(picture, 'segment').reduce(
    (sum, r) => sum + Number(r.attributes['width']),
    0,
  );
  assert.ok(Math.abs(total - 500) < 0.1, `${total}`);
});
test('lines differ in marker or look, up to four times as many as there are looks', () => {
  const seen = new Set(
    Array.from({ length: 2 * looks }, (_, k) => `${k % looks} ${marker(k, 0, 0)}`),
  );
  assert.equal(seen.size, 2 * looks);
});
test('a chart without points is empty and has no NaN', () => {
  const options = { width: 300, height: 200, summary: '' };
  const line = { ...options, steps: [], axis: '', value: '' };
  for (const text of [
    toText(lineChart([], line)),
    toText(lineChart([{ label: '', values: [] }], { ...line, log: true })),
    toText(scatter([], { ...options, x: '', y: '' })),
    toText(scatter([point(0, 0, true)], { ...options, x: '', y: '' })),
    toText(barChart([], { width: 300, log: true, axis: '', summary: '' })),
  ])
    assert.doesNotMatch(text, /NaN|Infinity/);
});
test('long labels are cut with an ellipsis', () => {
  assert.equal(clip('short', 100), 'short');
  assert.match(clip('a very long label', 40), /^a.*…$/);
});
for (const [value, text] of [
  [0, '0'],
  [0.25, '0.25'],
  [1000, '1,000'],
  [12_500, '12.5k'],
  [3e6, '3M'],
  [1e-6, '1e-6'],
] as const)
  test(`a tick of ${value} is written ${text}`, () => assert.equal(shortNumber(value), text));
