/** Two models side by side: sums, orders, shared bins, what is asked when, and how values moved. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type {
  LayerDifference,
  LayerSummary,
  PairList,
  ViewOverview,
} from '../../../src/engine/protocol-view.ts';
import { centroidShift } from '../../../webview/charts/centroid-shift.ts';
import { toText } from '../../../webview/charts/svg.ts';
import { Abandoned, type Ask } from '../../../webview/inspector/asker.ts';
import {
  changeOf,
  changeTotals,
  sortedPairs,
  type Pair,
} from '../../../webview/inspector/changes.ts';
import {
  commonRange,
  histogramsOf,
  histogramTable,
} from '../../../webview/inspector/histograms.ts';
import { isFromInspector } from '../../../webview/inspector/messages.ts';
import { Peer } from '../../../webview/inspector/peer.ts';
import { restored } from '../../../webview/inspector/state.ts';
import { english } from '../../../webview/inspector/strings.ts';
import { assertGolden, assertSound, gaussians, linearOf, logOf } from './view-samples.ts';

const layer = (at: number, name: string, more: Partial<LayerSummary> = {}): LayerSummary => ({
  ...{ layer: at, name, path: '', op: 'Conv', role: 'weight', kind: 'conv', dtype: 'float32' },
  ...{ shape: [2, 2], parameters: 4, bytes: 16, storage: 'raw_data', prunable: true, hidden: '' },
  ...{ zeroPoint: null, layouts: [], coded: null },
  ...more,
});
const difference = (at: number, more: Partial<LayerDifference> = {}): LayerDifference => ({
  ...{ layer: at, other: at, weights: 4, changed: 0, becameZero: 0, becameNonzero: 0 },
  ...{ signFlips: 0, nonFinite: 0, l1: 0, l2: 0, largest: 0, rmse: 0, relative: 0, cosine: 1 },
  ...more,
});
const overview = (layers: readonly LayerSummary[]): ViewOverview => ({
  ...{ path: 'm.dcz', format: 'dcz', bytes: 100, otherBytes: 0, version: '' },
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
});

test('sums over layers are over weights, and unchanged layers do not count as changed', () => {
  const sums = changeTotals([
    difference(0, { weights: 30, changed: 3, becameZero: 2, rmse: 0.1 }),
    difference(1, { weights: 10, changed: 0 }),
    difference(2, { weights: 60, changed: 60, becameNonzero: 1, rmse: 0.3 }),
  ]);
  assert.deepEqual(
    { ...sums, rmse: 0 },
    { compared: 3, layers: 2, weights: 100, changed: 63, becameZero: 2, becameNonzero: 1, rmse: 0 },
  );
  assert.ok(Math.abs(sums.rmse - Math.sqrt((30 * 0.01 + 60 * 0.09) / 100)) < 1e-12);
  assert.equal(changeTotals([]).rmse, 0);
});

const pairs: readonly Pair[] = ['b10', 'b9', 'a', 'odd'].map((name, i) => ({
  ...{ layer: layer(i, name), other: layer(i, name), why: name === 'odd' ? 'shape' : '' },
}));
const known = [difference(0, { relative: 0.1 }), difference(1, { relative: 0.3, changed: 2 })];
const order = (sort: Parameters<typeof sortedPairs>[2]): string[] =>
  sortedPairs(pairs, (l) => known[l], sort).map((p) => p.layer.name);

test('what changed most comes first, what is unknown last in both directions', () => {
  assert.deepEqual(order({ sort: 'relative', direction: -1 }), ['b9', 'b10', 'a', 'odd']);
  assert.deepEqual(order({ sort: 'relative', direction: 1 }), ['b10', 'b9', 'a', 'odd']);
  assert.deepEqual(order({ sort: 'name', direction: 1 }), ['a', 'b9', 'b10', 'odd']);
  assert.deepEqual(order({ sort: 'order', direction: 1 }), ['b10', 'b9', 'a', 'odd']);
  assert.equal(changeOf('changed', known[1]), 0.5);
  assert.equal(changeOf('cosine', undefined), null);
});

/** Answers at once; `asked` notes what. */
function answering(asked: string[], list: PairList): Ask {
  return (async (name: string, query: { pairs: { layer: number }[] }, signal, about) => {
    if (signal?.aborted) throw new Abandoned();
    asked.push(`${name} ${about} ${query.pairs?.map((p) => p.layer).join() ?? ''}`.trim());
    if (name === 'pairs') return list;
    return {
      differences: query.pairs.filter((p) => p.layer !== 2).map((p) => difference(p.layer)),
      failed: query.pairs
        .filter((p) => p.layer === 2)
        .map(({ layer: l }) => ({ layer: l, why: 'torn' })),
    };
  }) as Ask;
}

test('differences are read when they are wanted, those on the screen first, each once', async () => {
  const layers = [
    layer(0, 'a', { parameters: 2 ** 21 }),
    layer(1, 'b'),
    layer(2, 'c'),
    layer(3, 'd', { hidden: 'no numbers' }),
    layer(4, 'e'),
  ];
  const asked: string[] = [];
  const why = ['', '', '', 'no numbers', 'shape'] as const;
  const list: PairList = {
    pairs: why.map((w, i) => ({ layer: i, other: i, why: w })),
    ...{ onlyHere: [], onlyThere: [] },
  };
  const own = overview(layers);
  await new Promise<void>((done) => {
    const peer = new Peer('o.onnx', own, own, answering(asked, list), () => {
      if (asked.length === 1) {
        assert.equal(peer.total, 3);
        assert.equal(peer.partner(1)?.name, 'b');
        assert.deepEqual(
          [peer.partner(3), peer.partner(4), peer.partner(9)],
          [undefined, undefined, undefined],
        );
        peer.want([peer.pairs[4]!, peer.pairs[2]!]);
        peer.want([peer.pairs[1]!]);
      } else if (peer.complete) {
        assert.equal(peer.failed.get(2), 'torn');
        assert.deepEqual([...peer.differences.keys()].sort(), [0, 1]);
        done();
      }
    });
    void peer.start();
  });
  assert.deepEqual(asked, ['pairs both', ...[2, 1, 0].map((l) => `difference both ${l}`)]);
});

