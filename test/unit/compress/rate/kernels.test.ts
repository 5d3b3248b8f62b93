import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { factorize, factorizePlain } from '../../../../src/compress/rate/cholesky.ts';
import { curvatureOf, pivotsOf, usualCurvature } from '../../../../src/compress/rate/curvature.ts';
import { FeedbackKernel } from '../../../../src/compress/rate/feedback-kernel.ts';
import { groupRows, plainRows } from '../../../../src/compress/rate/feedback-plain.ts';
import { roundWithFeedback, type FeedbackTask } from '../../../../src/compress/rate/feedback.ts';
import { costClasses, costWidth } from '../../../../src/compress/rate/level-cost.ts';
import { brainQuantize, inputs, momentsOf, normal, outputError } from './reference.ts';

/** rows x columns of weights against free bits: plain GPTQ. */
function task(rows: number, columns: number, seed: number, step: number): FeedbackTask {
  return {
    rows,
    columns,
    weights: normal(rows * columns, seed),
    steps: new Float64Array(rows).fill(step),
    columnSteps: new Float64Array(columns).fill(1),
    importance: new Float64Array(rows).fill(1),
    lambda: 0,
    bits: new Float64Array(costClasses * costWidth),
    classes: new Uint8Array(rows * columns),
    levels: new Int16Array(rows * columns),
  };
}

const rowOf = (values: ArrayLike<number>, r: number, columns: number): number[] =>
  Array.from(values).slice(r * columns, (r + 1) * columns);

test('the factor times its transpose is the matrix, for sizes around panels and tiles', () => {
  for (const n of [1, 2, 31, 32, 33, 65, 100, 130, 545]) {
    const { second } = momentsOf(inputs(2 * n, n, n), 2 * n, n);
    const m = Float64Array.from(second);
    assert.ok(factorize(m, n));
    for (let i = 0; i < n; i += n > 200 ? 17 : 1) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = i; k < n; k++) sum += m[k * n + i] * m[k * n + j];
        const wanted = second[i * n + j];
        assert.ok(Math.abs(sum - wanted) < 1e-9 * second[i * n + i] + 1e-9, `${n}: ${i}, ${j}`);
      }
    }
  }
});

test('what is not positive definite is refused', () => {
  assert.equal(factorize(Float64Array.of(1, 2, 2, 1), 2), false);
  assert.equal(factorize(Float64Array.of(0), 1), false);
  assert.equal(factorize(Float64Array.of(NaN), 1), false);
  assert.equal(factorize(Float64Array.of(1, 1, 1, 1), 2), false);
});

test('the kernel makes the same factor and the same levels as TypeScript, bit for bit', () => {
  const kernel = new FeedbackKernel();
  for (const n of [1, 2, 33, 100, 131, 600]) {
    const { second } = momentsOf(inputs(20, n, n), 20, n);
    for (let i = 0; i < n; i++) second[i * (n + 1)] += 0.1;
    const [m, plain] = [Float64Array.from(second), Float64Array.from(second)];
    assert.equal(kernel.factorize(m, n), factorizePlain(plain, n));
    assert.deepEqual(m, plain);

    const random = normal(groupRows * n, n);
    const groups = [kernel.rows(n)!, plainRows(n)];
    for (const count of [8, 3]) {
      const results = groups.map((group) => {
        for (let j = 0; j < n; j++)
          group.factor.set(m.subarray(j * n, j * n + j + 1), (j * (j + 1)) / 2);
        group.columnSteps.forEach((_, j) => (group.columnSteps[j] = 0.5 + (j % 4)));
        group.bits.forEach((_, k) => (group.bits[k] = (k * 7919) % 13));
        group.steps.forEach((_, g) => (group.steps[g] = 2 ** -(2 * g)));
        group.importance.set([1, 2, 0, 3, 1e-9, 1e9, 0.5, 1]);
        group.weights.set(random);
        group.classes.forEach((_, i) => (group.classes[i] = i % costClasses));
        return group.round(count, 0.02 * count, 0.01);
      });
      assert.equal(results[0], results[1]);
      assert.deepEqual(groups[0].levels, groups[1].levels);
      assert.ok(groups[1].levels.some((k) => Math.abs(k) > 32));
    }
  }
});

test('a matrix that is not positive definite is refused by the kernel too', () => {
  const kernel = new FeedbackKernel();
  assert.equal(kernel.factorize(Float64Array.of(1, 2, 2, 1), 2), false);
  assert.equal(kernel.factorize(Float64Array.of(NaN), 1), false);
});

test('feedback gives the levels of Optimal Brain Quantization in the same order', () => {
  for (const [rows, columns] of [
    [1, 1],
    [3, 7],
    [5, 12],
    [8, 20],
  ]) {
    const t = task(rows, columns, rows, 0.5);
    const moments = momentsOf(inputs(60, columns, 5), 60, columns);
    const [block] = curvatureOf(moments, 0, usualCurvature);
    roundWithFeedback(t, block);
    const h = Array.from({ length: columns }, (_, i) => rowOf(moments.second, i, columns));
    h.forEach((row, i) => (row[i] += block.damping));
    for (let r = 0; r < rows; r++) {
      const wanted = brainQuantize(rowOf(t.weights, r, columns), h, block.order, 0.5);
      assert.deepEqual(
        rowOf(t.levels, r, columns),
        wanted.map((k) => k + 0),
      );
    }
  }
});

