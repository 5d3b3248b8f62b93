import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { hashedPlaces, hashedWeights } from '../../../src/compress/hash/places.ts';
import { xxh32 } from '../../../src/compress/hash/xxh32.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { slowHashedWeights, slowXxh32 } from '../compress/slow-hash.ts';
import { hashedGradient, hashedOf, spreadHashed } from '../../../src/train/methods/hashed.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hash = (text: string, seed: number): number => xxh32(bytes(text), text.length, seed);

test('XXH32 gives the published values and those of the authors of HashedNets', () => {
  assert.equal(hash('', 0), 0x02cc5d05);
  assert.equal(hash('abc', 0), 0x32d153ff);
  assert.equal(hash('123_123idxW', 1691), 2040358820);
  assert.equal(hash('100010011002_784785786idxW', 1691), 1285690235);
  assert.equal(hash('0_0idxW', 2), 2663506068);
});

test('XXH32 is that of its specification for bytes of any length and any seed', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 70 }),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (data, seed) => xxh32(data, data.length, seed) === slowXxh32(data, seed),
    ),
  );
});

const mnist = {
  values: 98_000,
  outputs: 1000,
  inputs: 784,
  transposed: false,
  bias: false,
  seed: 1691,
};

test("weights take the places and signs of the authors' code", () => {
  const at = (i: number, j: number): number => {
    const place = new Int32Array(1);
    hashedPlaces(mnist, (i - 1) * 784 + j - 1, place);
    return place[0]!;
  };
  const negative = mnist.values;
  // buckets count from 1 there
  assert.equal(at(1, 1), negative + 96_821 - 1);
  assert.equal(at(1, 2), negative + 97_160 - 1);
  assert.equal(at(2, 1), negative + 27_033 - 1);
  assert.equal(at(10, 9), 97_221 - 1);
  assert.equal(at(1000, 784), negative + 28_236 - 1);
});

test('weights from any place on are what the formula says, in either order and for biases', () => {
  const random = mulberry32(4);
  for (const [outputs, inputs, transposed, bias] of [
    [12, 104, false, false],
    [12, 104, true, false],
    [120, 1, false, true],
  ] as const) {
    const layout = { values: 17, outputs, inputs, transposed, bias, seed: 1691 };
    const values = Float32Array.from({ length: 17 }, () => random() - 0.5);
    const expected = slowHashedWeights(layout, values);
    for (const from of [0, 1, 53]) {
      const target = new Float32Array(expected.length - from);
      hashedWeights(layout, values, from, target);
      assert.deepEqual(target, expected.subarray(from));
    }
  }
});

test('gradients of shared values are the derivative of a loss of the weights', () => {
  const random = mulberry32(3);
  const layout = { values: 9, outputs: 6, inputs: 11, transposed: false, bias: false, seed: 1691 };
  const weights = Float32Array.from({ length: 66 }, () => random() - 0.5);
  const target = Float64Array.from(weights, () => random() - 0.5);
  const hashed = hashedOf(weights, layout);
  const seen = new Float32Array(66);
  const loss = (): number => {
    spreadHashed(hashed, seen);
    return seen.reduce((sum, v, i) => sum + 0.5 * (v - target[i]!) ** 2, 0);
  };
  loss();
  const gradient = hashedGradient(
    hashed,
    seen.map((v, i) => v - target[i]!),
  );
  for (let k = 0; k < 9; k++) {
    const kept = hashed.values[k]!;
    hashed.values[k] = kept + 1 / 64;
    const above = loss();
    hashed.values[k] = kept - 1 / 64;
    const below = loss();
    hashed.values[k] = kept;
    assert.ok(Math.abs((above - below) * 32 - gradient[k]!) < 1e-4, `value ${k}`);
  }
});

test('a hashed layer begins with the norm that its weights have', () => {
  const random = mulberry32(5);
  const layout = { ...mnist, values: 500, outputs: 50, inputs: 80 };
  const weights = Float32Array.from({ length: 4000 }, () => random() - 0.5);
  const seen = new Float32Array(4000);
  spreadHashed(hashedOf(weights, layout), seen);
  const norm = (values: Float32Array): number => Math.hypot(...values);
  assert.ok(Math.abs(norm(seen) / norm(weights) - 1) < 0.1);
});
