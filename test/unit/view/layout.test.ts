/** Every layout shows each weight once, and what walks it agrees with its formula. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Tensor } from '../../../src/model/model.ts';
import {
  flatIndex,
  forEachRun,
  layoutsOf,
  placeOf,
  spansOf,
  topLevel,
  type Layout,
} from '../../../src/view/layout.ts';
import { modelOf } from './support.ts';

const zeros = (n: number): Float32Array => new Float32Array(n);
const tensors: readonly (readonly [string, Tensor])[] = [
  ['Gemm', modelOf([{ shape: [5, 7], values: zeros(35) }]).tensors[0]],
  ['MatMul', modelOf([{ op: 'MatMul', shape: [5, 7], values: zeros(35) }]).tensors[0]],
  ['MatMul of one output', modelOf([{ op: 'MatMul', shape: [5, 1], values: zeros(5) }]).tensors[0]],
  ['Gemm of one input', modelOf([{ shape: [5, 1], values: zeros(5) }]).tensors[0]],
  ['batched MatMul', modelOf([{ op: 'MatMul', shape: [3, 4, 5], values: zeros(60) }]).tensors[0]],
  ['Conv', modelOf([{ op: 'Conv', shape: [4, 3, 3, 2], values: zeros(72) }]).tensors[0]],
  ['1-D Conv', modelOf([{ op: 'Conv', shape: [4, 3, 5], values: zeros(60) }]).tensors[0]],
  ['3-D Conv', modelOf([{ op: 'Conv', shape: [2, 3, 2, 2, 3], values: zeros(72) }]).tensors[0]],
  [
    'grouped Conv',
    modelOf([{ op: 'Conv', shape: [6, 2, 3, 3], values: zeros(108), attributes: { group: 2 } }])
      .tensors[0],
  ],
  [
    'ConvTranspose',
    modelOf([{ op: 'ConvTranspose', shape: [4, 3, 2, 2], values: zeros(48) }]).tensors[0],
  ],
];

const each = (run: (layout: Layout, tensor: Tensor, name: string) => void): void => {
  for (const [name, tensor] of tensors)
    for (const layout of layoutsOf(tensor)) run(layout, tensor, `${name} as ${layout.kind}`);
};

test('every layout shows every weight exactly once, and placeOf undoes flatIndex', () =>
  each((layout, { parameters }, name) => {
    assert.equal(layout.rows * layout.cols, parameters, name);
    const seen = new Set<number>();
    for (let r = 0; r < layout.rows; r++)
      for (let c = 0; c < layout.cols; c++) {
        const flat = flatIndex(layout, r, c);
        seen.add(flat);
        assert.deepEqual(placeOf(layout, flat), { row: r, col: c }, name);
      }
    assert.equal(seen.size, parameters, name);
    assert.ok(Math.min(...seen) === 0 && Math.max(...seen) === parameters - 1, name);
  }));

test('runs follow the file and the formula, from anywhere to anywhere', () =>
  each((layout, { parameters }, name) => {
    fc.assert(
      fc.property(fc.nat(parameters - 1), fc.nat(parameters), (start, more) => {
        const end = Math.min(parameters, start + more);
        let at = start;
        forEachRun(layout, start, end, (row, col, offset, length) => {
          assert.equal(offset, at - start, name);
          for (let i = 0; i < length; i++, at++) {
            const [r, c] = layout.vertical ? [row + i, col] : [row, col + i];
            assert.equal(flatIndex(layout, r, c), at, name);
          }
        });
        assert.equal(at, end, name);
      }),
      { numRuns: 30 },
    );
  }));

test('spans cover their rectangle, in order, apart and no longer than allowed', () =>
  each((layout, { parameters }, name) => {
    const nat = fc.nat(1000);
    fc.assert(
      fc.property(nat, nat, nat, nat, fc.integer({ min: 1, max: 40 }), (a, b, c, d, longest) => {
        const top = a % layout.rows;
        const left = c % layout.cols;
        const bottom = top + 1 + (b % (layout.rows - top));
        const right = left + 1 + (d % (layout.cols - left));
        const covered = new Set<number>();
        let last = 0;
        for (const { start, length } of spansOf(layout, top, bottom, left, right, longest)) {
          assert.ok(start >= last && length >= 1 && length <= longest, name);
          assert.ok(start + length <= parameters, name);
          for (let i = start; i < start + length; i++) covered.add(i);
          last = start + length;
        }
        for (let r = top; r < bottom; r++)
          for (let k = left; k < right; k++) assert.ok(covered.has(flatIndex(layout, r, k)), name);
      }),
      { numRuns: 30 },
    );
  }));

test('a convolution has a second layout, its kernels side by side', () => {
  const [, kernels] = layoutsOf(tensors[5][1]);
  assert.equal(kernels.kind, 'kernels');
  assert.deepEqual([kernels.rows, kernels.cols], [4 * 3, 3 * 2]);
  assert.deepEqual([kernels.cellRows, kernels.cellCols], [3, 2]);
  // filter 2, channel 1, kernel row 1, column 0
  assert.equal(flatIndex(kernels, 2 * 3 + 1, 1 * 2), 2 * 18 + 1 * 6 + 1 * 2);
});

test('outputs are rows whichever way the file has them', () => {
  const [gemm] = layoutsOf(tensors[0][1]);
  const [matmul] = layoutsOf(tensors[1][1]);
  assert.deepEqual([gemm.rows, gemm.cols, gemm.vertical], [5, 7, false]);
  assert.deepEqual([matmul.rows, matmul.cols, matmul.vertical], [7, 5, true]);
});

test('a geometry that does not fit the tensor, a vector, a scalar and nothing are still shown', () => {
  const [tensor] = modelOf([{ shape: [4, 6], values: zeros(24) }]).tensors;
  const { geometry } = tensor;
  assert.ok(geometry);
  const lying: Tensor = { ...tensor, geometry: { ...geometry, rows: 1000 } };
  assert.deepEqual([layoutsOf(lying)[0].rows, layoutsOf(lying)[0].cols], [4, 6]);
  const plain: Tensor = { ...tensor };
  delete (plain as { geometry?: unknown }).geometry;
  const vector: Tensor = { ...plain, shape: [24] };
  assert.deepEqual([layoutsOf(vector)[0].kind, layoutsOf(vector)[0].cols], ['row', 24]);
  const scalar: Tensor = { ...plain, shape: [], parameters: 1 };
  assert.deepEqual([layoutsOf(scalar)[0].rows, layoutsOf(scalar)[0].cols], [1, 1]);
  assert.deepEqual(layoutsOf({ ...plain, shape: [0, 3], parameters: 0 }), []);
  const sparse: Tensor = { ...plain, shape: [100, 100], parameters: 24, sparse: true };
  assert.equal(layoutsOf(sparse)[0].cols, 24);
});

test('one block of the top level is everything', () => {
  assert.equal(topLevel({ rows: 1, cols: 1 }), 0);
  assert.equal(topLevel({ rows: 2, cols: 1 }), 1);
  assert.equal(topLevel({ rows: 4096, cols: 25088 }), 15);
});
