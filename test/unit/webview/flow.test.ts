/** The drawing of the data flow: golden picture, no overlaps, every edge led, large models in part. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  flowGraph,
  flowHeight,
  placeFlow,
  type FlowItem,
} from '../../../webview/charts/flow-graph.ts';
import {
  inversions,
  layoutFlow,
  spread,
  type FlowBox,
  type FlowLayout,
} from '../../../webview/charts/flow-layout.ts';
import { toText } from '../../../webview/charts/svg.ts';
import { Links } from '../../../webview/inspector/flow-links.ts';
import { assertGolden, assertSound } from './view-samples.ts';

const item = (
  kind: FlowItem['kind'],
  rank: number,
  name: string,
  level: number | null = null,
): FlowItem => ({
  ...{ kind, rank, name, op: kind === 'join' ? name : kind === 'layers' ? 'Conv' : '', level },
  text: level === null ? '' : `${Math.round(level * 100)} %`,
  title: `${kind} ${name}`,
});
/** A gate and a skip over it: x > a > (b > *, a > *) > +, a > + > y. */
const items = [
  item('input', 0, 'x'),
  item('layers', 1, 'a.weight', 0.1),
  item('layers', 2, 'encoder.layers.0.attention.output.weight', 0.9),
  item('join', 3, 'Mul'),
  item('join', 4, 'Add'),
  item('output', 5, 'y'),
];
const edges = Int32Array.of(0, 1, 1, 2, 1, 3, 2, 3, 1, 4, 3, 4, 4, 5);

test('a small data flow is drawn as it was', () => {
  const layout = placeFlow(items, edges);
  const picture = flowGraph(items, layout, { width: 420, summary: 'Data flow' });
  assertSound(picture);
  assertGolden('flow-graph.svg', picture);
});

/** Boxes with edges that lead down only, as the view gives them. */
const graphs = fc
  .record({
    nodes: fc.integer({ min: 1, max: 40 }),
    seeds: fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { maxLength: 90 }),
  })
  .map(({ nodes, seeds }) => {
    const pairs = new Set<string>();
    for (const [a, b] of seeds) {
      const [from, to] = [a % nodes, b % nodes];
      if (from !== to) pairs.add(`${Math.min(from, to)} ${Math.max(from, to)}`);
    }
    const list = [...pairs].map((p) => p.split(' ').map(Number));
    list.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
    const rank = new Array<number>(nodes).fill(0);
    for (const [from, to] of list) rank[to] = Math.max(rank[to], rank[from] + 1);
    const boxes = rank.map((r, i): FlowBox => ({
      ...{ rank: r, width: 40 + ((i * 37) % 160), height: i % 3 === 0 ? 22 : 46 },
    }));
    return { boxes, edges: Int32Array.from(list.flat()) };
  });

test('boxes of a row never meet, and every edge is led from its box to its end', () => {
  fc.assert(
    fc.property(graphs, ({ boxes, edges }) => {
      const layout = layoutFlow(boxes, edges);
      assert.deepEqual(layout.cut, []);
      assert.deepEqual(
        [...layout.rows.flat()].sort((a, b) => a - b),
        boxes.map((_, i) => i),
      );
      layout.rows.forEach((row, r) =>
        row.forEach((at, i) => {
          assert.equal(boxes[at].rank, r);
          const [left, right] = [
            layout.x[at] - boxes[at].width / 2,
            layout.x[at] + boxes[at].width / 2,
          ];
          assert.ok(left > -1e-6 && right < layout.width + 1e-6);
          const before = row[i - 1];
          if (before !== undefined)
            assert.ok(left - (layout.x[before] + boxes[before].width / 2) > 23.999);
        }),
      );
      for (let i = 0; i < edges.length; i += 2)
        assert.ok(isLed(layout, boxes, edges[i], edges[i + 1]), `${edges[i]} to ${edges[i + 1]}`);
    }),
    { numRuns: 150 },
  );
});

/** Walks the segments of a node from row to row until they end at another. */
function isLed(layout: FlowLayout, boxes: readonly FlowBox[], from: number, to: number): boolean {
  let at = layout.x[from];
  for (let rank = boxes[from].rank; rank < boxes[to].rank; rank++) {
    const own = layout.segments.filter(
      (s) => s.from === from && s.rank === rank && Math.abs(s.x1 - at) < 1e-6,
    );
    const last = rank === boxes[to].rank - 1;
    const next = own.find((s) => (last ? s.to === to : s.to < 0));
    if (next === undefined) return false;
    if (last) return Math.abs(next.x2 - layout.x[to]) < 1e-6;
    at = next.x2;
  }
  return false;
}

