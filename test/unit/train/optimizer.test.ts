import assert from 'node:assert/strict';
import test from 'node:test';
import { mulberry32 } from '../../../src/model/random.ts';
import { centroidGradient, spreadCentroids } from '../../../src/train/centroids.ts';
import { applyMask, clipNorm, maskOf, Optimizer } from '../../../src/train/optimizer.ts';
import type { Helpers } from '../../../src/train/runtime.ts';
import { adjustedDropout, gradualSparsity, rateAt } from '../../../src/train/schedule.ts';
import { isShared, sharedFloats } from '../../../src/train/shared.ts';
import { update } from '../../../src/train/update.ts';
import type { OptimizerSpec, Regularisation } from '../../../src/train/update.ts';

const none: Regularisation = { l1: 0, l2: 0 };

/** Weights after some steps with gradient 2 w (the loss w^2), in float64. */
function reference(
  spec: OptimizerSpec,
  reg: Regularisation,
  start: number,
  rate: number,
  steps: number,
): number {
  let [w, m, v] = [start, 0, 0];
  for (let t = 1; t <= steps; t++) {
    let g = 2 * w;
    const extra = reg.l2 * w + reg.l1 * Math.sign(w);
    if (reg.decoupled) w -= rate * extra;
    else g += extra;
    if (spec.kind === 'sgd') {
      m = spec.momentum * m + g;
      w -= rate * (spec.nesterov ? g + spec.momentum * m : m);
    } else {
      const [b1, b2] = [spec.beta1 ?? 0.9, spec.beta2 ?? 0.999];
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      w -= (rate * (m / (1 - b1 ** t))) / (Math.sqrt(v / (1 - b2 ** t)) + (spec.epsilon ?? 1e-8));
    }
  }
  return w;
}

const specs: readonly OptimizerSpec[] = [
  { kind: 'sgd', momentum: 0 },
  { kind: 'sgd', momentum: 0.9 },
  { kind: 'sgd', momentum: 0.9, nesterov: true },
  { kind: 'adam' },
  { kind: 'adam', beta1: 0.8, beta2: 0.95, epsilon: 1e-3 },
];

for (const spec of specs)
  test(`${JSON.stringify(spec)} equals its formula in float64, with every regularisation`, async () => {
    for (const reg of [
      none,
      { l1: 0.01, l2: 0 },
      { l1: 0, l2: 0.1 },
      { l1: 0.01, l2: 0.1, decoupled: true },
    ]) {
      const values = Float32Array.of(1, -0.5, 2);
      const optimizer = new Optimizer(spec, reg, [{ values, regularised: true }]);
      for (let t = 0; t < 20; t++) await optimizer.step([[values.map((w) => 2 * w)]], 0.02);
      [1, -0.5, 2].forEach((start, i) =>
        assert.ok(
          Math.abs(values[i]! - reference(spec, reg, start, 0.02, 20)) < 1e-5,
          `${values[i]}`,
        ),
      );
    }
  });

test('masked weights stay exactly 0, frozen tensors as they are, biases unregularised', async () => {
  const weights = Float32Array.of(1, 0, -2);
  const frozen = Float32Array.of(5);
  const bias = Float32Array.of(3);
  const optimizer = new Optimizer({ kind: 'adam' }, { l1: 1, l2: 1 }, [
    { values: weights, mask: maskOf(weights), regularised: true },
    { values: frozen, regularised: true, frozen: true },
    { values: bias, regularised: false },
  ]);
  for (let t = 0; t < 5; t++)
    await optimizer.step(
      [[Float32Array.of(1, 1, 1)], [Float32Array.of(1)], [Float32Array.of(0)]],
      0.1,
    );
  assert.equal(weights[1], 0);
  assert.ok(weights[0]! < 1);
  assert.equal(frozen[0], 5);
  assert.equal(bias[0], 3);
  applyMask(weights, Uint8Array.of(0, 1, 1));
  assert.equal(weights[0], 0);
});

