/** Codebooks, code trees and streams against decoding bit by bit. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { codeLengths } from '../../../src/compress/code/code-lengths.ts';
import { blockWeights, type CodedTensor } from '../../../src/compress/coded.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { canonicalTable, treeOf } from '../../../src/view/huffman.ts';
import type { HuffmanView } from '../../../src/view/types.ts';
import { ViewModel } from '../../../src/view/view-model.ts';
import {
  asking,
  compressedView,
  modelOf,
  recipeOf,
  services,
  sparseValues,
  viewOf,
} from './support.ts';

const bitOf = (bytes: Uint8Array, at: number): number => (bytes[at >> 3] >> (at & 7)) & 1;

/** One symbol at bit `at`, by the words of the table alone. */
function readSymbol(
  view: HuffmanView,
  bytes: Uint8Array,
  at: number,
): { symbol: number; length: number } {
  let word = 0;
  for (let length = 1; length <= 16; length++) {
    word = (word << 1) | bitOf(bytes, at + length - 1);
    for (let i = 0; i < view.symbols.length; i++)
      if (view.lengths[i] === length && view.words[i] === word)
        return { symbol: view.symbols[i], length };
  }
  return assert.fail('no such word');
}

async function layerOf(
  coder: 'huffman' | 'arithmetic',
  indexBits: number | 'auto',
  sparsity = 0.5,
) {
  const values = sparseValues(130 * 100, sparsity, 21);
  const model = modelOf([{ shape: [130, 100], values }]);
  const { view, plan } = await compressedView(model, recipeOf(coder, indexBits));
  return { view, coded: plan.tensors[0].coded, stats: plan.tensors[0].stats, values };
}

for (const indexBits of [2, 4, 0] as const)
  test(`the code tables decode the stream bit by bit, index of ${indexBits} bits`, async () => {
    const { view, coded } = await layerOf(
      'huffman',
      indexBits === 0 ? 'auto' : indexBits,
      indexBits === 0 ? 0 : 0.9,
    );
    assert.equal(coded.indexBits > 0, indexBits > 0);
    const table = await view.huffman(0, 'values', asking);
    const gaps = coded.indexBits > 0 ? await view.huffman(0, 'gaps', asking) : undefined;
    const [block] = coded.blocks;
    const steps = await view.stream(0, { entry: 0 }, 4096, asking);
    let valueBit = 0;
    let gapBit = 0;
    let position = -1;
    for (let e = 0; e < steps.count; e++) {
      const value = readSymbol(table, block.values, valueBit);
      assert.deepEqual(
        [steps.symbol[e], steps.valueBit[e], steps.valueLength[e]],
        [value.symbol, valueBit, value.length],
      );
      valueBit += value.length;
      if (gaps) {
        const gap = readSymbol(gaps, block.gaps, gapBit);
        assert.deepEqual(
          [steps.gap[e], steps.gapBit[e], steps.gapLength[e]],
          [gap.symbol, gapBit, gap.length],
        );
        gapBit += gap.length;
        position += gap.symbol;
      }
      position++;
      assert.equal(steps.position[e], position);
      assert.equal(steps.row[e] * 100 + steps.col[e], position);
      assert.equal(steps.weight[e], coded.codebook[value.symbol]);
      assert.equal(steps.filler[e], gaps && value.symbol === 0 ? 1 : 0);
    }
  });

test('fillers are in the stream where runs are long, and their number is that of the codebook view', async () => {
  const { view, coded } = await layerOf('huffman', 2, 0.9);
  const first = await view.stream(0, { entry: 0 }, 4096, asking);
  assert.equal(first.total, coded.blocks[0].entries);
  let fillers = 0;
  for (let e = 0; e < first.total; e += 4096) {
    const part = await view.stream(0, { entry: e }, 4096, asking);
    assert.equal(part.first, e);
    fillers += part.filler.reduce((a, b) => a + b, 0);
  }
  assert.ok(fillers > 0);
  const book = await view.codebook(0, undefined, asking);
  assert.equal(book.fillers, fillers);
  const table = await view.huffman(0, 'values', asking);
  const zero = table.symbols.indexOf(0);
  assert.equal(table.counts[zero], fillers);
  assert.equal(table.entries, first.total);
});