test('a stopped comparison asks nothing more, and one that cannot be made says why', async () => {
  const asked: string[] = [];
  const own = overview([layer(0, 'a')]);
  const list: PairList = { pairs: [{ layer: 0, other: 0, why: '' }], onlyHere: [], onlyThere: [] };
  const stopped = new Peer('o', own, own, answering(asked, list), () => assert.fail('told'));
  stopped.stop();
  await stopped.start();
  assert.deepEqual(asked, []);
  const failing = new Peer(
    'o',
    own,
    own,
    (async () => {
      throw new Error('gone');
    }) as Ask,
    () => {},
  );
  await failing.start();
  assert.equal(failing.trouble, 'gone');
});

test('both histograms are asked for over the outer edges of both', async () => {
  const [narrow, wide] = [
    linearOf(gaussians(100, 0), 8, -1, 1),
    linearOf(gaussians(100, 0), 8, -2, 0.5),
  ];
  const ranges: unknown[] = [];
  const ask = (async (_: string, query: { range?: unknown }, __: unknown, about?: string) => {
    ranges.push(query.range);
    return about === 'other' ? wide : narrow;
  }) as Ask;
  const there = { layer: layer(5, 'x'), name: 'o' };
  const all = await histogramsOf(layer(0, 'x'), there, 'linear', ask, new AbortController().signal);
  assert.deepEqual(ranges, [undefined, undefined, [-2, 1], [-2, 1]]);
  assert.equal(all.length, 2);
  const table = histogramTable(all, ['this', 'o'], english);
  assert.deepEqual(table.columns, ['From', 'To', 'Count: this', 'Count: o']);
  assert.equal(table.rows.length, 8);
  const none = logOf(new Float32Array(4), 8);
  assert.equal(commonRange([none, none]), undefined);
  const some = logOf(gaussians(50, 0), 8);
  const [low, high] = commonRange([none, some]) ?? assert.fail();
  assert.deepEqual([low, high], [some.edges[0], some.edges.at(-1)]);
});

const before = {
  values: Float64Array.of(0, -0.3, -0.1, 0.12, 0.4),
  counts: Float64Array.of(900, 40, 160, 170, 30),
};
const after = {
  values: Float64Array.of(0, -0.27, -0.12, 0.1, 0.43),
  counts: Float64Array.of(900, 38, 162, 172, 28),
};
const text = {
  ...{ summary: 'Values moved', before: 'before: a.dcz', after: 'after: this model' },
  title: (side: string, code: number) => `${side} ${code}`,
};

test('how shared values moved is drawn as it was', () => {
  const picture = centroidShift(before, after, true, 480, text);
  assertSound(picture);
  assertGolden('centroid-shift.svg', picture);
});

test('values are joined code by code, at their places on one axis, or not at all', () => {
  const drawn = toText(centroidShift(before, after, true, 480, text));
  const lines = [...drawn.matchAll(/d="M([\d.]+),30L([\d.]+),126" class="shift"/g)];
  const at = (v: number): number => 16 + ((v + 0.3) / 0.73) * (480 - 32);
  assert.equal(lines.length, 5);
  lines.forEach(([, from, to], code) => {
    assert.ok(Math.abs(Number(from) - at(before.values[code])) < 0.01);
    assert.ok(Math.abs(Number(to) - at(after.values[code])) < 0.01);
  });
  const apart = toText(
    centroidShift(
      before,
      { values: Float64Array.of(1), counts: Float64Array.of(5) },
      false,
      480,
      text,
    ),
  );
  assert.doesNotMatch(apart, /class="shift"/);
  for (const values of [[3], [], [NaN, Infinity, 1]])
    assertSound(
      centroidShift(
        { values: Float64Array.from(values), counts: new Float64Array(values.length).fill(1) },
        { values: new Float64Array(0), counts: new Float64Array(0) },
        false,
        300,
        text,
      ),
    );
});

test('a page names only models by address, and questions about one or both', () => {
  const ask = { type: 'ask', id: 1, name: 'difference', query: { pairs: [] } };
  assert.ok(isFromInspector({ ...ask, about: 'both' }));
  assert.ok(isFromInspector(ask));
  assert.ok(!isFromInspector({ ...ask, about: 'all' }));
  assert.ok(isFromInspector({ type: 'compareWith', uri: 'file:///a.onnx' }));
  assert.ok(!isFromInspector({ type: 'compareWith', uri: 7 }));
  assert.ok(!isFromInspector({ type: 'compareWith', uri: 'x'.repeat(5000) }));
  assert.ok(isFromInspector({ type: 'chooseOther' }));
  const kept = restored({
    other: 'file:///a.onnx',
    changes: { sort: 'rmse', direction: 1 },
    whole: 'compare',
  });
  assert.deepEqual([kept.other, kept.whole], ['file:///a.onnx', 'compare']);
  assert.deepEqual(kept.changes, { sort: 'rmse', direction: 1 });
  assert.deepEqual(restored({ changes: { sort: 'evil' } }).changes, {
    sort: 'relative',
    direction: -1,
  });
});