test('places are the nearest that keep their distance', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 20 })), {
        minLength: 1,
        maxLength: 8,
      }),
      (list) => {
        const wanted = list.map(([w]) => w);
        const gaps = list.map(([, g], i) => (i === 0 ? 0 : g));
        const weights = list.map((_, i) => 1 + (i % 3));
        const cost = (places: readonly number[]): number =>
          places.reduce((sum, p, i) => sum + weights[i] * (p - wanted[i]) ** 2, 0);
        const keeps = (places: readonly number[]): boolean =>
          places.every((p, i) => i === 0 || p - places[i - 1] >= gaps[i] - 1e-9);
        const places = spread(wanted, gaps, weights);
        assert.ok(keeps(places));
        // the problem is convex: no small move of any run of places may be better
        for (let i = 0; i < places.length; i++)
          for (let j = i; j < places.length; j++)
            for (const by of [-1e-3, 1e-3]) {
              const moved = places.map((p, k) => (k >= i && k <= j ? p + by : p));
              if (keeps(moved)) assert.ok(cost(moved) >= cost(places) - 1e-9);
            }
      },
    ),
  );
});

test('crossings are counted as pairs in the wrong order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 30 }), (list) => {
      let slow = 0;
      list.forEach((a, i) => list.slice(i + 1).forEach((b) => (slow += a > b ? 1 : 0)));
      const sorted = [...list];
      assert.equal(inversions(sorted), slow);
      assert.deepEqual(
        sorted,
        [...list].sort((a, b) => a - b),
      );
    }),
  );
});

test('of ten thousand layers the rows near the screen are drawn', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => item('layers', i, `layer ${i}`, 0.5));
  const chain = Int32Array.from({ length: 2 * 9_999 }, (_, i) => (i + 1) >> 1);
  const layout = placeFlow(many, chain);
  const height = flowHeight(layout);
  const view = { top: height / 2, bottom: height / 2 + 800 };
  const picture = flowGraph(many, layout, { width: 800, summary: 'Large', view });
  assertSound(picture);
  const drawn = [...toText(picture).matchAll(/data-node="(\d+)"/g)].map((m) => Number(m[1]));
  assert.ok(drawn.length >= 10 && drawn.length <= 16, `${drawn.length} drawn`);
  assert.equal(drawn[0], 5000 - 1);
  assert.equal(picture.attributes['height'], height);
});

test('edges beyond what can be led are cut, and marked at both ends', () => {
  // a star into the last of 300 rows: 299 lines through all rows below them
  const rows = 300;
  const boxes = Array.from({ length: rows }, (_, i) => item('layers', i, `l${i}`, 0.5));
  const star: number[] = [];
  for (let i = 0; i < rows - 1; i++) star.push(i, i + 1);
  for (let i = 0; i < rows - 2; i++) star.push(i, rows - 1);
  const layout = placeFlow(boxes, Int32Array.from(star));
  assert.ok(layout.cut.length > 0);
  const led = new Set(layout.segments.filter((s) => s.to === rows - 1).map((s) => s.from));
  assert.equal(led.size + layout.cut.length / 2, rows - 1);
  const text = toText(flowGraph(boxes, layout, { width: 500, summary: 'Star' }));
  assert.equal([...text.matchAll(/flow-cut/g)].length, layout.cut.length / 2 + 1);
});

test('names with markup and control characters are shown safely, and nothing is a flow too', () => {
  const name = '<b>"&\u0000\u202E</b>';
  const odd = [item('input', 0, name), item('layers', 1, name.repeat(30), 0)];
  const text = toText(
    flowGraph(odd, placeFlow(odd, Int32Array.of(0, 1)), { width: 300, summary: name }),
  );
  assert.doesNotMatch(text, /<b>|[\u0000\u202E]/);
  const empty = placeFlow([], new Int32Array(0));
  assertSound(flowGraph([], empty, { width: 300, summary: '' }));
});

test('neighbours of a node are those of its edges', () => {
  const links = new Links({ edges });
  assert.deepEqual(links.before(4), [1, 3]);
  assert.deepEqual(links.after(1), [2, 3, 4]);
  assert.deepEqual([links.before(0), links.after(5), links.after(99)], [[], [], []]);
});