test('a stretch from anywhere is a piece of the whole, by entry and by position', async () => {
  const { view } = await layerOf('huffman', 3);
  const whole = await view.stream(0, { entry: 0 }, 4096, asking);
  const part = await view.stream(0, { entry: 700 }, 50, asking);
  assert.deepEqual([part.first, part.count], [700, 50]);
  for (const key of ['symbol', 'position', 'valueBit', 'gapBit', 'valueWord'] as const)
    assert.deepEqual(Array.from(part[key]), Array.from(whole[key].subarray(700, 750)), key);
  for (const at of [700, 701, 0]) {
    const found = await view.stream(0, { position: whole.position[at] }, 1, asking);
    assert.equal(found.first, at);
  }
  // a weight that is pruned: the next entry
  const between = whole.position[700] - 1;
  const next = await view.stream(0, { position: between }, 1, asking);
  assert.ok(next.position[0] >= between && next.first <= 700);
});

test('a stretch ends with its block and the next one begins the next block', async () => {
  const n = blockWeights + 3000;
  const values = new Float32Array(n);
  for (let i = 0; i < n; i += 3) values[i] = i % 2 === 0 ? 0.5 : -0.25;
  const model = modelOf([{ shape: [n / 2, 2], values }]);
  const { view, plan } = await compressedView(model, {
    ...recipeOf('huffman', 3),
    prune: { method: 'none' },
  });
  const [a, b] = plan.tensors[0].coded.blocks;
  const last = await view.stream(0, { entry: a.entries - 10 }, 100, asking);
  assert.deepEqual([last.count, last.block, last.total], [10, 0, a.entries + b.entries]);
  const next = await view.stream(0, { entry: a.entries }, 5, asking);
  assert.deepEqual(
    [next.block, next.first, next.blockFirst, next.valueBit[0]],
    [1, a.entries, a.entries, 0],
  );
  assert.ok(next.position[0] >= blockWeights);
  const sought = await view.stream(0, { position: next.position[2] }, 1, asking);
  assert.equal(sought.first, a.entries + 2);
});

test('an arithmetic layer shows codes and places, and the Huffman code it would have', async () => {
  const { view, coded, stats } = await layerOf('arithmetic', 'auto');
  const steps = await view.stream(0, { position: 500 }, 30, asking);
  const place = { level: 0, x: 0, y: 0, size: 256 };
  const { values } = await view.tile({ layer: 0 }, 'matrix', place, ['values'], asking);
  assert.deepEqual([steps.coder, steps.first, steps.count], ['arithmetic', 500, 30]);
  for (let i = 0; i < 30; i++) {
    assert.equal(steps.position[i], 500 + i);
    assert.equal(Math.fround(steps.weight[i]), values?.[500 + i]);
    assert.equal(steps.valueLength[i], 0);
  }
  const table = await view.huffman(0, 'values', asking);
  assert.equal(table.stored, false);
  assert.ok(table.meanBits >= table.entropyBits && table.meanBits < table.entropyBits + 1);
  const book = await view.codebook(0, undefined, asking);
  assert.deepEqual(Array.from(book.counts), Array.from(stats.codeCounts));
  assert.equal(book.made, true);
  assert.equal(coded.coder, 'arithmetic');
});

test('achieved bits are the length of the stream', async () => {
  const { view, coded } = await layerOf('huffman', 3);
  for (const stream of ['values', 'gaps'] as const) {
    const table = await view.huffman(0, stream, asking);
    assert.equal(Math.ceil(table.bits / 8), coded.blocks[0][stream].length);
    assert.ok(table.entropyBits <= table.meanBits + 1e-12);
    let entropy = 0;
    for (const c of table.counts)
      if (c > 0) entropy -= (c / table.entries) * Math.log2(c / table.entries);
    assert.ok(Math.abs(entropy - table.entropyBits) < 1e-12);
  }
});

test('a tree is full, its leaves are the symbols at the depth of their words, for 1 to 300 symbols', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 1, maxLength: 300 }),
      (list) => {
        const lengths = codeLengths(Float64Array.from(list));
        const { symbols, words } = canonicalTable(lengths);
        const inOrder = Uint8Array.from(symbols, (s) => lengths[s]);
        const counts = Float64Array.from(symbols, (s) => list[s]);
        const tree = treeOf(inOrder, words, counts);
        assert.equal(tree.leaf.length, 2 * list.length - 1);
        const seen: number[] = [];
        const walk = (node: number, depth: number, word: number): number => {
          assert.equal(tree.depth[node], depth);
          const leaf = tree.leaf[node];
          if (leaf >= 0) {
            seen.push(leaf);
            assert.equal(words[leaf], word);
            if (list.length > 1) assert.equal(inOrder[leaf], depth);
            assert.equal(tree.counts[node], counts[leaf]);
            return counts[leaf];
          }
          const below =
            walk(tree.left[node], depth + 1, word * 2) +
            walk(tree.right[node], depth + 1, word * 2 + 1);
          assert.equal(tree.counts[node], below);
          return below;
        };
        walk(0, 0, 0);
        assert.deepEqual(
          seen,
          [...seen].sort((a, b) => a - b),
          'leaves from left to right are in canonical order',
        );
        assert.equal(seen.length, list.length);
      },
    ),
    { numRuns: 100 },
  );
});

