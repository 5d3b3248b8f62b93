import assert from 'node:assert/strict';
import test from 'node:test';
import { mulberry32 } from '../../../src/model/random.ts';
import { spreadTernary, ternaryGradients, ternaryOf } from '../../../src/train/methods/ternary.ts';

test('a ternary layer begins with three values near the weights', () => {
  const values = Float32Array.of(2, -1, 0.05, 0.5, -3, 0);
  const t = ternaryOf(values, 0.05, undefined);
  assert.deepEqual([...t.scales], [1.25, 2]);
  const seen = new Float32Array(6);
  spreadTernary(t, seen);
  assert.deepEqual([...seen], [1.25, -2, 0, 1.25, -2, 0]);
});

test('gradients of the scales are the derivative of a loss of what the graph sees', () => {
  const random = mulberry32(3);
  const values = Float32Array.from({ length: 60 }, () => random() - 0.5);
  const target = Float64Array.from(values, () => random() - 0.5);
  const t = ternaryOf(values, 0.3, undefined);
  const seen = new Float32Array(60);
  const loss = (): number => {
    spreadTernary(t, seen);
    return seen.reduce((sum, v, i) => sum + 0.5 * (v - target[i]!) ** 2, 0);
  };
  loss();
  const [ofLatent, ofScales] = ternaryGradients(
    t,
    seen.map((v, i) => v - target[i]!),
  );
  for (const i of [0, 1]) {
    const kept = t.scales[i]!;
    const step = 1 / 256;
    t.scales[i] = kept + step;
    const above = loss();
    t.scales[i] = kept - step;
    const below = loss();
    t.scales[i] = kept;
    assert.ok(Math.abs((above - below) / (2 * step) - ofScales[i]!) < 1e-3);
  }
  loss();
  // latent weights: the gradient times the scale of their side, or times 1 in the zero zone
  seen.forEach((v, i) => {
    const g = Math.fround(v - target[i]!);
    const factor = v > 0 ? t.scales[0]! : v < 0 ? t.scales[1]! : 1;
    assert.ok(Math.abs(ofLatent[i]! - factor * g) < 1e-6);
  });
});