test('survivors of a mask are updated as they would be alone, and what is pruned costs nothing', async () => {
  for (const spec of specs)
    for (const reg of [
      { l1: 0.01, l2: 0.1 },
      { l1: 0.01, l2: 0.1, decoupled: true },
    ]) {
      // a pruned connection may still hold its old value: it is 0 from the first step on
      const weights = Float32Array.of(1, 7, -2, 7, 7, 0.5);
      const mask = Uint8Array.of(1, 0, 1, 0, 0, 1);
      const alone = Float32Array.of(1, -2, 0.5);
      const masked = new Optimizer(spec, reg, [{ values: weights, mask, regularised: true }]);
      const plain = new Optimizer(spec, reg, [{ values: alone, regularised: true }]);
      for (let t = 0; t < 6; t++) {
        await masked.step([[weights.map((w) => 2 * w + 1)]], 0.05);
        await plain.step([[alone.map((w) => 2 * w + 1)]], 0.05);
      }
      assert.deepEqual([...weights], [alone[0], 0, alone[1], 0, 0, alone[2]]);
      const moments = masked.state().moments.map((m) => m.filter((_, i) => mask[i] === 1));
      assert.deepEqual(moments, plain.state().moments);
    }
});

test('a restored optimizer continues exactly where the saved one was', async () => {
  for (const spec of specs) {
    const run = async (steps: number, resumeAt: number): Promise<Float32Array> => {
      let values = Float32Array.of(1, -2);
      let optimizer = new Optimizer(spec, none, [{ values, regularised: false }]);
      for (let t = 0; t < steps; t++) {
        if (t === resumeAt) {
          const state = structuredClone(optimizer.state());
          values = values.slice();
          optimizer = new Optimizer(spec, none, [{ values, regularised: false }]);
          optimizer.restore(state);
        }
        await optimizer.step([[values.map((w) => 2 * w)]], 0.05);
      }
      return values;
    };
    assert.deepEqual(await run(12, 5), await run(12, -1));
  }
});

test('with helpers, and gradients in parts, every bit is as one thread alone makes it', async () => {
  const n = 20_001; // no multiple of anything
  const random = mulberry32(5);
  const noise = (into: Float32Array): Float32Array => into.map(() => random() - 0.5);
  for (const spec of specs)
    for (const reg of [none, { l1: 0.01, l2: 0.1 }, { l1: 0.01, l2: 0.1, decoupled: true }])
      for (const parts of [1, 2, 3]) {
        const alone = noise(new Float32Array(n));
        const values = sharedFloats(n);
        values.set(alone);
        let asked = 0;
        const helpers: Helpers = {
          size: 2,
          open: () => Promise.reject(new Error('not here')),
          update: async (step) => {
            for (const t of step.tensors)
              for (const array of [t.values, ...t.gradient, t.first, t.second])
                assert.ok(isShared(array), 'only what all threads see');
            asked++;
            update(step);
          },
        };
        const small = { values: noise(new Float32Array(5)), regularised: false };
        const divided = new Optimizer(spec, reg, [{ values, regularised: true }, small], helpers);
        const plain = new Optimizer(spec, reg, [{ values: alone, regularised: true }]);
        for (let t = 0; t < 3; t++) {
          const gradient = Array.from({ length: parts }, () => sharedFloats(n));
          gradient.forEach((part) => part.set(noise(new Float32Array(n))));
          await divided.step([gradient, [new Float32Array(5)]], 0.05);
          await plain.step([gradient], 0.05);
        }
        assert.equal(asked, 6, 'two helpers, three steps');
        assert.deepEqual(Buffer.from(values.slice().buffer), Buffer.from(alone.buffer));
      }
});

test('the gradient in parts is their mean', async () => {
  for (const l1 of [0, 0.1]) {
    const whole = Float32Array.of(1, -2, 3);
    const divided = whole.slice();
    const of = (values: Float32Array): Optimizer =>
      new Optimizer({ kind: 'adam' }, { l1, l2: 0.1 }, [{ values, regularised: true }]);
    const [one, many] = [of(whole), of(divided)];
    for (let t = 0; t < 5; t++) {
      await one.step([[Float32Array.of(2, 4, -6)]], 0.1);
      await many.step([[Float32Array.of(1, 2, -3), Float32Array.of(3, 6, -9)]], 0.1);
    }
    assert.deepEqual(divided, whole);
  }
});

