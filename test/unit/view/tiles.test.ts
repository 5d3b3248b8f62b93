/** Tiles, marginals and pyramids against counting the whole matrix weight by weight. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { layoutsOf } from '../../../src/view/layout.ts';
import { baseLevel } from '../../../src/view/pyramid.ts';
import { densityByte } from '../../../src/view/tile.ts';
import type { LayoutKind, Tile } from '../../../src/view/types.ts';
import type { ViewModel } from '../../../src/view/view-model.ts';
import { blockFacts, colOf, matrixOf, rowOf, tileFacts, type Matrix } from './reference.ts';
import {
  asking,
  compressedView,
  modelOf,
  recipeOf,
  services,
  sparseValues,
  viewOf,
  type LayerInit,
} from './support.ts';

const channels = ['nonzeros', 'density', 'mean', 'max'] as const;

async function allTiles(
  view: ViewModel,
  layer: number,
  kind: LayoutKind,
  level: number,
  size: number,
): Promise<Tile[]> {
  const layout = view.overview().layers[layer].layouts.find((l) => l.kind === kind);
  assert.ok(layout);
  const side = size * 2 ** level;
  const tiles: Tile[] = [];
  for (let y = 0; y * side < layout.rows; y++)
    for (let x = 0; x * side < layout.cols; x++)
      tiles.push(await view.tile({ layer }, kind, { level, x, y, size }, channels, asking));
  return tiles;
}

function assertTile(tile: Tile, m: Matrix): void {
  const { x, y, size, level, width, height } = tile;
  for (let r = y * size; r < y * size + height; r++)
    for (let c = x * size; c < x * size + width; c++) {
      const expected = blockFacts(m, level, r, c);
      const found = tileFacts(tile, r, c);
      assert.equal(found.nonzeros, expected.nonzeros);
      assert.ok(Math.abs(found.mean - expected.mean) <= 1e-6 * expected.mean);
      assert.equal(found.max, Math.fround(expected.max));
      const at = (r - y * size) * width + c - x * size;
      assert.equal(tile.density?.[at], densityByte(expected.nonzeros, expected.weights));
    }
}

const layers: readonly LayerInit[] = [
  { shape: [70, 131], values: sparseValues(70 * 131, 0.9, 1) },
  { op: 'MatMul', shape: [131, 70], values: sparseValues(70 * 131, 0.5, 2) },
  { op: 'Conv', shape: [20, 7, 3, 3], values: sparseValues(20 * 63, 0.7, 3) },
  { op: 'MatMul', shape: [3, 33, 18], values: sparseValues(3 * 33 * 18, 0.3, 4) },
  { shape: [1, 1], values: [2] },
];

for (const [layer, init] of layers.entries())
  test(`tiles of every level and layout count what is there: ${init.op ?? 'Gemm'} ${init.shape.join(' x ')}`, async () => {
    const model = modelOf(layers);
    const view = viewOf(model);
    for (const layout of layoutsOf(model.tensors[layer])) {
      const matrix = matrixOf(layout, init.values);
      const { topLevel } =
        view.overview().layers[layer].layouts.find((l) => l.kind === layout.kind) ?? assert.fail();
      for (let level = 0; level <= topLevel; level++) {
        const tiles = await allTiles(view, layer, layout.kind, level, level < 2 ? 32 : 16);
        for (const tile of tiles) assertTile(tile, matrix);
        let nonzeros = 0;
        for (const { nonzeros: counts } of tiles) for (const n of counts ?? []) nonzeros += n;
        assert.equal(nonzeros, Array.from(init.values).filter((v) => v !== 0).length);
        assert.equal(
          tiles.reduce((n, t) => n + t.weights, 0),
          init.values.length,
        );
      }
    }
  });

test('level 0 gives the weights as they are, NaN and infinities too', async () => {
  const values = sparseValues(40 * 50, 0.5, 5);
  values.set([NaN, Infinity, -Infinity, -0], 100);
  const view = viewOf(modelOf([{ shape: [40, 50], values }]));
  const place = { level: 0, x: 1, y: 0, size: 32 };
  const tile = await view.tile(
    { layer: 0 },
    'matrix',
    place,
    ['values', 'max', 'nonzeros'],
    asking,
  );
  assert.deepEqual([tile.width, tile.height], [18, 32]);
  for (let r = 0; r < tile.height; r++)
    for (let c = 0; c < tile.width; c++)
      assert.ok(Object.is(tile.values?.[r * tile.width + c], values[r * 50 + 32 + c]));
  const whole = await view.tile(
    { layer: 0 },
    'matrix',
    { level: 6, x: 0, y: 0, size: 16 },
    channels,
    asking,
  );
  assert.equal(whole.max?.[0], Infinity);
  assert.equal(whole.nonzeros?.[0], values.filter((v) => v !== 0).length);
});

test('a large layer has a coarser base; tiles below and above it agree with counting', async () => {
  // 3000 x 3001 makes the base level 2: levels 0 and 1 are counted from the weights, the rest kept
  const [rows, cols] = [3000, 3001];
  const values = sparseValues(rows * cols, 0.8, 6);
  const model = modelOf([]);
  const tensor = {
    ...modelOf([{ shape: [2, 2], values: [0, 0, 0, 0] }]).tensors[0],
    ...{ shape: [rows, cols], parameters: rows * cols },
    geometry: { kind: 'fc' as const, rows, cols, matrices: 1, transposed: false },
  };
  let read = 0;
  const view = viewOf({
    ...model,
    tensors: [tensor],
    reader: {
      readBytes: () => {},
      readValues: (_, start, target) => {
        read += target.length;
        target.set(values.subarray(start, start + target.length));
      },
    },
  });
  const layout = layoutsOf(tensor)[0];
  assert.equal(baseLevel(layout), 2);
  const matrix = matrixOf(layout, values);
  const show = (level: number, x: number, y: number) =>
    view.tile({ layer: 0 }, 'matrix', { level, x, y, size: 64 }, channels, asking);
  for (const [level, x, y] of [
    [0, 46, 46],
    [1, 23, 23],
    [1, 3, 9],
  ] as const)
    assertTile(await show(level, x, y), matrix);
  assert.ok(read < 400_000, 'three small tiles do not read the layer');
  for (const [level, x, y] of [
    [2, 11, 11],
    [3, 5, 2],
    [6, 0, 0],
    [12, 0, 0],
  ] as const)
    assertTile(await show(level, x, y), matrix);
  read = 0;
  await show(2, 11, 11);
  await show(1, 23, 23);
  await view.marginals({ layer: 0 }, 'matrix', asking);
  assert.equal(read, 0, 'nothing is computed twice');
});

test('marginals are the sums along rows and columns of each layout', async () => {
  const model = modelOf(layers);
  const view = viewOf(model);
  for (const [layer, { values }] of layers.entries())
    for (const layout of layoutsOf(model.tensors[layer])) {
      const matrix = matrixOf(layout, values);
      const found = await view.marginals({ layer }, layout.kind, asking);
      assert.deepEqual([found.rowsPer, found.colsPer], [1, 1]);
      const count = (line: readonly number[]): number => line.filter((v) => v !== 0).length;
      const sum = (line: readonly number[]): number => line.reduce((n, v) => n + Math.abs(v), 0);
      for (let r = 0; r < matrix.rows; r++) {
        assert.equal(found.rowNonzeros[r], count(rowOf(matrix, r)));
        assert.ok(Math.abs(found.rowMagnitude[r] - sum(rowOf(matrix, r))) < 1e-9);
      }
      for (let c = 0; c < matrix.cols; c++) {
        assert.equal(found.colNonzeros[c], count(colOf(matrix, c)));
        assert.ok(Math.abs(found.colMagnitude[c] - sum(colOf(matrix, c))) < 1e-9);
      }
    }
});

test('very long lines are put together in the marginals, and nothing is lost', async () => {
  const values = sparseValues(200_000, 0.5, 8);
  const model = modelOf([{ shape: [200_000], values }]);
  const vector = { ...model.tensors[0] };
  delete (vector as { geometry?: unknown }).geometry;
  const view = viewOf({ ...model, tensors: [vector] });
  const found = await view.marginals({ layer: 0 }, 'row', asking);
  assert.equal(found.colsPer, 4);
  assert.equal(found.colNonzeros.length, 50_000);
  for (const at of [0, 1, 49_999]) {
    const four = values.subarray(4 * at, 4 * at + 4);
    assert.equal(found.colNonzeros[at], four.filter((v) => v !== 0).length);
  }
  assert.equal(found.rowNonzeros[0], values.filter((v) => v !== 0).length);
});

test('the tiles of a compressed layer are those of the values it restores', async () => {
  const values = sparseValues(300 * 200, 0.2, 9);
  for (const coder of ['huffman', 'arithmetic'] as const) {
    const model = modelOf([{ shape: [300, 200], values }]);
    const { view, plan } = await compressedView(model, recipeOf(coder));
    const [{ coded, assignment }] = plan.tensors;
    assert.equal(coded.coder, coder);
    assert.ok(assignment);
    const restored = await view.tile(
      { layer: 0 },
      'matrix',
      { level: 0, x: 0, y: 0, size: 512 },
      ['values'],
      asking,
    );
    const codes = new Set(coded.codebook);
    assert.ok(restored.values?.every((v) => codes.has(v)));
    const matrix = matrixOf(layoutsOf(model.tensors[0])[0], restored.values ?? []);
    for (let level = 0; level <= 9; level++)
      for (const tile of await allTiles(view, 0, 'matrix', level, 64)) assertTile(tile, matrix);
  }
});

test('a difference of two models is shown like a layer', async () => {
  const a = sparseValues(60 * 40, 0.5, 10);
  const b = a.map((v, i) => (i % 7 === 0 ? v + 0.25 : v));
  const shared = services();
  const [left, right] = [a, b].map((values) =>
    viewOf(modelOf([{ shape: [60, 40], values }]), shared),
  );
  const subject = { layer: 0, minus: { model: right, layer: 0 } };
  const matrix = matrixOf(
    layoutsOf(left.source.model.tensors[0])[0],
    a.map((v, i) => v - b[i]),
  );
  for (const level of [0, 2, 6]) {
    const tile = await left.tile(
      subject,
      'matrix',
      { level, x: 0, y: 0, size: 64 },
      channels,
      asking,
    );
    assertTile(tile, matrix);
  }
});

test('the density byte says none only of none and all only of all', () => {
  assert.equal(densityByte(0, 1e9), 0);
  assert.equal(densityByte(1, 1e9), 1);
  assert.equal(densityByte(1e9 - 1, 1e9), 254);
  assert.equal(densityByte(1e9, 1e9), 255);
});

const wrong: readonly [string, number, number, number, number][] = [
  ['a level above the top', 9, 0, 0, 16],
  ['a negative place', 0, -1, 0, 16],
  ['a place outside', 0, 3, 0, 16],
  ['half a tile', 0, 0.5, 0, 16],
  ['a size that is no power of two', 0, 0, 0, 48],
  ['a size beyond a megabyte', 0, 0, 0, 2048],
];
for (const [name, level, x, y, size] of wrong)
  test(`a tile at ${name} is refused in one line`, async () => {
    const view = viewOf(modelOf([{ shape: [40, 40], values: sparseValues(1600, 0, 1) }]));
    await assert.rejects(
      view.tile({ layer: 0 }, 'matrix', { level, x, y, size }, ['nonzeros'], asking),
      (e) =>
        e instanceof DeepCompressionError &&
        e.code === 'invalid-input' &&
        !e.message.includes('\n'),
    );
  });
