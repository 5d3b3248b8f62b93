import assert from 'node:assert/strict';
import test from 'node:test';
import {
  columnsOf,
  freezeGone,
  isGone,
  normOf,
  partAlong,
  shorten,
} from '../../../src/train/methods/channels.ts';
import type { Parameter } from '../../../src/train/methods/parameters.ts';
import { mulberry32 } from '../../../src/model/random.ts';

function parameter(shape: readonly number[], seed = 1): Parameter {
  const random = mulberry32(seed);
  const length = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length }, () => random() - 0.5);
  return { name: `p${seed}`, shape, values, isWeight: true, structure: { kind: 'dense' } };
}

/** Index by index: the slow way. */
function entries({ shape }: Parameter, axis: number, indices: readonly number[]): number[] {
  const found: number[] = [];
  const walk = (at: readonly number[]): void => {
    if (at.length < shape.length) {
      for (let i = 0; i < shape[at.length]!; i++) walk([...at, i]);
    } else if (indices.includes(at[axis]!))
      found.push(at.reduce((flat, i, a) => flat * shape[a]! + i, 0));
  };
  walk([]);
  return found;
}

test('a channel is what lies at its indices along any axis of any tensor', () => {
  const kernel = parameter([3, 4, 2, 2]);
  const matrix = parameter([5, 12], 2);
  for (const [p, axis, indices] of [
    [kernel, 0, [1]],
    [kernel, 1, [0, 3]],
    [kernel, 3, [1]],
    [matrix, 1, [2, 3, 7]],
  ] as const) {
    const channel = [partAlong(p, axis, indices)];
    const own = new Set(entries(p, axis, indices));
    const squares = [...own].reduce((sum, i) => sum + p.values[i]! ** 2, 0);
    assert.ok(Math.abs(normOf(channel) - Math.sqrt(squares)) < 1e-6);
    const before = p.values.slice();
    const norm = normOf(channel);
    shorten(channel, norm / 4, 0);
    before.forEach((value, i) =>
      assert.ok(Math.abs(p.values[i]! - (own.has(i) ? 0.75 : 1) * value) < 1e-7),
    );
  }
});

test('a channel that is no longer than a step becomes zero, in all its tensors at once', () => {
  const made = parameter([4, 6]);
  const read = parameter([3, 4], 2);
  const channel = [partAlong(made, 0, [2]), partAlong(read, 1, [2])];
  const norm = normOf(channel);
  shorten(channel, norm * 0.999, 0);
  assert.ok(!isGone(channel));
  shorten(channel, norm, 0);
  assert.ok(isGone(channel));
  assert.equal(made.values.filter((v) => v === 0).length, 6);
  assert.equal(read.values.filter((v) => v === 0).length, 3);
});

test('the step is the proximal one of the norm: no other point is better', () => {
  const p = parameter([2, 9]);
  const channel = [partAlong(p, 0, [0])];
  const before = p.values.slice(0, 9);
  const by = 0.3;
  shorten(channel, by, 0);
  const cost = (x: Float32Array): number =>
    0.5 * x.reduce((sum, v, i) => sum + (v - before[i]!) ** 2, 0) + by * Math.hypot(...x);
  const best = p.values.slice(0, 9);
  const random = mulberry32(9);
  for (let k = 0; k < 200; k++)
    assert.ok(cost(best.map((v) => v + 0.05 * (random() - 0.5))) >= cost(best) - 1e-6);
});

test('columns are the weights that one input meets, however a matrix lies', () => {
  const weights = parameter([3, 2, 2, 2]);
  const columns = columnsOf(weights, false);
  assert.equal(columns.length, 8);
  const expected = Math.hypot(...[5, 13, 21].map((i) => weights.values[i]!));
  assert.ok(Math.abs(normOf(columns[5]!) - expected) < 1e-6);
  const turned = parameter([8, 3]);
  assert.equal(columnsOf(turned, true).length, 8);
  const row = Math.hypot(...turned.values.subarray(6, 9));
  assert.ok(Math.abs(normOf(columnsOf(turned, true)[2]!) - row) < 1e-6);
});

test('what is zero as a whole stays zero, and single zeros elsewhere may grow again', () => {
  const p = parameter([4, 3]);
  p.values.fill(0, 3, 6);
  p.values[10] = 0;
  freezeGone([0, 1, 2, 3].map((i) => [partAlong(p, 0, [i])]));
  assert.ok(p.structure.kind === 'dense');
  assert.deepEqual([...p.structure.mask!], [1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
});
