/** The curves of a training: drawn as they were, and true to their data. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { rangeScale } from '../../../webview/charts/axis.ts';
import { lineChart } from '../../../webview/charts/line-chart.ts';
import { toText, type SvgNode } from '../../../webview/charts/svg.ts';
import {
  trainingCurves,
  type CurvePhase,
  type CurvePoint,
  type TrainingCurves,
} from '../../../webview/charts/training-curves.ts';

/** Golden files lie beside the tests; DC_UPDATE_GOLDEN=1 writes them anew, for a person to look at. */
function assertGolden(name: string, picture: SvgNode): void {
  const file = join('test/unit/webview/golden', name);
  const text = `${toText(picture)}\n`;
  if (process.env['DC_UPDATE_GOLDEN']) writeFileSync(file, text);
  assert.ok(existsSync(file), `${file} is missing`);
  assert.equal(text, readFileSync(file, 'utf8'));
}

const words = {
  accuracy: 'Accuracy',
  before: 'before',
  loss: 'Loss',
  heldOut: 'held-out',
  training: 'training',
  zeros: 'Zeros',
  epoch: 'Epoch',
};
const options = { width: 640, summary: 'A training', words };

const phases: readonly CurvePhase[] = [
  { stage: 0, label: 'prune', start: 0, length: 2 },
  { stage: 0, label: 'prune', start: 2, length: 2 },
  { stage: 1, label: 'train', start: 4, length: 3 },
  { stage: 2, label: 'share', start: 7, length: 2 },
];
const point = (at: number, accuracy: number, loss: number, more = {}): CurvePoint => ({
  at,
  name: `epoch ${at}`,
  accuracy,
  loss,
  trainingLoss: null,
  sparsity: 0.92,
  ...more,
});
const points: readonly CurvePoint[] = [
  point(0, 0.955, 0.21, { sparsity: 0.7 }),
  point(1, 0.978, 0.08, { sparsity: 0.7, trainingLoss: 0.06 }),
  point(2, 0.981, 0.07, { sparsity: 0.7, trainingLoss: 0.04 }),
  point(2, 0.942, 0.3),
  point(3, 0.972, 0.1, { trainingLoss: 0.09 }),
  point(4, 0.976, 0.09, { trainingLoss: 0.07 }),
  point(4, 0.976, 0.09),
  point(5, 0.979, 0.08, { trainingLoss: 0.05 }),
  point(6, 0.98, 0.08, { trainingLoss: 0.045 }),
];
const data: TrainingCurves = { phases, points, before: 0.9836 };

const find = (picture: SvgNode, tag: string, name: string): SvgNode[] =>
  picture.children.flatMap((c) =>
    typeof c === 'string'
      ? []
      : [
          ...(c.tag === tag && String(c.attributes['class']).split(' ').includes(name) ? [c] : []),
          ...find(c, tag, name),
        ],
  );
const texts = (picture: SvgNode): string[] =>
  picture.children.flatMap((c) =>
    typeof c === 'string' ? [] : c.tag === 'text' ? [String(c.children[0])] : texts(c),
  );

test('a training that still runs is drawn as it was, with room for what is to come', () =>
  assertGolden('training-curves.svg', trainingCurves(data, options)));

test('a drop of accuracy is upright: the next stage begins where the last ended', () => {
  const [line] = find(trainingCurves(data, options), 'path', 'series');
  const xy = [...String(line!.attributes['d']).matchAll(/([\d.]+),([\d.]+)/g)].map((m) => [
    Number(m[1]),
    Number(m[2]),
  ]);
  assert.equal(xy.length, points.length);
  assert.equal(xy[2]![0], xy[3]![0]);
  assert.ok(xy[3]![1]! > xy[2]![1]! + 20, 'down is lower');
  assert.ok(xy.at(-1)![0]! < 640 * 0.75, 'the rest of the axis is to come');
});

test('losses that span magnitudes get a logarithmic axis, and accuracy of nothing no panel', () => {
  const steep = trainingCurves(
    { phases, before: null, points: [point(0, 0.1, 40), point(1, 0.9, 0.1)] },
    options,
  );
  for (const tick of ['0.1', '1', '10', '100']) assert.ok(texts(steep).includes(tick), tick);
  const unlabelled = trainingCurves(
    { phases, before: null, points: points.map((p) => ({ ...p, accuracy: null })) },
    options,
  );
  assert.ok(!texts(unlabelled).includes('Accuracy'));
  assert.ok(texts(unlabelled).includes('Loss'));
});

test('nothing yet, one point, many points and strange numbers draw without NaN', () => {
  const many = Array.from({ length: 400 }, (_, i) => point(i / 40, 0.9 + i / 5000, 1 / (i + 1)));
  for (const some of [
    [],
    [points[0]!],
    many,
    [point(0, 1, 0), point(1, 1, 0)],
    [point(0, NaN, Infinity), point(1, 0.5, -1)],
  ]) {
    const picture = trainingCurves({ phases, points: some, before: null }, options);
    assert.doesNotMatch(toText(picture), /NaN|Infinity|undefined|\sstyle=/);
  }
  const narrow = trainingCurves(data, { ...options, width: 200 });
  assert.doesNotMatch(toText(narrow), /NaN|="-\d/);
  const marks = find(
    trainingCurves({ phases, points: many, before: null }, options),
    'path',
    'mark',
  );
  assert.ok(marks.length < 10, 'many points are a line');
});

test('a range has round ticks around its values and none above what can be', () => {
  const ticks = (least: number, most: number, bound?: number): readonly number[] =>
    rangeScale(least, most, 0, 1, bound).ticks;
  assert.deepEqual(ticks(0.942, 0.9836, 1), [0.94, 0.96, 0.98, 1]);
  assert.deepEqual(ticks(0.3, 0.9995, 1), [0.2, 0.4, 0.6, 0.8, 1]);
  assert.ok(ticks(1, 1, 1).every((t) => t <= 1));
  const scale = rangeScale(0.2, 1, 100, 0, 1);
  assert.equal(scale.at(1), 0);
  assert.equal(scale.at(0.2), 100);
});

test('steps stand where they belong when the chart is told where', () => {
  const chart = (at?: readonly number[]): number[] =>
    find(
      lineChart([{ label: '', values: [1, 0.9, 0.5] }], {
        width: 400,
        height: 200,
        steps: ['50 %', '90 %', '95 %'],
        axis: 'Pruned',
        value: 'Accuracy',
        summary: '',
        ...(at && { at }),
      }),
      'path',
      'mark',
    ).map((m) => Number(/^M([\d.]+)/.exec(String(m.attributes['d']))![1]));
  const [a, b, c] = chart([0.5, 0.9, 0.95]);
  assert.ok((b! - a!) / (c! - b!) > 7.9 && (b! - a!) / (c! - b!) < 8.1);
  const [d, e, f] = chart();
  assert.ok(Math.abs(e! - d! - (f! - e!)) < 0.02);
});
