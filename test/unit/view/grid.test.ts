/** Layers on a grid: levels, steps, errors and streams against the coded tensor and the restored payload. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { BlockDecoder } from '../../../src/compress/code/decode-block.ts';
import { largestOf } from '../../../src/compress/share/grid.ts';
import { scaleOf } from '../../../src/compress/share/scales.ts';
import { netronAttachment } from '../../../src/view/exports.ts';
import {
  asking,
  compressedView,
  gridRecipe,
  modelOf,
  services,
  sparseValues,
  viewOf,
} from './support.ts';
import { restoreBlock } from '../compress/decode-once.ts';

const [rows, cols] = [120, 90];

/** Channels of very different scale; what is restored is worked out without the view. */
async function gridLayer(coder: 'huffman' | 'arithmetic', bits = 5) {
  const values = sparseValues(rows * cols, 0, 21).map(
    (v, i) => v * 2 ** (Math.floor(i / cols) % 7),
  );
  const model = modelOf([{ shape: [rows, cols], values }]);
  const shared = services();
  const { view, plan } = await compressedView(model, gridRecipe(bits, coder), shared);
  const { coded, stats } = plan.tensors[0];
  const codes = new Uint16Array(rows * cols);
  new BlockDecoder(coded).decode(0, coded.blocks[0], codes);
  const restored = new Float32Array(rows * cols);
  restoreBlock(coded, codes, new Uint8Array(restored.buffer), 0);
  const levels = Array.from(codes, (c) => coded.codebook[c]);
  return { view, original: viewOf(model, shared), coded, stats, values, levels, restored };
}

test('the levels and channels of a grid are those of the decoded weights', async () => {
  const { view, original, coded, stats, values, levels, restored } = await gridLayer('arithmetic');
  const g = await view.grid(0, { model: original, layer: 0 }, asking);
  assert.deepEqual(
    [g.weights, g.rows, g.weightsOfChannel, g.columnScales],
    [rows * cols, rows, cols, null],
  );
  assert.equal(g.largest, Math.max(...levels.map(Math.abs)));
  assert.equal(g.counts.length, 2 * g.largest + 1);
  g.counts.forEach((n, i) => assert.equal(n, levels.filter((l) => l === i - g.largest).length));
  assert.equal(g.distinct, new Set(levels).size);
  const h = [...g.counts].reduce(
    (s, n) => (n > 0 ? s - (n / g.weights) * Math.log2(n / g.weights) : s),
    0,
  );
  assert.ok(Math.abs(g.entropy - h) < 1e-9);
  const { entropy } = await view.measure({ layer: 0 }, asking);
  assert.equal(entropy.of, 'levels');
  assert.ok(Math.abs(entropy.bits - h) < 1e-9);
  assert.ok(Math.abs(entropy.bound - h - 32 / cols) < 1e-9, 'a scale a row');
  assert.ok(g.errors);
  for (let r = 0; r < rows; r++) {
    const own = levels.slice(r * cols, (r + 1) * cols);
    assert.equal(g.steps[r], scaleOf(coded.grid?.scales[r] ?? NaN));
    assert.equal(g.zeros[r], own.filter((l) => l === 0).length);
    assert.equal(g.reach[r], Math.max(...own.map(Math.abs)));
    let squared = 0;
    for (let i = r * cols; i < (r + 1) * cols; i++) squared += (restored[i] - values[i]) ** 2;
    assert.ok(Math.abs(g.errors.squared[r] - squared) <= 1e-9 * squared);
  }
  assert.ok(Math.abs(g.errors.rmse - stats.rmse) <= 1e-9 * stats.rmse, 'as recorded');
  assert.equal(g.rmse, stats.rmse);
});

test('the heatmap of a grid shows the restored weights', async () => {
  const { view, restored } = await gridLayer('arithmetic');
  const place = { level: 0, x: 0, y: 0, size: 128 };
  const { values } = await view.tile({ layer: 0 }, 'matrix', place, ['values'], asking);
  assert.deepEqual(values, restored);
});

for (const coder of ['huffman', 'arithmetic'] as const)
  test(`the stream of a grid shows level and restored weight of each entry, ${coder}`, async () => {
    const { view, levels, restored } = await gridLayer(coder);
    const s = await view.stream(0, { position: 400 }, 300, asking);
    assert.ok(s.level);
    for (let i = 0; i < s.count; i++) {
      const at = s.position[i];
      if (s.filler[i] === 1) continue;
      assert.equal(s.level[i], levels[at]);
      assert.equal(s.weight[i], restored[at]);
    }
  });

test('what the arithmetic coder spends adds up to what the layer takes', async () => {
  for (const bits of [2, 5, 10]) {
    const { view, coded, levels } = await gridLayer('arithmetic', bits);
    const s = await view.spending(0, asking);
    assert.deepEqual(
      [s.weights, s.of, s.bytes],
      [rows * cols, rows * cols, coded.blocks[0].values.length],
    );
    const lengths = levels.map((l) => Math.abs(l).toString(2).replace(/^0$/, '').length);
    s.counts.forEach((n, length) => assert.equal(n, lengths.filter((l) => l === length).length));
    assert.equal(s.counts.length, largestOf(coded.codebook).toString(2).length + 1);
    const sum = (a: Float64Array): number => a.reduce((x, y) => x + y, 0);
    const total = sum(s.zero) + sum(s.sign) + sum(s.magnitude);
    assert.ok(
      Math.abs(total / 8 - s.bytes) < 4 + 1e-3 * s.bytes,
      `${total / 8} of ${s.bytes} bytes`,
    );
    assert.deepEqual([s.sign[0], s.magnitude[0]], [0, 0], 'a zero has neither sign nor size');
  }
});

test('a grid is told from shared values in the overview, in exports and in what can be asked', async () => {
  const { view, coded } = await gridLayer('arithmetic');
  const overview = view.overview();
  const { codebookSize, grid } = overview.layers[0].coded ?? assert.fail();
  const levels = coded.codebook.length;
  assert.deepEqual([codebookSize, grid], [0, { levels, channels: rows, columns: 0 }]);
  const names = netronAttachment(overview, []).metrics.map(({ name, value }) => [name, value]);
  assert.ok(!names.some(([name]) => name === 'codebook size'));
  assert.deepEqual(
    names.find(([name]) => name === 'levels'),
    ['levels', levels],
  );
  await assert.rejects(
    view.codebook(0, undefined, asking),
    /w0 has no codebook: its weights are levels of a grid$/,
  );
  await assert.rejects(view.huffman(0, 'values', asking), /no Huffman code$/);
  const { view: other } = await gridLayer('huffman');
  const { stored, values } = await other.huffman(0, 'values', asking);
  assert.ok(stored && values.every(Number.isInteger), 'a Huffman-coded grid has a tree of levels');
  await assert.rejects(
    other.spending(0, asking),
    /^DeepCompressionError: cannot show what w0 spends$/,
  );
  await assert.rejects(
    viewOf(modelOf([{ shape: [2, 2], values: [1, 2, 3, 4] }])).grid(0, undefined, asking),
    /not compressed/,
  );
});
