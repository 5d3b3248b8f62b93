/**
 * Heatmaps as pixels: a tile of a matrix becomes RGBA bytes for an ImageData, 4 a block, and which
 * tiles a viewport needs at which level. Nothing (a pruned weight, an empty block) has the colour of
 * the background and the least of something is told from it at a glance, by lightness and not by hue
 * alone. NaN and infinities are a chequerboard, which no value gives. Pure functions; the page owns
 * the canvas.
 */
import type { Tile } from '../../src/engine/protocol-view.ts';
import { picture } from './axis.ts';
import { node, round, type SvgNode } from './svg.ts';

export type Colour = readonly [red: number, green: number, blue: number];

export interface HeatTheme {
  readonly background: Colour;
  /** From the least of something to all of it. */
  readonly amount: readonly Colour[];
  /** From the smallest magnitude to the largest, by sign. */
  readonly negative: readonly Colour[];
  readonly positive: readonly Colour[];
  /** The two colours of the chequerboard. */
  readonly odd: readonly [Colour, Colour];
}

/** Monotone in lightness, away from the background; blue and orange are told apart by the
 * colour-blind, and the sign is also in the data table and under the pointer. */
export const heatThemes: Readonly<Record<'light' | 'dark' | 'contrast', HeatTheme>> = {
  light: {
    background: [255, 255, 255],
    amount: [
      [198, 219, 239],
      [107, 174, 214],
      [33, 113, 181],
      [8, 48, 107],
    ],
    negative: [
      [253, 208, 162],
      [253, 141, 60],
      [166, 54, 3],
    ],
    positive: [
      [198, 219, 239],
      [66, 146, 198],
      [8, 69, 148],
    ],
    odd: [
      [0, 0, 0],
      [255, 230, 0],
    ],
  },
  dark: {
    background: [30, 30, 30],
    amount: [
      [46, 74, 110],
      [58, 120, 178],
      [116, 180, 225],
      [222, 239, 250],
    ],
    negative: [
      [104, 62, 28],
      [209, 109, 30],
      [255, 209, 150],
    ],
    positive: [
      [38, 66, 104],
      [62, 138, 204],
      [190, 226, 250],
    ],
    odd: [
      [255, 255, 255],
      [220, 0, 120],
    ],
  },
  contrast: {
    background: [0, 0, 0],
    amount: [
      [90, 90, 90],
      [150, 150, 150],
      [205, 205, 205],
      [255, 255, 255],
    ],
    negative: [
      [140, 80, 0],
      [230, 140, 0],
      [255, 210, 120],
    ],
    positive: [
      [0, 100, 150],
      [0, 170, 230],
      [160, 230, 255],
    ],
    odd: [
      [255, 255, 255],
      [255, 0, 255],
    ],
  },
};

/** Colour of 0 .. 1 on a ramp, straight between its stops. */
export function rampColour(ramp: readonly Colour[], at: number): Colour {
  const place = Math.min(1, Math.max(0, at)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 1, Math.floor(place));
  const high = Math.min(ramp.length - 1, low + 1);
  const mix = (c: 0 | 1 | 2): number =>
    Math.round(ramp[low][c] + (ramp[high][c] - ramp[low][c]) * (place - low));
  return [mix(0), mix(1), mix(2)];
}

const steps = 256;

/** Pixels as whole 32-bit words, red in the first byte whatever the machine. */
function packed([red, green, blue]: Colour): number {
  const bytes = Uint8Array.of(red, green, blue, 255);
  return new Uint32Array(bytes.buffer)[0];
}

function table(ramp: readonly Colour[]): Uint32Array {
  return Uint32Array.from({ length: steps }, (_, i) => packed(rampColour(ramp, i / (steps - 1))));
}

export type Pixels = Uint8ClampedArray<ArrayBuffer>;

/** Share of weights that are left in each block. @throws RangeError without the channel `density` */
export function densityPixels(tile: Tile, theme: HeatTheme): Pixels {
  const { density } = tile;
  if (density === undefined) throw new RangeError('the tile has no densities');
  const colours = table(theme.amount);
  colours[0] = packed(theme.background);
  return painted(density.length, (i) => colours[density[i]]!);
}

/** `linear`, or `root`, which lifts what is small. */
export type HeatScale = 'linear' | 'root';

/** Mean or largest magnitudes; `most` is the end of the ramp. */
export function magnitudePixels(
  tile: Tile,
  channel: 'mean' | 'max',
  most: number,
  theme: HeatTheme,
  scale: HeatScale = 'root',
): Pixels {
  const values = tile[channel];
  if (values === undefined) throw new RangeError(`the tile has no channel '${channel}'`);
  const colours = table(theme.amount);
  const background = packed(theme.background);
  const odd = theme.odd.map(packed);
  return painted(values.length, (i) => {
    const v = values[i];
    if (v - v !== 0) return odd[chequer(i, tile.width)];
    return v === 0 ? background : colours[step(v, most, scale)];
  });
}

