import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mulberry32 } from '../../../src/model/random.ts';
import { augment, augmenter, imageShape } from '../../../src/train/dataset/augment.ts';

const none = { shift: 0, rotate: 0, scale: 0, shear: 0, mirror: false };
const picture = (n: number, seed: number): Float32Array => {
  const random = mulberry32(seed);
  return Float32Array.from({ length: n }, () => random());
};
const close = (a: Float32Array, b: Float32Array): void =>
  a.forEach((v, i) => assert.ok(Math.abs(v - b[i]!) < 1e-5, `${i}: ${v} ${b[i]}`));

test('shapes are read as pictures where they can be', () => {
  const of = (channels: number, height: number, width: number, interleaved: boolean) => ({
    channels,
    height,
    width,
    interleaved,
  });
  assert.deepEqual(imageShape([28, 20]), of(1, 28, 20, false));
  assert.deepEqual(imageShape([3, 32, 24]), of(3, 32, 24, false));
  assert.deepEqual(imageShape([32, 24, 3]), of(3, 32, 24, true));
  assert.equal(imageShape([784]), undefined);
  assert.equal(imageShape([2, 3, 4, 5]), undefined);
});

test('nothing asked for is nothing done, and what is no picture is refused in one line', () => {
  assert.equal(augmenter(none, { name: 'd', shape: [784] }), undefined);
  assert.throws(() => augmenter({ ...none, shift: 1 }, { name: 'd.csv', shape: [784] }), {
    code: 'invalid-input',
    message: 'd.csv: augment is for pictures, a sample is 784',
  });
});

test('a quarter turn, a mirror and a whole pixel move values without changing them', () => {
  const size = 5;
  const image = { channels: 2, height: size, width: size, interleaved: false };
  const before = picture(2 * size * size, 3);
  const at = (c: number, y: number, x: number): number => before[(c * size + y) * size + x]!;
  // draws in order: turn, stretch x, stretch y, slant, move x, move y, then the coin
  const drawn = (...values: number[]) => {
    let i = 0;
    return () => values[i++]!;
  };
  const turned = before.slice();
  augment(turned, image, { ...none, rotate: 90 }, drawn(1, 0.5, 0.5, 0.5, 0.5, 0.5));
  const moved = before.slice();
  augment(moved, image, { ...none, shift: 1 }, drawn(0.5, 0.5, 0.5, 0.5, 1, 0.5));
  const mirrored = before.slice();
  augment(mirrored, image, { ...none, mirror: true }, drawn(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0));
  const wanted = (from: (c: number, y: number, x: number) => number) =>
    Float32Array.from({ length: 2 * size * size }, (_, i) =>
      from(Math.floor(i / size / size), Math.floor(i / size) % size, i % size),
    );
  const last = size - 1;
  close(
    turned,
    wanted((c, y, x) => at(c, last - x, y)),
  );
  close(
    moved,
    wanted((c, y, x) => at(c, y, Math.max(0, x - 1))),
  );
  close(
    mirrored,
    wanted((c, y, x) => at(c, y, last - x)),
  );
});

test('channels that stand together are moved as those that stand apart', () => {
  const [height, width, channels] = [7, 9, 3];
  const apart = picture(2 * height * width * channels, 5);
  const together = new Float32Array(apart.length);
  const plane = height * width;
  const place = (n: number, c: number, p: number) => [
    (n * channels + c) * plane + p,
    (n * plane + p) * channels + c,
  ];
  const each = (visit: (from: number, to: number) => void): void => {
    for (let n = 0; n < 2; n++)
      for (let c = 0; c < channels; c++)
        for (let p = 0; p < plane; p++) visit(...(place(n, c, p) as [number, number]));
  };
  each((from, to) => (together[to] = apart[from]!));
  const spec = { shift: 2, rotate: 20, scale: 0.2, shear: 0.2, mirror: true };
  const shape = { channels, height, width };
  augment(apart, { ...shape, interleaved: false }, spec, mulberry32(8));
  augment(together, { ...shape, interleaved: true }, spec, mulberry32(8));
  each((from, to) => assert.equal(together[to], apart[from]));
});

test('values stay within those of the picture, and the same seed gives the same pictures', () => {
  const spec = { shift: 4, rotate: 45, scale: 0.5, shear: 0.5, mirror: true };
  const image = { channels: 1, height: 12, width: 10, interleaved: false };
  const before = picture(8 * 120, 1);
  const [once, again] = [7, 7].map((seed) => {
    const batch = before.slice();
    augment(batch, image, spec, mulberry32(seed));
    return batch;
  });
  assert.deepEqual(once, again);
  assert.notDeepEqual(once, before);
  assert.ok(once!.every((v) => v >= 0 && v <= 1));
});
