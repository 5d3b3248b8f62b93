/** Where the heatmap looks and what its cursor reads, without a page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayoutSummary, Tile } from '../../../src/engine/protocol-view.ts';
import { readingOf, short, tileOf } from '../../../webview/inspector/heat/reading.ts';
import { HeatViewport } from '../../../webview/inspector/heat/viewport.ts';
import { formatFloat } from '../../../webview/ui/format.ts';
import { english } from '../../../webview/inspector/strings.ts';

const layout = (rows: number, cols: number): LayoutSummary => ({
  ...{ kind: 'matrix', rows, cols, cellRows: 0, cellCols: 0 },
  topLevel: Math.ceil(Math.log2(Math.max(rows, cols))),
});
const viewport = (rows: number, cols: number, width = 1000, height = 500): HeatViewport => {
  const view = new HeatViewport(layout(rows, cols));
  view.resize(width, height);
  return view;
};
const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test('everything is shown at first, with square cells, at the level whose blocks take a pixel', () => {
  const view = viewport(4096, 25088);
  assert.equal(view.sx, view.sy);
  near(view.sx, Math.min(1000 / 25088, 500 / 4096));
  const { level, x0, x1, y0, y1 } = view.tiles(1);
  assert.equal(level, 5);
  assert.deepEqual([x0, x1, y0, y1], [0, 4, 0, 1]);
});

test('a thin matrix is made thick enough to be seen, and square again when one looks closer', () => {
  const view = viewport(1, 100_000);
  assert.ok(view.sy > 50 && view.sx < 0.011);
  for (let i = 0; i < 30; i++) view.zoom(1.6, 500, 10);
  assert.equal(view.sx, view.sy);
});

test('the weight under the pointer stays there while one zooms', () => {
  const view = viewport(4096, 4096);
  for (let i = 0; i < 8; i++) view.zoom(1.5, 300, 200);
  const before = [view.left + 300 / view.sx, view.top + 200 / view.sy];
  view.zoom(1.5, 300, 200);
  near(view.left + 300 / view.sx, before[0]!);
  near(view.top + 200 / view.sy, before[1]!);
});

test('nothing moves beyond the edges, and zooming out ends at everything', () => {
  const view = viewport(4096, 4096);
  for (let i = 0; i < 12; i++) view.zoom(1.6, 900, 450);
  view.pan(1e9, 1e9);
  near(view.left + view.width / view.sx, 4096);
  near(view.top + view.height / view.sy, 4096);
  view.pan(-1e9, -1e9);
  assert.deepEqual([view.left, view.top], [0, 0]);
  const fitted = viewport(4096, 4096).sx;
  for (let i = 0; i < 40; i++) view.zoom(0.5, 10, 10);
  near(view.sx, fitted);
});

test('a larger room shows everything again only while everything was shown', () => {
  const view = viewport(100, 100, 400, 400);
  view.resize(800, 800);
  near(view.sx, 8);
  view.zoom(2, 0, 0);
  view.resize(400, 400);
  near(view.sx, 16);
});

test('the cursor is followed by as little as needed', () => {
  const view = viewport(4096, 4096);
  for (let i = 0; i < 20; i++) view.zoom(1.6, 0, 0);
  view.reveal(0, 0);
  assert.equal(view.left, 0);
  view.reveal(2000, 3000);
  near(view.left + view.width / view.sx, 3001);
  near(view.top + view.height / view.sy, 2001);
  const { left } = view;
  view.reveal(1999, 2999);
  assert.equal(view.left, left);
  assert.deepEqual(view.weightAt(view.width - 1, view.height - 1), { row: 2000, col: 3000 });
  assert.deepEqual(view.weightAt(1e9, -1e9), { row: view.weightAt(0, -1e9).row, col: 4095 });
});

test('the cursor reads a weight, or its block with the rows and columns it really has', () => {
  const values = Float32Array.of(1, -0.1, NaN, Infinity);
  const one: Tile = {
    ...{ level: 0, x: 1, y: 0, size: 256, width: 2, height: 2, weights: 4, values },
  };
  const at = (row: number, col: number): string =>
    readingOf({ row, col }, one, layout(2, 258), english);
  assert.equal(at(0, 257), 'Row 0, column 257: -0.1');
  assert.equal(at(1, 256), 'Row 1, column 256: NaN');
  assert.equal(at(1, 257), 'Row 1, column 257: Infinity');
  const block: Tile = {
    ...{ level: 3, x: 0, y: 0, size: 256, width: 2, height: 1, weights: 60 },
    nonzeros: Uint32Array.of(1, 7),
    mean: Float32Array.of(0, 0.5),
    max: Float32Array.of(0, 2),
  };
  assert.equal(
    readingOf({ row: 4, col: 9 }, block, layout(6, 10), english),
    'Rows 0 to 5, columns 8 to 9: 7 of 12 not zero, mean magnitude 0.50, largest 2.00',
  );
  assert.deepEqual(tileOf({ row: 5000, col: 9 }, 3, 256), { x: 0, y: 2 });
});

test('figures in cells are short, those beside the picture exact', () => {
  assert.deepEqual([0.25, -0.5, 12.345, 1e-7, -Infinity, NaN, 0].map(short), [
    ...['0.25', '-0.5', '12.3', '1.0e-7', '−∞', 'NaN', '0'],
  ]);
  assert.equal(formatFloat(Math.fround(0.1)), '0.1');
});

test('a place that was kept is seen again, or what is left of it in another room', () => {
  const before = viewport(4096, 4096);
  assert.equal(before.zoomed, null);
  for (let i = 0; i < 6; i++) before.zoom(1.6, 700, 300);
  const kept = before.zoomed!;
  const restored = (rows: number, cols: number, width = 1000, height = 500): HeatViewport => {
    const view = new HeatViewport(layout(rows, cols));
    view.restore(kept);
    view.resize(width, height);
    return view;
  };
  assert.deepEqual(restored(4096, 4096).zoomed, kept);
  const small = restored(10, 10);
  assert.ok(small.left === 0 && small.top === 0 && small.sx >= 50, 'a smaller matrix fills it');
  const wide = restored(4096, 4096, 2000, 900);
  assert.deepEqual([wide.sx, wide.sy], [kept.sx, kept.sy]);
});
