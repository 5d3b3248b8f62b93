/**
 * Images moved, turned, stretched, slanted and mirrored at random, so that a network sees no sample
 * twice (Simard et al. 2003, section 2): one affine map a sample, about the middle of the picture, sampled
 * bilinearly; what comes in from outside repeats the border. Labels stay what they were.
 */
import { dataError } from './array.ts';
import type { Dataset } from './dataset.ts';

export interface Augmentation {
  /** Largest move along each axis, in pixels. */
  readonly shift: number;
  /** Largest turn, in degrees. */
  readonly rotate: number;
  /** Largest change of each side's length, as a share of it. */
  readonly scale: number;
  /** Largest slant: how far a row moves for each row it is from the middle. */
  readonly shear: number;
  /** Whether left and right change places in half of the samples. */
  readonly mirror: boolean;
}

/** How a sample's values make up a picture. */
export interface ImageShape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Channels of a pixel stand together (height x width x channels). */
  readonly interleaved: boolean;
}

/**
 * How samples of this shape are pictures: height x width, channels x height x width, or height x
 * width x channels where only the last axis is short enough for channels. Undefined for others.
 */
export function imageShape(shape: readonly number[]): ImageShape | undefined {
  const most = 4;
  if (shape.length === 2)
    return { channels: 1, height: shape[0]!, width: shape[1]!, interleaved: false };
  if (shape.length !== 3) return undefined;
  const [a, b, c] = shape as [number, number, number];
  if (a <= most || c > most) return { channels: a, height: b, width: c, interleaved: false };
  return { channels: c, height: a, width: b, interleaved: true };
}

/**
 * What changes the pictures of a batch, in samples of `shape`; undefined when the recipe asks for
 * nothing.
 * @throws DeepCompressionError `invalid-input` when samples of this shape are no pictures
 */
export function augmenter(
  spec: Augmentation,
  { name, shape }: Pick<Dataset, 'name' | 'shape'>,
): ((batch: Float32Array, random: () => number) => void) | undefined {
  const { shift, rotate, scale, shear, mirror } = spec;
  if (!shift && !rotate && !scale && !shear && !mirror) return undefined;
  const image = imageShape(shape);
  if (!image) throw dataError(name, `augment is for pictures, a sample is ${shape.join(' x ')}`);
  return (batch, random) => augment(batch, image, spec, random);
}

/** Changes every picture of `batch` in place, each by a map of its own drawn from `random`. */
export function augment(
  batch: Float32Array,
  { channels, height, width, interleaved }: ImageShape,
  spec: Augmentation,
  random: () => number,
): void {
  const size = channels * height * width;
  const source = new Float32Array(size);
  const step = interleaved ? channels : 1;
  const plane = interleaved ? 1 : height * width;
  for (let at = 0; at < batch.length; at += size) {
    source.set(batch.subarray(at, at + size));
    const map = drawMap(spec, height, width, random);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const fromX = within(map.xx * x + map.xy * y + map.x, width);
        const fromY = within(map.yx * x + map.yy * y + map.y, height);
        const left = Math.floor(fromX);
        const top = Math.floor(fromY);
        const right = Math.min(left + 1, width - 1);
        const bottom = Math.min(top + 1, height - 1);
        const byX = fromX - left;
        const byY = fromY - top;
        for (let c = 0; c < channels; c++) {
          const o = c * plane;
          const above =
            source[o + (top * width + left) * step]! * (1 - byX) +
            source[o + (top * width + right) * step]! * byX;
          const below =
            source[o + (bottom * width + left) * step]! * (1 - byX) +
            source[o + (bottom * width + right) * step]! * byX;
          batch[at + o + (y * width + x) * step] = above * (1 - byY) + below * byY;
        }
      }
  }
}

/** Where a pixel comes from: x' = xx x + xy y + x, y' = yx x + yy y + y. */
interface AffineMap {
  readonly xx: number;
  readonly xy: number;
  readonly yx: number;
  readonly yy: number;
  readonly x: number;
  readonly y: number;
}

function drawMap(
  { shift, rotate, scale, shear, mirror }: Augmentation,
  height: number,
  width: number,
  random: () => number,
): AffineMap {
  const upTo = (most: number): number => (2 * random() - 1) * most;
  const angle = (upTo(rotate) * Math.PI) / 180;
  const stretchX = 1 + upTo(scale);
  const stretchY = 1 + upTo(scale);
  const slant = upTo(shear);
  const moveX = upTo(shift);
  const moveY = upTo(shift);
  const turned = mirror && random() < 0.5 ? -1 : 1;
  const xx = (turned * Math.cos(angle)) / stretchX;
  const xy = (turned * (Math.sin(angle) + slant)) / stretchX;
  const yx = -Math.sin(angle) / stretchY;
  const yy = Math.cos(angle) / stretchY;
  // about the middle of the picture, which itself moves
  const middleX = (width - 1) / 2;
  const middleY = (height - 1) / 2;
  const awayX = middleX + moveX;
  const awayY = middleY + moveY;
  return {
    xx,
    xy,
    yx,
    yy,
    x: middleX - xx * awayX - xy * awayY,
    y: middleY - yx * awayX - yy * awayY,
  };
}

const within = (v: number, length: number): number => (v < 0 ? 0 : v > length - 1 ? length - 1 : v);
