/** Histograms, codebooks, trees, streams, treemaps and sparklines: golden pictures and their geometry. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { codebookChart } from '../../../webview/charts/codebook.ts';
import { histogramChart, niceTicks } from '../../../webview/charts/histogram.ts';
import {
  bitsOfWord,
  foldedToFit,
  huffmanTree,
  layoutTree,
  leavesBelow,
  pathToLeaf,
} from '../../../webview/charts/huffman-tree.ts';
import { legible } from '../../../webview/ui/legible.ts';
import { sparkline } from '../../../webview/charts/sparkline.ts';
import { streamChart } from '../../../webview/charts/stream.ts';
import {
  heatDefs,
  heatStep,
  squarify,
  treemap,
  type TreemapItem,
} from '../../../webview/charts/treemap.ts';
import { toText, type SvgNode } from '../../../webview/charts/svg.ts';
import {
  assertGolden,
  assertSound,
  book,
  codeOf,
  gaussians,
  linearOf,
  logOf,
  stream,
} from './view-samples.ts';

const original = gaussians(20_000, 0);
const pruned = original.map((v) => (Math.abs(v) < 0.1 ? 0 : Math.round(v * 20) / 20));
const size = {
  width: 520,
  height: 220,
  logCounts: false,
  summary: 'Weights',
  zeros: 'zeros: 13.6K',
};

test('a histogram of original and compressed weights is drawn as it was', () => {
  const series = [
    { name: 'compressed', histogram: linearOf(pruned, 40) },
    { name: 'original', histogram: linearOf(original, 40) },
  ];
  for (const [name, logCounts] of [
    ['histogram.svg', false],
    ['histogram-log.svg', true],
  ] as const) {
    const picture = histogramChart(series, { ...size, logCounts });
    assertSound(picture);
    assertGolden(name, picture);
  }
});

test('a histogram of magnitudes is drawn as it was', () => {
  const picture = histogramChart([{ name: 'magnitudes', histogram: logOf(original, 30) }], {
    ...size,
    zeros: '',
  });
  assertSound(picture);
  assertGolden('histogram-magnitudes.svg', picture);
});

test('bars are as high as their counts and side by side', () => {
  const h = linearOf(original, 8);
  const text = toText(histogramChart([{ name: 'o', histogram: h }], { ...size, zeros: '' }));
  const d = /<path d="([^"]*)" class="bars-0"/.exec(text)?.[1] ?? assert.fail();
  const bars = [...d.matchAll(/M([\d.]+),([\d.]+)V([\d.]+)H([\d.]+)V/g)].map((m) =>
    m.slice(1).map(Number),
  );
  const drawn = Array.from(h.counts).filter((c) => c > 0);
  assert.equal(bars.length, drawn.length);
  const perWeight = (bars[3][1] - bars[3][2]) / drawn[3];
  bars.forEach(([, bottom, top], i) => {
    if (drawn[i] * perWeight > 1) assert.ok(Math.abs(bottom - top - drawn[i] * perWeight) < 0.02);
  });
  for (let i = 1; i < bars.length; i++) assert.ok(Math.abs(bars[i][0] - bars[i - 1][3]) < 0.02);
});

test('hostile histograms draw something and no NaN', () => {
  const zeros = new Float32Array(10);
  for (const values of [zeros, zeros.fill(NaN, 0, 5), Float32Array.of(3), new Float32Array(0)])
    for (const histogram of [
      linearOf(values, 4),
      logOf(values, 4),
      linearOf(values, 1, -1.7e308, 1.7e308),
    ])
      for (const logCounts of [true, false])
        assertSound(
          histogramChart([{ name: 'x', histogram }], { ...size, logCounts, zeros: 'zeros' }),
        );
  assertSound(histogramChart([], size));
});

test('ticks are round, inside, and few', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e3, max: 1e3, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
      (low, span) => {
        const ticks = niceTicks(low, low + span, 5);
        assert.ok(ticks.length <= 7);
        for (const t of ticks) assert.ok(t >= low - span * 1e-6 && t <= low + span * (1 + 1e-6));
      },
    ),
  );
  assert.deepEqual(niceTicks(-0.4, 0.4, 4), [-0.4, -0.2, 0, 0.2, 0.4]);
  assert.deepEqual(niceTicks(5, 5, 4), [5]);
});

const bookText = {
  summary: 'Codebook',
  lengths: 'bits',
  errors: 'error',
  title: (code: number) => `code ${code}`,
};

test('a codebook is drawn as it was, with and without errors', () => {
  const histogram = linearOf(original, 40);
  const options = { width: 520, height: 280, selected: 3 };
  const picture = codebookChart(book, histogram, options, bookText);
  assertSound(picture);
  assertGolden('codebook.svg', picture);
  const plain = codebookChart({ ...book, errors: null }, histogram, options, bookText);
  assertSound(plain);
  assert.doesNotMatch(toText(plain), /error/);
});

test('every shared value in use has a stem at its place, in the order of the axis', () => {
  const picture = codebookChart(
    book,
    linearOf(original, 4, -0.4, 0.4),
    { width: 572, height: 280, selected: -1 },
    bookText,
  );
  const beads = [...toText(picture).matchAll(/data-code="(\d+)"[\s\S]*?cx="([\d.]+)"/g)];
  assert.deepEqual(
    beads.map((m) => Number(m[1])),
    [1, 2, 0, 3, 4],
  );
  for (const [, code, x] of beads) {
    const expected = 52 + ((book.values[Number(code)] + 0.4) / 0.8) * (572 - 12 - 52);
    assert.ok(Math.abs(Number(x) - expected) < 0.01);
  }
});

const treeText = {
  summary: 'Code tree',
  leaf: (leaf: number) => `symbol ${leaf}`,
  folded: (leaves: number) => `${leaves} symbols`,
  title: (at: number) => `node ${at}`,
};

test('a tree is drawn as it was: open, folded and with the walk of a symbol', () => {
  const code = codeOf([900, 300, 200, 150, 60, 40, 10, 2]);
  const open = huffmanTree(code, { folded: new Set(), walk: 4 }, treeText);
  const folded = huffmanTree(code, { folded: foldedToFit(code.tree, 4), walk: 0 }, treeText);
  assertSound(open);
  assertGolden('huffman-tree.svg', open);
  assertGolden('huffman-tree-folded.svg', folded);
});

test('trees of 1 to 257 leaves: a row a leaf, parents in the middle, nothing meets', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1e5 }), { minLength: 1, maxLength: 257 }),
      fc.integer({ min: 1, max: 300 }),
      (counts, most) => {
        const { tree, words, lengths } = codeOf(counts);
        for (const folded of [new Set<number>(), foldedToFit(tree, most)]) {
          const { nodes, rows } = layoutTree(tree, folded);
          const places = new Map(nodes.map((n) => [n.node, n]));
          const ends = nodes.filter((n) => n.kind !== 'inner').map((n) => n.row);
          assert.deepEqual(
            [...ends].sort((a, b) => a - b),
            Array.from({ length: rows }, (_, i) => i),
          );
          for (const n of nodes) {
            assert.equal(n.depth, tree.depth[n.node]);
            if (n.kind !== 'inner') continue;
            const [a, b] = [tree.left[n.node], tree.right[n.node]].map((c) => places.get(c));
            assert.ok(a && b && a.row < b.row);
            assert.equal(n.row, (a.row + b.row) / 2);
          }
          const hidden = nodes
            .filter((n) => n.kind === 'folded')
            .reduce((sum, n) => sum + leavesBelow(tree, n.node) - 1, 0);
          assert.equal(rows + hidden, counts.length, 'every leaf is shown or folded');
        }
        assert.ok(layoutTree(tree, foldedToFit(tree, most)).rows <= Math.max(most, 1));
        // the walk of every symbol reads its word
        words.forEach((word, leaf) => {
          const path = pathToLeaf(tree, leaf);
          let bits = '';
          for (let i = 1; i < path.length; i++)
            bits += tree.left[path[i - 1]] === path[i] ? '0' : '1';
          assert.equal(bits, counts.length === 1 ? '' : bitsOfWord(word, lengths[leaf]));
        });
      },
    ),
    { numRuns: 40 },
  );
});

test('nothing and one symbol are trees too', () => {
  for (const counts of [[], [5]]) {
    const picture = huffmanTree(
      codeOf(counts),
      { folded: foldedToFit(codeOf(counts).tree, 10), walk: 0 },
      treeText,
    );
    assertSound(picture);
  }
});

const streamText = {
  summary: 'Stream',
  lines: ['value bits', 'code', 'gap bits', 'zeros before', 'position', 'weight'],
  title: (i: number) => `step ${i}`,
} as const;

test('a stream with a filler zero is drawn as it was', () => {
  const picture = streamChart(stream, { width: 420, selected: 2 }, streamText);
  assertSound(picture);
  assertGolden('stream.svg', picture);
});

test('a dense and an arithmetic stream leave out what was not sent', () => {
  const dense = toText(
    streamChart({ ...stream, indexBits: 0 }, { width: 600, selected: -1 }, streamText),
  );
  assert.doesNotMatch(dense, /gap bits|zeros before/);
  const coded = toText(
    streamChart({ ...stream, coder: 'arithmetic' }, { width: 600, selected: -1 }, streamText),
  );
  assert.doesNotMatch(coded, /bits/);
  assertSound(streamChart({ ...stream, count: 0 }, { width: 100, selected: -1 }, streamText));
});

test('cards keep inside the width however narrow it is, each on a line of its own at worst', () => {
  for (const width of [900, 300, 160, 10]) {
    const picture = streamChart(stream, { width, selected: -1 }, streamText);
    const boxes = [
      ...toText(picture).matchAll(
        /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="[\d.]+" rx="3"/g,
      ),
    ];
    assert.equal(boxes.length, stream.count);
    const seen = boxes.map((m) => m.slice(1).map(Number));
    for (let i = 1; i < seen.length; i++)
      assert.ok(seen[i][1] > seen[i - 1][1] || seen[i][0] >= seen[i - 1][0] + seen[i - 1][2]);
    if (width >= 300) for (const [x, , w] of seen) assert.ok(x + w <= width);
  }
});

const item = (key: string, bytes: number, level: number | null): TreemapItem => ({
  ...{ key, bytes, level, label: `layer ${key}` },
  text: level === null ? '' : `${Math.round(level * 100)} %`,
  title: `layer ${key}: ${bytes} bytes`,
});
const mapOptions = {
  ...{ width: 600, height: 300, summary: 'Where the bytes are' },
  others: (count: number) => ({ label: `${count} others`, title: `${count} others` }),
};

test('a treemap is drawn as it was', () => {
  const items = [
    item('a', 4000, 0.9),
    item('b', 2500, 0.5),
    item('c', 900, 0.1),
    item('d', 500, null),
    item('e', 90, 1),
  ];
  const picture = treemap(items, mapOptions);
  assertSound(picture);
  assertGolden('treemap.svg', picture);
  assertGolden('heat-patterns.svg', heatDefs());
});

test('areas are bytes, nothing overlaps and everything is covered', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 60 }),
      (list) => {
        const sizes = [...list].sort((a, b) => b - a);
        const rects = squarify(sizes, { x: 10, y: 20, width: 640, height: 400 });
        const total = sizes.reduce((a, b) => a + b, 0);
        rects.forEach((r, i) => {
          assert.ok(Math.abs(r.width * r.height - (640 * 400 * sizes[i]) / total) < 1e-3);
          assert.ok(r.x >= 10 - 1e-6 && r.x + r.width <= 650 + 1e-6);
          assert.ok(r.y >= 20 - 1e-6 && r.y + r.height <= 420 + 1e-6);
          for (const o of rects.slice(0, i)) {
            const wide = Math.min(r.x + r.width, o.x + o.width) - Math.max(r.x, o.x);
            const high = Math.min(r.y + r.height, o.y + o.height) - Math.max(r.y, o.y);
            assert.ok(wide <= 1e-6 || high <= 1e-6);
          }
        });
      },
    ),
    { numRuns: 50 },
  );
  assert.deepEqual(
    squarify([0, -1], { x: 0, y: 0, width: 5, height: 5 }).map((r) => r.width),
    [0, 0],
  );
});

test('ten thousand layers become a few hundred rectangles, and none is lost from the sum', () => {
  const items = Array.from({ length: 10_000 }, (_, i) =>
    item(String(i), i < 3 ? 1e6 : 10, i / 10_000),
  );
  const picture = treemap(items, mapOptions);
  const cells = picture.children.filter((c): c is SvgNode => typeof c !== 'string');
  assert.ok(cells.length <= 501);
  assert.match(toText(picture), /9997 others/);
  assertSound(treemap([], mapOptions));
  assertSound(treemap([item('a', 0, 1)], mapOptions));
});

test('steps of a metric differ in pattern, not in colour alone', () => {
  assert.deepEqual([0, 0.19, 0.2, 0.99, 1].map(heatStep), [0, 0, 1, 4, 4]);
  const shapes = heatDefs().children.map((p) => JSON.stringify((p as SvgNode).children.slice(1)));
  assert.equal(new Set(shapes.slice(0, 5)).size, 5);
});

test('names with markup, control characters and turned text are shown safely', () => {
  const name = '<script>"&\u0000\n\u202Eevil\ud800';
  const text = toText(treemap([{ ...item('x', 10, 0), label: name, title: name }], mapOptions));
  assert.doesNotMatch(text, /<script>/);
  assert.doesNotMatch(text, /[\u0000\u202E]/);
  assert.equal(legible('a\nb\u2066c'), 'a·b·c');
  assert.equal([...legible('x'.repeat(1000), 10)].length, 10);
  assert.equal(legible('größe 层 😀'), 'größe 层 😀');
});

test('a sparkline is drawn as it was, and empty ones too', () => {
  const picture = sparkline(linearOf(original, 24), { width: 72, height: 16 });
  assertSound(picture);
  assertGolden('sparkline.svg', picture);
  assertSound(sparkline(linearOf(new Float32Array(0), 4), { width: 72, height: 16 }));
});
