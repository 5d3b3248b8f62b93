/**
 * Orders, refits and choices beside plain references: least squares on the samples themselves, and the
 * removal of one channel after another with a refit from scratch each time.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Moments } from '../../../src/compress/moments.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { chooseGone } from '../../../src/structure/choose.ts';
import { orderOf } from '../../../src/structure/order.ts';
import { refit } from '../../../src/structure/refit.ts';
import { inverse, solve } from '../../../src/structure/solve.ts';
import { workOf } from '../../../src/structure/work.ts';
import { observeDims } from '../../../src/engine/structure/observe.ts';
import { graph, model, node, tensor, value } from '../../fixtures/onnx-writer.ts';
import { nodeRuntime } from '../train/runtimes.ts';
import { analysed, feedsOf } from './support.ts';

const random = mulberry32(9);
const some = (count: number): Float64Array =>
  Float64Array.from({ length: count }, () => 2 * random() - 1);

/** Samples of n inputs that hang together. */
function samplesOf(count: number, n: number): Float64Array[] {
  const mix = some(n * n);
  return Array.from({ length: count }, () => {
    const z = some(n);
    return Float64Array.from({ length: n }, (_, i) => {
      let sum = 0.3;
      for (let j = 0; j < n; j++) sum += mix[i * n + j] * z[j];
      return sum;
    });
  });
}

function momentsOf(samples: readonly Float64Array[], n: number): Moments {
  const second = new Float64Array(n * n);
  const mean = new Float64Array(n);
  for (const x of samples)
    for (let i = 0; i < n; i++) {
      mean[i] += x[i] / samples.length;
      for (let j = 0; j < n; j++) second[i * n + j] += (x[i] * x[j]) / samples.length;
    }
  const count = Float64Array.of(samples.length);
  return { columns: n, setOf: Uint32Array.of(0), sets: 1, block: n, second, mean, count };
}

/** Mean squared distance of W x from W' x + b over the samples. */
function errorOf(
  samples: readonly Float64Array[],
  weights: Float64Array,
  changed: Float64Array,
  shift: Float64Array,
): number {
  const n = samples[0].length;
  let error = 0;
  for (const x of samples)
    for (let r = 0; r < shift.length; r++) {
      let d = -shift[r];
      for (let c = 0; c < n; c++) d += (weights[r * n + c] - changed[r * n + c]) * x[c];
      error += (d * d) / samples.length;
    }
  return error;
}

test('solve and inverse undo the multiplication by the matrix', () => {
  const n = 7;
  const a = momentsOf(samplesOf(50, n), n).second;
  const inverted = inverse(a.slice(), n)!;
  const right = some(2 * n);
  const solved = right.slice();
  assert.ok(solve(a.slice(), n, solved));
  for (let r = 0; r < 2; r++)
    for (let i = 0; i < n; i++) {
      let product = 0;
      let sum = 0;
      for (let j = 0; j < n; j++) {
        product += a[i * n + j] * solved[r * n + j];
        sum += inverted[i * n + j] * right[r * n + j];
      }
      assert.ok(Math.abs(product - right[r * n + i]) < 1e-8);
      assert.ok(Math.abs(sum - solved[r * n + i]) < 1e-8);
    }
  assert.equal(solve(Float64Array.of(1, 2, 2, 1), 2, new Float64Array(2)), false);
});

for (const centred of [false, true])
  test(`a refit ${centred ? 'with' : 'without'} a bias is the best there is: every step away from it is worse`, () => {
    const [n, rows] = [8, 3];
    const samples = samplesOf(200, n);
    const weights = some(rows * n);
    const gone = Uint8Array.of(0, 1, 0, 0, 1, 0, 0, 1);
    const { weights: fitted, shift } = refit(weights, rows, momentsOf(samples, n), gone, centred);
    for (let i = 0; i < fitted.length; i++) if (gone[i % n]) assert.equal(fitted[i], 0);
    const best = errorOf(samples, weights, fitted, shift);
    const cut = weights.map((w, i) => (gone[i % n] ? 0 : w));
    assert.ok(best < 0.5 * errorOf(samples, weights, cut, new Float64Array(rows)));
    // damping, a hundredth, lets a step in one direction gain next to nothing
    for (let i = 0; i < fitted.length; i++)
      for (const step of [0.05, -0.05]) {
        if (gone[i % n]) continue;
        const other = fitted.slice();
        other[i] += step;
        assert.ok(errorOf(samples, weights, other, shift) > best * 0.98);
      }
  });

/** Two layers: 6 channels between them. */
const between = model(
  graph([node('MatMul', ['x', 'a'], ['h']), node('MatMul', ['h', 'b'], ['y'])], {
    inputs: [value('x', [1, 4])],
    outputs: [value('y', [1, 5])],
    initializers: [
      tensor('a', [4, 6], { values: [...some(24)] }),
      tensor('b', [6, 5], { values: [...some(30)] }),
    ],
  }),
);

test('channels go in the order in which a refit from scratch loses least, one after another', async () => {
  const found = await analysed(between, feedsOf({ x: [1, 4] }));
  const [group] = found.found.groups;
  const b = found.model.tensors.findIndex(({ name }) => name === 'b');
  const samples = samplesOf(300, 6);
  const moments = momentsOf(samples, 6);
  const order = orderOf(found.model, found.found, group, 'outputs', new Map([[b, moments]]))!;
  const stored = new Float64Array(30);
  found.model.reader.readValues(found.model.tensors[b], 0, stored);
  const weights = Float64Array.from(
    { length: 30 },
    (_, i) => stored[(i % 6) * 5 + Math.floor(i / 6)],
  );
  const gone = new Uint8Array(6);
  for (const channel of order.channels.slice(0, 4)) {
    const errors = [...gone.keys()].map((c) => {
      if (gone[c]) return Infinity;
      const more = gone.slice();
      more[c] = 1;
      const { weights: fitted, shift } = refit(weights, 5, moments, more, true);
      return errorOf(samples, weights, fitted, shift);
    });
    const index = found.found.places.get(channel)!.find(({ tensor: id }) => id === b)!.indices[0];
    const least = Math.min(...errors);
    assert.ok(errors[index] < 1.05 * least, `${errors[index]} where ${least} was to be had`);
    gone[index] = 1;
  }
});

test('a share of the work is met, groups keep a multiple, and none is emptied', async () => {
  const found = await analysed(between, feedsOf({ x: [1, 4] }));
  const observed = await observeDims(found.model, between, nodeRuntime, feedsOf({ x: [1, 4] }));
  const work = workOf(found.model, observed);
  assert.equal(work.total, 4 * 6 + 6 * 5);
  const orders = new Map(
    found.found.groups.map((g) => [g, orderOf(found.model, found.found, g, 'l2', undefined)!]),
  );
  const gone = (keep: number, of: 'work' | 'channels', multiple = 1): number =>
    chooseGone(found.model, found.found, work, orders, { keep, of, multiple }).size;
  assert.equal(gone(0.5, 'work'), 3);
  assert.equal(gone(0.5, 'channels', 4), 2);
  assert.equal(gone(0.01, 'channels'), 5);
  assert.equal(gone(0.001, 'work'), 5);
  assert.equal(gone(0.9, 'work', 4), 2);
});