test('the error that feedback states is that of the outputs, computed from the inputs', () => {
  for (const lambda of [0, 0.3]) {
    const [rows, columns, samples] = [6, 15, 80];
    const t = { ...task(rows, columns, 9, 0.8), lambda };
    t.bits.fill(3);
    for (let c = 0; c < costClasses; c++) t.bits[c * costWidth] = 0.5;
    t.importance.set([1, 2, 3, 4, 5, 6]);
    const x = inputs(samples, columns, 2);
    const [block] = curvatureOf(momentsOf(x, samples, columns), 0, usualCurvature);
    const stated = roundWithFeedback(t, block);
    let wanted = 0;
    for (let r = 0; r < rows; r++) {
      const changed = rowOf(t.levels, r, columns).map((k) => 0.8 * k);
      wanted += t.importance[r] * outputError(rowOf(t.weights, r, columns), changed, x, samples);
    }
    assert.ok(Math.abs(stated - wanted) < 1e-9 * wanted, `${stated} is not ${wanted}`);
  }
});

test('feedback makes the outputs better than rounding each weight by itself', () => {
  const [rows, columns, samples] = [16, 40, 200];
  const x = inputs(samples, columns, 3);
  const t = task(rows, columns, 4, 0.7);
  const fed = roundWithFeedback(
    t,
    curvatureOf(momentsOf(x, samples, columns), 0, usualCurvature)[0],
  );
  let rounded = 0;
  for (let r = 0; r < rows; r++) {
    const row = rowOf(t.weights, r, columns);
    rounded += outputError(
      row,
      row.map((w) => 0.7 * Math.round(w / 0.7)),
      x,
      samples,
    );
  }
  assert.ok(fed < 0.5 * rounded, `${fed} against ${rounded}`);
});

test('bits that cost more than all errors leave zeros alone', () => {
  const t = { ...task(4, 10, 1, 0.1), lambda: 1e6 };
  for (let k = 1; k < t.bits.length; k++) t.bits[k] = k % costWidth === 0 ? 0 : 1;
  roundWithFeedback(t, curvatureOf(momentsOf(inputs(50, 10, 1), 50, 10), 0, usualCurvature)[0]);
  assert.deepEqual(new Set(t.levels), new Set([0]));
});

test('blocks of columns are rounded as moments without what lies between them are', () => {
  const [rows, columns, block] = [3, 10, 4];
  const full = momentsOf(inputs(90, columns, 6), 90, columns);
  const masked = Float64Array.from(full.second, (v, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return Math.floor(i / block) === Math.floor(j / block) ? v : 0;
  });
  const blocks = Math.ceil(columns / block);
  const second = new Float64Array(blocks * block * block);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) {
      const b = Math.floor(i / block);
      if (b !== Math.floor(j / block)) continue;
      second[(b * block + (i % block)) * block + (j % block)] = masked[i * columns + j];
    }
  }
  const results = [
    { ...full, second: masked },
    { ...full, block, second },
  ].map((moments) => {
    const t = task(rows, columns, 8, 0.5);
    const parts = curvatureOf(moments, 0, usualCurvature).map((b) => roundWithFeedback(t, b));
    return { levels: t.levels, error: parts.reduce((a, b) => a + b, 0) };
  });
  assert.deepEqual(results[0].levels, results[1].levels);
  assert.ok(Math.abs(results[0].error - results[1].error) < 1e-9 * results[0].error);
});

test('moments of any rank and size have a factor, and weights of any size finite levels', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: -38, max: 38 }),
      fc.integer({ min: -30, max: 30 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      fc.integer({ min: 0, max: 1000 }),
      (columns, samples, weightSize, inputSize, trust, seed) => {
        const x = inputs(samples, columns, seed).map((v) => v * 10 ** inputSize);
        const moments = momentsOf(x, samples, columns);
        const blocks = curvatureOf(moments, 0, { damping: 0.01, trust });
        assert.ok(pivotsOf(blocks, columns).every((p) => p > 0 && p < Infinity));
        const t = task(5, columns, seed, 0.5 * 10 ** weightSize);
        t.weights.forEach((w, i) => (t.weights[i] = w * 10 ** weightSize));
        let error = 0;
        for (const block of blocks) error += roundWithFeedback(t, block);
        assert.ok(Number.isFinite(error));
        assert.ok(t.levels.every((k) => Math.abs(k) < 32767));
      },
    ),
  );
});

test('moments that are not finite, or of no inputs at all, end in one line', () => {
  const moments = momentsOf(inputs(20, 4, 1), 20, 4);
  for (const bad of [NaN, Infinity, -Infinity]) {
    const second = Float64Array.from(moments.second);
    second[5] = bad;
    assert.throws(() => curvatureOf({ ...moments, second }, 0, usualCurvature), /calibrate again/);
  }
  const second = Float64Array.of(1, -900, -900, 1);
  const mean = new Float64Array(2);
  assert.throws(
    () => curvatureOf({ ...moments, columns: 2, block: 2, second, mean }, 0, usualCurvature),
    /calibrate again/,
  );
});
