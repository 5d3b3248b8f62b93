/** Heatmaps pixel by pixel, and which tiles a viewport asks for. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Tile } from '../../../src/view/types.ts';
import {
  colourBar,
  densityPixels,
  heatThemes,
  hex,
  magnitudePixels,
  rampColour,
  signedRamp,
  valuePixels,
  visibleTiles,
  type Colour,
} from '../../../webview/charts/heatmap.ts';
import { assertGolden, assertSound } from './view-samples.ts';

const base = { level: 0, x: 0, y: 0, size: 16, width: 4, height: 2, weights: 8 };
const pixel = (pixels: Uint8ClampedArray, i: number): number[] => [
  ...pixels.subarray(4 * i, 4 * i + 4),
];
/** Relative luminance (WCAG). */
const luminance = (c: Colour): number => {
  const [r, g, b] = c.map((v) =>
    v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

test('density: nothing is the background, all is the end of the ramp, between is on it', () => {
  for (const theme of Object.values(heatThemes)) {
    const tile: Tile = { ...base, density: Uint8Array.of(0, 1, 128, 255, 0, 0, 0, 0) };
    const pixels = densityPixels(tile, theme);
    assert.equal(pixels.length, 32);
    assert.deepEqual(pixel(pixels, 0), [...theme.background, 255]);
    assert.deepEqual(pixel(pixels, 1), [...rampColour(theme.amount, 1 / 255), 255]);
    assert.deepEqual(pixel(pixels, 2), [...rampColour(theme.amount, 128 / 255), 255]);
    assert.deepEqual(pixel(pixels, 3), [...(theme.amount.at(-1) ?? []), 255]);
  }
});

test('weights are coloured by sign and magnitude, NaN and infinities as a chequerboard', () => {
  const theme = heatThemes.light;
  const values = Float32Array.of(0, 1, -1, 0.25, NaN, Infinity, -Infinity, -0);
  const pixels = valuePixels({ ...base, values }, 1, theme);
  assert.deepEqual(pixel(pixels, 0), [...theme.background, 255]);
  assert.deepEqual(pixel(pixels, 7), [...theme.background, 255]);
  assert.deepEqual(pixel(pixels, 1), [...(theme.positive.at(-1) ?? []), 255]);
  assert.deepEqual(pixel(pixels, 2), [...(theme.negative.at(-1) ?? []), 255]);
  const half = rampColour(theme.positive, Math.round(255 * 0.5) / 255);
  assert.deepEqual(pixel(pixels, 3), [...half, 255], 'a quarter is at the root');
  assert.deepEqual(pixel(pixels, 4), [...theme.odd[1], 255]);
  assert.deepEqual(pixel(pixels, 5), [...theme.odd[0], 255]);
  const linear = valuePixels({ ...base, values }, 1, theme, 'linear');
  assert.notDeepEqual(pixel(linear, 3), pixel(pixels, 3));
});

test('magnitudes show what is odd and survive a ramp without length', () => {
  const max = Float32Array.of(0, 2, Infinity, 1, 0, 0, 0, 0);
  const theme = heatThemes.dark;
  const pixels = magnitudePixels({ ...base, max }, 'max', 2, theme);
  assert.deepEqual(pixel(pixels, 1), [...(theme.amount.at(-1) ?? []), 255]);
  assert.deepEqual(pixel(pixels, 2), [...theme.odd[0], 255]);
  assert.equal(magnitudePixels({ ...base, max }, 'max', 0, theme).length, 32);
  assert.throws(() => densityPixels({ ...base, max }, theme), /no densities/);
  assert.throws(() => valuePixels({ ...base, max }, 1, theme), /no values/);
  assert.throws(() => magnitudePixels({ ...base, max }, 'mean', 1, theme), /'mean'/);
});

test('lightness grows apart from the background along every ramp, so hue is not needed', () => {
  for (const [name, theme] of Object.entries(heatThemes))
    for (const ramp of [theme.amount, theme.negative, theme.positive]) {
      let last = 0;
      const from = luminance(theme.background);
      for (let i = 0; i <= 20; i++) {
        const apart = Math.abs(luminance(rampColour(ramp, i / 20)) - from);
        assert.ok(apart > last - 1e-9, `${name} at ${i}`);
        last = apart;
      }
    }
});

test('the least of something is told from nothing', () => {
  for (const { background, amount, negative, positive } of Object.values(heatThemes))
    for (const [first] of [amount, negative, positive]) {
      const [a, b] = [luminance(background), luminance(first)].sort((x, y) => x - y);
      assert.ok((b + 0.05) / (a + 0.05) > 1.3);
    }
});

test('a viewport asks for the tiles it touches, of blocks of a pixel or more', () => {
  const matrix = { rows: 4096, cols: 25088, topLevel: 15 };
  assert.deepEqual(
    visibleTiles(matrix, { left: 0, top: 0, width: 25088, height: 4096, scale: 1 / 32 }),
    { level: 5, size: 256, x0: 0, x1: 4, y0: 0, y1: 1 },
  );
  assert.deepEqual(
    visibleTiles(matrix, { left: 300, top: 500, width: 100, height: 50, scale: 8 }),
    { level: 0, size: 256, x0: 1, x1: 2, y0: 1, y1: 3 },
  );
  fc.assert(
    fc.property(
      fc.double({ min: -5e4, max: 5e4, noNaN: true }),
      fc.double({ min: -5e4, max: 5e4, noNaN: true }),
      fc.double({ min: 1e-6, max: 100, noNaN: true }),
      (left, top, scale) => {
        const [width, height] = [1000 / scale, 700 / scale];
        const r = visibleTiles(matrix, { left, top, width, height, scale });
        const side = r.size * 2 ** r.level;
        assert.ok(r.level >= 0 && r.level <= 15 && r.x0 >= 0 && r.y0 >= 0);
        if (r.level > 0 && r.level < 15)
          assert.ok(2 ** r.level * scale >= 1 && 2 ** r.level * scale < 2.001);
        assert.ok((r.x1 - 1) * side < 25088 && (r.y1 - 1) * side < 4096);
        // covered: whatever is visible of the matrix
        const seen = Math.min(25088, left + width) > Math.max(0, left);
        if (seen)
          assert.ok(
            r.x0 * side <= Math.max(0, left) && r.x1 * side >= Math.min(25088, left + width),
          );
        assert.ok((r.x1 - r.x0) * (r.y1 - r.y0) <= 60, 'a screen never needs many');
      },
    ),
  );
});

test('the key to the colours is drawn as it was', () => {
  const { amount } = heatThemes.light;
  const bar = colourBar(amount, ['none', 'all'], { width: 160, height: 10 }, 'Density');
  assertSound(bar);
  assertGolden('colour-bar.svg', bar);
  const signed = signedRamp(heatThemes.light);
  assert.equal(hex(rampColour(signed, 0.5)), '#ffffff');
});