test('gradients are clipped by their common norm', () => {
  const a = Float32Array.of(3, 0);
  const b = Float32Array.of(4);
  assert.equal(clipNorm([[a], [b]], 10), 5);
  assert.deepEqual([...a, ...b], [3, 0, 4]);
  assert.equal(clipNorm([[a], [b]], 1), 5);
  [0.6, 0, 0.8].forEach((v, i) => assert.ok(Math.abs([...a, ...b][i]! - v) < 1e-6));
  // of a gradient in parts, the norm of their mean
  const [one, two] = [Float32Array.of(6, 0), Float32Array.of(0, 8)];
  assert.equal(clipNorm([[one, two]], 1), 5);
  [1.2, 0, 0, 1.6].forEach((v, i) => assert.ok(Math.abs([...one, ...two][i]! - v) < 1e-6));
});

test("the worked example of Deep Compression's Figure 3: summed gradients move the centroids", async () => {
  const codes = Uint8Array.of(4, 1, 3, 2, 2, 2, 1, 4, 1, 4, 2, 1, 4, 2, 3, 3);
  const gradient = Float32Array.of(
    ...[-0.03, -0.01, 0.03, 0.02, -0.01, 0.01, -0.02, 0.12],
    ...[-0.01, 0.02, 0.04, 0.01, -0.07, -0.02, 0.01, -0.02],
  );
  const codebook = Float32Array.of(0, -1, 0, 1.5, 2);
  const sums = centroidGradient(gradient, codes, 5);
  [0, -0.03, 0.04, 0.02, 0.04].forEach((s, i) =>
    assert.ok(Math.abs(sums[i]! - s) < 1e-6, `${i}: ${sums[i]}`),
  );
  const optimizer = new Optimizer({ kind: 'sgd', momentum: 0 }, none, [
    { values: codebook, regularised: false },
  ]);
  await optimizer.step([[sums]], 1);
  [0, -0.97, -0.04, 1.48, 1.96].forEach((c, i) => assert.ok(Math.abs(codebook[i]! - c) < 1e-6));
  const values = new Float32Array(16);
  spreadCentroids(codebook, codes, values);
  assert.deepEqual(values.subarray(0, 4), Float32Array.of(1.96, -0.97, 1.48, -0.04));
  const pruned = Float32Array.of(5, 5, 5);
  spreadCentroids(codebook, Uint8Array.of(0, 4, 0), pruned);
  assert.deepEqual(pruned, Float32Array.of(0, codebook[4], 0), 'code 0 is written as 0');
  assert.equal(
    centroidGradient(gradient, new Uint8Array(16), 1)[0],
    0,
    'the pruned zero never moves',
  );
});

test('schedules start, pass and end where they say', () => {
  assert.equal(rateAt({ kind: 'constant', rate: 0.1 }, 0.7), 0.1);
  assert.equal(rateAt({ kind: 'cosine', rate: 1, end: 0.1 }, 0), 1);
  assert.ok(Math.abs(rateAt({ kind: 'cosine', rate: 1, end: 0.1 }, 0.5) - 0.55) < 1e-12);
  assert.ok(Math.abs(rateAt({ kind: 'cosine', rate: 1, end: 0.1 }, 1) - 0.1) < 1e-12);
  const steps = { kind: 'steps', rate: 1, factor: 0.1, boundaries: [0.5, 0.75] } as const;
  assert.deepEqual(
    [0, 0.5, 0.8].map((p) => Number(rateAt(steps, p).toFixed(9))),
    [1, 0.1, 0.01],
  );
  assert.ok(Math.abs(gradualSparsity(0.2, 0.9, 0) - 0.2) < 1e-12);
  assert.equal(gradualSparsity(0.2, 0.9, 1), 0.9);
  assert.ok(gradualSparsity(0, 0.9, 0.5) > 0.75, 'most of it in the first half');
  assert.ok(Math.abs(adjustedDropout(0.5, 100, 25) - 0.25) < 1e-12);
});