test('every code carries the error that the original has against it', async () => {
  const { view, coded, stats, values } = await layerOf('huffman', 3);
  const original = viewOf(modelOf([{ shape: [130, 100], values }]));
  const { errors } = await view.codebook(0, { model: original, layer: 0 }, asking);
  assert.ok(errors);
  const place = { level: 0, x: 0, y: 0, size: 256 };
  const { values: restored } = await view.tile({ layer: 0 }, 'matrix', place, ['values'], asking);
  coded.codebook.forEach((value, code) => {
    const mine = Array.from(values).filter((_, i) => restored?.[i] === Math.fround(value));
    const squared = mine.reduce((sum, v) => sum + (value - v) ** 2, 0);
    assert.ok(Math.abs(errors.squared[code] - squared) <= 1e-9 * Math.max(1, squared));
    assert.equal(
      errors.largest[code],
      mine.reduce((m, v) => Math.max(m, Math.abs(value - v)), 0),
    );
    assert.equal(errors.from[code], Math.min(...mine));
    assert.equal(errors.to[code], Math.max(...mine));
  });
  assert.ok(Math.abs(errors.rmse - stats.rmse) < 1e-9, 'as recorded when it was compressed');
});

test('a plain layer that shares values has a codebook too, another has none', async () => {
  const values = Float32Array.from({ length: 400 }, (_, i) => (i % 5) / 4 - 0.5);
  const view = viewOf(
    modelOf([
      { shape: [20, 20], values },
      { shape: [20, 20], values: sparseValues(400, 0, 1) },
    ]),
  );
  const book = await view.codebook(0, undefined, asking);
  assert.equal(book.from, 'distinct');
  assert.deepEqual(Array.from(book.values), [-0.5, -0.25, 0, 0.25, 0.5]);
  assert.deepEqual(Array.from(book.counts), [80, 80, 80, 80, 80]);
  await assert.rejects(view.codebook(1, undefined, asking), /has no codebook/);
  await assert.rejects(view.huffman(0, 'values', asking), /is not compressed/);
});

test('places a layer does not have are refused in one line', async () => {
  const { view } = await layerOf('huffman', 3);
  for (const seek of [
    { entry: -1 },
    { entry: 1e9 },
    { entry: 0.5 },
    { position: 13_000 },
    { position: NaN },
  ])
    await assert.rejects(
      view.stream(0, seek, 10, asking),
      (e) => e instanceof DeepCompressionError && e.code === 'invalid-input',
    );
  await assert.rejects(view.huffman(99, 'values', asking), /no layer 99/);
});

test('damaged streams and tables end in one line, never in a wrong picture', async () => {
  const { coded } = await layerOf('huffman', 3);
  const model = modelOf([{ shape: [130, 100], values: new Float32Array(13_000) }]);
  const damage: readonly ((c: CodedTensor) => CodedTensor)[] = [
    (c) => ({ ...c, valueLengths: c.valueLengths.map((l) => (l === 0 ? 0 : 1)) }),
    (c) => ({ ...c, blocks: [{ ...c.blocks[0], values: c.blocks[0].values.slice(0, -3) }] }),
    (c) => ({ ...c, blocks: [{ ...c.blocks[0], crc32: c.blocks[0].crc32 ^ 1 }] }),
    (c) => ({ ...c, blocks: [{ ...c.blocks[0], entries: c.blocks[0].entries + 1 }] }),
    (c) => ({ ...c, blocks: [{ ...c.blocks[0], entries: 1e9 }] }),
  ];
  for (const [i, broken] of damage.entries()) {
    const source = {
      coded: broken(coded),
      rmse: 0,
      stored: { values: 1, index: 1, codebook: 1, tables: 1, total: 4 },
    };
    const view = new ViewModel(
      `broken${i}`,
      { path: 'b.dcz', format: 'dcz', bytes: 1, otherBytes: 0, model, coded: [source] },
      services(),
    );
    const fails = (e: unknown): boolean =>
      e instanceof DeepCompressionError &&
      e.code === 'invalid-container' &&
      !e.message.includes('\n');
    await assert.rejects(view.measure({ layer: 0 }, asking), fails, `damage ${i}`);
    await assert.rejects(view.marginals({ layer: 0 }, 'matrix', asking), fails, `damage ${i}`);
    if (i !== 2)
      await assert.rejects(view.stream(0, { entry: 0 }, 5, asking), fails, `damage ${i}`);
  }
});