/** Single weights by sign and magnitude. */
export function valuePixels(
  tile: Tile,
  most: number,
  theme: HeatTheme,
  scale: HeatScale = 'root',
): Pixels {
  const { values } = tile;
  if (values === undefined) throw new RangeError('the tile has no values');
  const negative = table(theme.negative);
  const positive = table(theme.positive);
  const background = packed(theme.background);
  const odd = theme.odd.map(packed);
  return painted(values.length, (i) => {
    const v = values[i];
    if (v - v !== 0) return odd[chequer(i, tile.width)];
    if (v === 0) return background;
    return (v < 0 ? negative : positive)[step(Math.abs(v), most, scale)];
  });
}

function painted(count: number, colour: (i: number) => number): Pixels {
  const pixels = new Uint8ClampedArray(4 * count);
  const words = new Uint32Array(pixels.buffer);
  for (let i = 0; i < count; i++) words[i] = colour(i);
  return pixels;
}

function step(magnitude: number, most: number, scale: HeatScale): number {
  const share = most > 0 ? Math.min(1, magnitude / most) : 1;
  return Math.round((steps - 1) * (scale === 'root' ? Math.sqrt(share) : share));
}

function chequer(i: number, width: number): 0 | 1 {
  return (((i % width) + Math.floor(i / width)) & 1) as 0 | 1;
}

/** What of a matrix is on the screen, in weights, and how many pixels a weight takes. */
export interface Viewport {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly scale: number;
}

export interface TileRange {
  readonly level: number;
  readonly size: number;
  /** Tiles [x0, x1) x [y0, y1). */
  readonly x0: number;
  readonly x1: number;
  readonly y0: number;
  readonly y1: number;
}

/** The level whose blocks take at least one pixel, and the tiles of it that the viewport touches. */
export function visibleTiles(
  matrix: {
    readonly rows: number;
    readonly cols: number;
    readonly topLevel: number;
    readonly finest?: number;
  },
  viewport: Viewport,
  size = 256,
): TileRange {
  const wanted = Math.ceil(-Math.log2(viewport.scale) - 1e-9);
  const level = Math.min(matrix.topLevel, Math.max(matrix.finest ?? 0, wanted));
  const side = size * 2 ** level;
  const range = (from: number, length: number, limit: number): [number, number] => {
    const last = Math.ceil(limit / side);
    const first = Math.min(last, Math.max(0, Math.floor(from / side)));
    return [first, Math.max(first, Math.min(last, Math.ceil((from + length) / side)))];
  };
  const [x0, x1] = range(viewport.left, viewport.width, matrix.cols);
  const [y0, y1] = range(viewport.top, viewport.height, matrix.rows);
  return { level, size, x0, x1, y0, y1 };
}

/** The key to a ramp: little on the left, much on the right, with a label at each end. */
export function colourBar(
  ramp: readonly Colour[],
  labels: readonly [string, string],
  size: { readonly width: number; readonly height: number },
  summary: string,
): SvgNode {
  const count = 32;
  const pitch = size.width / count;
  const cells = Array.from({ length: count }, (_, i) =>
    node('rect', {
      x: round(i * pitch),
      y: 0,
      width: round(pitch + 0.5),
      height: size.height,
      fill: hex(rampColour(ramp, i / (count - 1))),
    }),
  );
  const y = size.height + 13;
  return picture(size.width, size.height + 18, summary, [
    ...cells,
    node('text', { x: 0, y, class: 'tick' }, labels[0]),
    node('text', { x: size.width, y, class: 'tick', 'text-anchor': 'end' }, labels[1]),
  ]);
}

/** How NaN and infinities look. */
export function oddSwatch(theme: HeatTheme): SvgNode {
  const side = 10;
  const cells = [0, 1, 2, 3].map((i) =>
    node('rect', { x: i * side, y: 0, width: side, height: side, fill: hex(theme.odd[i & 1]) }),
  );
  return node('svg', { width: 4 * side, height: side, 'aria-hidden': 'true' }, ...cells);
}

/** A ramp from one sign's largest through nothing to the other's. */
export function signedRamp(theme: HeatTheme): Colour[] {
  return [...[...theme.negative].reverse(), theme.background, ...theme.positive];
}

export function hex(colour: Colour): string {
  return `#${colour.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}
