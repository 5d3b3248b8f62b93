/** What the report says of accuracy: curves, scans, before and after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Retraining, SensitivityResult } from '../../../src/engine/protocol-accuracy.ts';
import { courseDrawing, curvesOf } from '../../../webview/accuracy/curves.ts';
import { bitsDrawings, pruningDrawing } from '../../../webview/accuracy/sensitivity.ts';
import { accuracyWords, wordFor } from '../../../webview/accuracy/words.ts';
import { toText } from '../../../webview/charts/svg.ts';
import { accuracyText } from '../../../webview/accuracy/sensitivity-section.ts';
import { changeText, pairsOf } from '../../../webview/report/accuracy.ts';
import { english } from '../../../webview/report/strings.ts';

const of = (top1: number | null, loss = 0.1) => ({
  samples: 300,
  top1,
  top5: top1 === null ? null : Math.min(1, top1 + 0.01),
  loss,
});
const epoch = (stage: number, kind: string, step: number, e: number, top1: number) => ({
  stage,
  kind,
  step,
  epoch: e,
  trainingLoss: e ? 0.2 : null,
  validation: of(top1),
  sparsity: stage === 0 ? 0.5 + 0.4 * step : 0.9,
});
const epochs = [
  epoch(0, 'prune', 0, 0, 0.9),
  epoch(0, 'prune', 0, 1, 0.95),
  epoch(0, 'prune', 0, 2, 0.96),
  epoch(0, 'prune', 1, 0, 0.8),
  epoch(0, 'prune', 1, 1, 0.94),
  epoch(1, 'reconstruct', 0, 0, 0.955),
  epoch(2, 'share', 0, 0, 0.93),
  epoch(2, 'share', 0, 1, 0.957),
];
const retraining: Retraining = {
  agreement: false,
  before: of(0.97),
  after: of(0.957, 0.2),
  test: { before: of(0.965), after: of(0.9566) },
  epochs,
  end: 'done',
  data: 'digits.npz',
  recipe: {},
  seed: 1,
  runtime: 'onnxruntime-web',
  threads: 1,
  seconds: 3,
};

test('no sentence of the page takes the place of one about accuracy', () => {
  for (const [key, text] of Object.entries(accuracyWords))
    assert.equal(english[key as keyof typeof english], text, key);
});

test('test samples come before held-out ones, and points carry their sign', () => {
  const pairs = pairsOf(retraining);
  assert.deepEqual(
    pairs.map((p) => [p.kind, accuracyText(p.before), accuracyText(p.after), changeText(p)]),
    [
      ['test', '96.50 %', '95.66 %', '−0.84'],
      ['heldOut', '97.00 %', '95.70 %', '−1.30'],
    ],
  );
  assert.deepEqual(pairsOf({ ...retraining, test: null, before: null }), []);
  const change = (before: number | null, after: number | null, loss = 0.2): string =>
    changeText({ kind: 'test', before: of(before), after: of(after, loss) });
  assert.equal(change(0.5, 0.6), '+10.00');
  assert.equal(change(0.5, 0.5), '±0.00');
  assert.equal(change(0.5, 0.49999), '±0.00');
  assert.equal(change(null, null), '+100.0 %');
  assert.equal(change(null, null, 0.05), '−50.0 %');
});

test('steps and stages follow one another, a stage without epochs being one wide', () => {
  const { phases, points } = curvesOf({ epochs, before: null, agreement: false }, accuracyWords);
  assert.deepEqual(
    phases.map((p) => [p.stage, p.label, p.start, p.length]),
    [
      [0, 'prune', 0, 2],
      [0, 'prune', 2, 1],
      [1, 'reconstruct', 3, 1],
      [2, 'share', 4, 1],
    ],
  );
  assert.deepEqual(
    points.map((p) => p.at),
    [0, 1, 2, 2, 3, 4, 4, 5],
  );
});

test('a plan leaves room for what is to come, and epochs that are in no plan are not drawn', () => {
  const plan = [
    { kind: 'prune', steps: 3, epochs: 4 },
    { kind: 'train', steps: 1, epochs: 10 },
  ];
  const some = [...epochs.slice(0, 4), epoch(7, 'share', 0, 1, 0.9)];
  const course = { epochs: some, plan, before: null, agreement: false };
  const { phases, points } = curvesOf(course, accuracyWords);
  assert.equal(phases.length, 4);
  assert.deepEqual(phases.at(-1), { stage: 1, label: 'train', start: 12, length: 10 });
  assert.deepEqual(
    points.map((p) => p.at),
    [0, 1, 2, 4],
  );
});

test('the sentence and the table say what the curves show', () => {
  const drawing = courseDrawing({ epochs, before: of(0.97), agreement: true }, accuracyWords);
  assert.equal(
    drawing.summary,
    '4 epochs in 3 stages; 90.0 % of the weights are zero at the end. Agreement on held-out samples: 97.00 % before, 95.70 % at the end.',
  );
  assert.match(toText(drawing.draw(600)), /Agreement/);
  const { columns, rows } = drawing.table();
  assert.equal(rows.length, epochs.length + 1);
  assert.ok(rows.every((r) => r.length === columns.length));
  assert.deepEqual(rows[0], ['before', null, null, null, null, 0.1, 0.97]);
  assert.deepEqual(rows.at(-1), ['3 share', 1, 1, 0.9, 0.2, 0.1, 0.957]);
});

const layer = (name: string, pruned: readonly number[], kind = 'fc') => ({
  name,
  op: 'Gemm',
  kind,
  shape: [10, 10],
  weights: 100,
  pruned: [0.5, 0.9].map((sparsity, i) => ({ sparsity, ...of(pruned[i]!) })),
  shared: [],
});
const shared = (accuracies: readonly number[], inits = ['linear'] as const) =>
  inits.flatMap((init) => accuracies.map((a, i) => ({ bits: i + 1, init, ...of(a) })));
const scan: SensitivityResult = {
  baseline: of(0.98),
  layers: [layer('a', [0.98, 0.9]), layer('b', [0.97, 0.4]), layer('c', [0.98, 0.97], 'conv')],
  kinds: [
    { kind: 'fc', shared: shared([0.3, 0.975, 0.98]) },
    { kind: 'conv', shared: shared([0.2, 0.6, 0.975]) },
    { kind: 'all', shared: shared([0.1, 0.5, 0.96]) },
  ],
  seconds: 1,
  runtime: 'onnxruntime-web',
  notes: [],
};

test('the layer that costs most is named, and is the first line', () => {
  const drawing = pruningDrawing(scan, accuracyWords)!;
  assert.equal(
    drawing.summary,
    'With 90.0 % of its weights gone, b costs most: Accuracy falls to 40.00 %.',
  );
  const { columns, rows } = drawing.table();
  assert.equal(columns.length, 3);
  assert.deepEqual(rows, [
    ['a', 0.98, 0.9],
    ['b', 0.97, 0.4],
    ['c', 0.98, 0.97],
  ]);
  const svg = toText(drawing.draw(600));
  assert.match(svg, /0 %: 98\.00 %|0 %/);
  assert.ok(svg.indexOf('b, 0 %') < svg.indexOf('a, 0 %'), 'most sensitive first');
  assert.equal(pruningDrawing({ ...scan, layers: [] }, accuracyWords), undefined);
});

test('of many layers the picture shows the most sensitive, the table all', () => {
  const layers = Array.from({ length: 30 }, (_, i) => layer(`l${i}`, [0.9, 0.9 - i / 100]));
  const drawing = pruningDrawing({ ...scan, layers }, accuracyWords)!;
  assert.match(drawing.summary, /The 8 layers that cost most, of 30; the table has all\.$/);
  const svg = toText(drawing.draw(600));
  assert.ok(svg.includes('l29') && !svg.includes('l3,'));
  assert.equal(drawing.table().rows.length, 30);
});

test('bits are told by kind, and beginnings of k-means get a picture a kind', () => {
  const [drawing, ...none] = bitsDrawings(scan, accuracyWords);
  assert.equal(none.length, 0);
  assert.equal(
    drawing!.summary,
    '2 bits for fully connected layers are within one point of 98.00 %, which the model has as it is. 3 bits for convolutions are within one point of 98.00 %, which the model has as it is.',
  );
  assert.match(toText(drawing!.draw(600)), /all layers/);
  const three = ['linear', 'density', 'random'] as const;
  const kinds = scan.kinds.map((k) => ({
    ...k,
    shared: three.flatMap((init) => k.shared.map((p) => ({ ...p, init }))),
  }));
  const several = bitsDrawings({ ...scan, kinds }, accuracyWords);
  assert.deepEqual(
    several.map((d) => d.kind),
    ['fc', 'conv', 'all'],
  );
  assert.match(toText(several[0]!.draw(600)), /density/);
  assert.equal(several[0]!.table().columns.length, 10);
  assert.deepEqual(bitsDrawings({ ...scan, kinds: [] }, accuracyWords), []);
});

test('without classes the error takes the place of accuracy', () => {
  const regression = {
    ...scan,
    baseline: of(null, 0.1),
    layers: [{ ...layer('a', [0, 0]), pruned: [{ sparsity: 0.5, ...of(null, 0.4) }] }],
    kinds: [],
  };
  const drawing = pruningDrawing(regression, accuracyWords)!;
  assert.match(drawing.summary, /Mean squared error/);
  assert.doesNotMatch(toText(drawing.draw(500)), /NaN|undefined/);
});

test('words that are not known stay as they are', () => {
  assert.equal(wordFor('stage', 'prune', accuracyWords), 'prune');
  assert.equal(wordFor('kind', 'fc', accuracyWords), 'fully connected layers');
  assert.equal(wordFor('kind', '<b>', accuracyWords), '<b>');
  assert.equal(wordFor('stage', 'constructor', accuracyWords), 'constructor');
});
