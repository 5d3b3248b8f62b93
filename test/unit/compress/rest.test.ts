/** Rounding of what is not compressed, and BatchNormalization with mean 0 and variance 1. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { folded } from '../../../src/compress/rest/normalisations.ts';
import { roundedTo } from '../../../src/compress/rest/round.ts';
import type { Tensor } from '../../../src/model/model.ts';

const finite = fc.float({ noNaN: true, min: Math.fround(-1e6), max: Math.fround(1e6) });

test('rounding stays within the noise it may add, on a grid of a power of two', () => {
  const values = Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i * 1.7) * 3 + 0.1);
  for (const noise of [1e-2, 1e-4, 2e-5, 1e-7]) {
    const rounded = roundedTo(values, noise);
    assert.ok(rounded);
    let error = 0;
    let squares = 0;
    values.forEach((v, i) => {
      error += (v - rounded[i]) ** 2;
      squares += v * v;
    });
    assert.ok(error / squares < 1.1 * noise && error / squares > 0.2 * noise, `${error / squares}`);
  }
});

test('what comes out is finite and never minus zero, and what is not finite stays', () => {
  const property = fc.property(fc.float32Array({ minLength: 1, maxLength: 30 }), (values) => {
    const once = roundedTo(values, 1e-4);
    if (!once) return;
    assert.ok(once.every((v) => Number.isFinite(v) && !Object.is(v, -0)));
  });
  fc.assert(property, { seed: 3 });
  assert.equal(roundedTo(Float32Array.of(1, Infinity), 1e-4), undefined);
  assert.equal(roundedTo(Float32Array.of(1, NaN), 1e-4), undefined);
});

test('a normalisation with mean 0 and variance 1 gives what it gave', () => {
  const tensor = (id: number): Tensor => ({ id }) as Tensor;
  const [scale, shift, mean, variance] = [0, 1, 2, 3].map(tensor);
  const epsilon = 1e-3;
  const property = fc.property(
    fc.tuple(finite, finite, finite, fc.float({ noNaN: true, min: 0, max: 1000 }), finite),
    ([s, b, m, v, x]) => {
      const old = [s, b, m, v].map((value) => Float32Array.of(value));
      const changed = folded({ scale, shift, mean, variance, epsilon }, ({ id }) => old[id]);
      assert.ok(changed);
      const [s2, b2, m2, v2] = [0, 1, 2, 3].map((id) => changed.get(id)?.[0] ?? NaN);
      assert.equal(m2, 0);
      assert.equal(v2, 1);
      const before = (s * (x - m)) / Math.sqrt(v + epsilon) + b;
      const after = (s2 * (x - m2)) / Math.sqrt(v2 + epsilon) + b2;
      const size = Math.abs(s / Math.sqrt(v + epsilon)) * (Math.abs(x) + Math.abs(m));
      assert.ok(
        Math.abs(before - after) <= 1e-6 * (size + Math.abs(b)) + 1e-30,
        `${before} ${after}`,
      );
    },
  );
  fc.assert(property, { seed: 5 });
});
