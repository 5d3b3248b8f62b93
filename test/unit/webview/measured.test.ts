/** What was measured of a model, as sentences, pictures and tables. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FrontPoint, ImpactResult } from '../../../src/engine/protocol-search.ts';
import type { LayerSummary, ViewOverview } from '../../../src/engine/protocol-view.ts';
import { agreementText } from '../../../webview/accuracy/evaluation.ts';
import { frontDrawing } from '../../../webview/accuracy/front.ts';
import { impactDrawing } from '../../../webview/accuracy/impact.ts';
import { measuredWords as t } from '../../../webview/accuracy/measured-words.ts';
import { toText } from '../../../webview/charts/svg.ts';
import { withImpacts } from '../../../webview/inspector/impacts.ts';
import { isFromInspector } from '../../../webview/inspector/messages.ts';
import { formatMetric, metricOf, metricsFor } from '../../../webview/inspector/model.ts';
import { isFromReport } from '../../../webview/report/messages.ts';

const cost = (loss: number, relativeError: number) => ({ loss, relativeError });
const impactOf = (
  name: string,
  alone: number,
  regained: number,
): ImpactResult['layers'][number] => ({
  ...{ name, path: `main/${name}`, op: 'Conv', weights: 100, bits: 3.25, bytes: 400 },
  ...{ alone: cost(0.001, alone), without: cost(0, 0), regained },
});
const impact: ImpactResult = {
  ...{ model: { path: 'm.onnx', bytes: 1000 }, samples: 40, seconds: 1, notes: [] },
  all: { ...cost(0.004, 0.2), bytes: 120_000 },
  // the job ranks by what is regained
  layers: [impactOf('a', 0.02, 0.003), impactOf('b', 0.1, 0.001), impactOf('c', 0.001, 0)],
};

test('layers are ranked by how far they move the outputs, in picture, sentence and table', () => {
  const drawing = impactDrawing(impact, t)!;
  assert.match(drawing.summary, /^b moves the outputs most: by 10\.0 % alone\. All 3 layers/);
  const names = [...toText(drawing.draw(600)).matchAll(/bar-label">(\w)</g)].map((m) => m[1]);
  assert.deepEqual(names, ['b', 'a', 'c']);
  assert.deepEqual(
    drawing.table().rows.map(([name]) => name),
    ['b', 'a', 'c'],
  );
  assert.equal(impactDrawing({ ...impact, layers: [] }, t), undefined);
});

test('a front is drawn from the smallest file on, whatever order its points were found in', () => {
  const point = (bytes: number, loss: number): FrontPoint => ({
    ...{ slope: 1, bytes, ratio: 1e6 / bytes, loss, error: 0.001, disagreement: loss },
    ...{ relativeError: 0.1, verdict: 'kept', recipe: {} },
  });
  const points = [point(200_000, 0.01), point(100_000, 0.2), point(400_000, 0)];
  const drawing = frontDrawing({ on: 'digits.npz', points, complete: false }, t)!;
  assert.match(drawing.summary, /^From 100 kB, .* 20\.00 %, to 400 kB, .* 0\.00 %; 3 sizes/);
  assert.match(drawing.summary, /ended before it was complete\.$/);
  assert.deepEqual(
    drawing.table().rows.map(([bytes]) => bytes),
    [100_000, 200_000, 400_000],
  );
  assert.match(toText(drawing.draw(600)), /^<svg/);
});

test('agreement is told with its interval, and movement where there are no answers', () => {
  const fidelity = {
    ...{ name: 'y', kind: 'class' as const, answers: 120, disagreement: 0.05 },
    ...{ interval: { low: 0.02, high: 0.1 }, expectedLoss: 0.01, smoothLoss: null },
    ...{ relativeError: 0.03, samples: 120, accuracy: null, outputs: [] },
  };
  assert.match(agreementText(fidelity, t), /on 95\.00 % of 120 samples .* 90\.00 % to 98\.00 %/);
  const values = { ...fidelity, kind: 'values' as const, interval: null };
  assert.match(agreementText(values, t), /moved by 3 % on 120 samples/);
});

test('a measured impact is a metric of the layers it belongs to, by path and name', () => {
  const layers = ['main/a', 'else/a'].map((path) => ({ name: 'a', path, coded: null }));
  const model = { layers: layers as readonly Partial<LayerSummary>[] } as ViewOverview;
  assert.ok(!metricsFor(model).includes('impact'));
  const known = withImpacts(model, impact);
  assert.ok(metricsFor(known).includes('impact'));
  const values = known.layers.map((l) => metricOf('impact', l, undefined));
  assert.deepEqual(values, [0.02, null]);
  assert.equal(formatMetric('impact', 0.02), '2.00 %');
  assert.equal(withImpacts(model, undefined), model);
});

test('pages may ask for what there is to measure, and for nothing else', () => {
  for (const isFrom of [isFromInspector, isFromReport]) {
    assert.ok(isFrom({ type: 'measure', what: 'evaluate' }));
    assert.ok(!isFrom({ type: 'measure', what: 'everything' }));
    assert.ok(isFrom({ type: 'compressTo', bytes: 1000 }));
    assert.ok(!isFrom({ type: 'compressTo', bytes: '1000' }));
  }
  assert.ok(isFromInspector({ type: 'protect', name: 'a', path: 'main/a' }));
  assert.ok(!isFromInspector({ type: 'protect', name: 'a' }));
  assert.ok(isFromReport({ type: 'openAttempt', path: '/a.dcz' }));
  assert.ok(!isFromReport({ type: 'openAttempt' }));
});
