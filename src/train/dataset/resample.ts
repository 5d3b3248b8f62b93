/**
 * Pictures brought to the size and the channels of a model's input, as Pillow's `ImageOps.fit` does it:
 * the largest part in the middle with the wanted proportions, bilinear, averaged over what a pixel covers
 * when it shrinks; and its `convert('L')` for colour that becomes grey (ITU-R 601).
 */
import type { Picture } from './image.ts';

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** @returns rows of pixels, the channels of a pixel side by side */
export function fitPicture(picture: Picture, frame: Frame): Uint8Array {
  const { width, height, channels, data } = recoloured(picture, frame.channels);
  if (width === frame.width && height === frame.height) return data;
  const wide = width * frame.height > height * frame.width;
  const boxWidth = wide ? (height * frame.width) / frame.height : width;
  const boxHeight = wide ? height : (width * frame.height) / frame.width;
  const across = weightsFor(width, (width - boxWidth) / 2, boxWidth, frame.width);
  const down = weightsFor(height, (height - boxHeight) / 2, boxHeight, frame.height);
  const narrow = new Uint8Array(frame.width * height * channels);
  const row = frame.width * channels;
  resample(data, narrow, across, {
    ...{ lines: height, channels },
    ...{ step: channels, line: width * channels, resultStep: channels, resultLine: row },
  });
  const result = new Uint8Array(row * frame.height);
  const vertical = { lines: row, channels: 1, step: row, line: 1, resultStep: row, resultLine: 1 };
  resample(narrow, result, down, vertical);
  return result;
}

function recoloured({ width, height, channels, data }: Picture, wanted: 1 | 3): Picture {
  if (channels === wanted) return { width, height, channels, data };
  const pixels = width * height;
  const changed = new Uint8Array(pixels * wanted);
  for (let i = 0; i < pixels; i++)
    if (wanted === 3) changed.fill(data[i]!, 3 * i, 3 * i + 3);
    else
      changed[i] =
        (data[3 * i]! * 19595 + data[3 * i + 1]! * 38470 + data[3 * i + 2]! * 7471 + 0x8000) >> 16;
  return { width, height, channels: wanted, data: changed };
}

interface Weights {
  /** Of each result: the first source, and how many. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `most` for each result. */
  readonly values: Float64Array;
  readonly most: number;
}

/** A triangle over each result's place in the source, as wide as a result, or two sources. */
function weightsFor(length: number, from: number, box: number, results: number): Weights {
  const scale = box / results;
  const support = Math.max(1, scale);
  const most = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(results);
  const count = new Int32Array(results);
  const values = new Float64Array(results * most);
  for (let i = 0; i < results; i++) {
    const centre = from + (i + 0.5) * scale;
    const low = Math.max(0, Math.floor(centre - support + 0.5));
    const high = Math.min(length, Math.floor(centre + support + 0.5));
    let sum = 0;
    for (let x = low; x < high; x++) {
      const weight = Math.max(0, 1 - Math.abs(x - centre + 0.5) / support);
      values[i * most + x - low] = weight;
      sum += weight;
    }
    for (let x = low; x < high; x++) values[i * most + x - low]! /= sum;
    first[i] = low;
    count[i] = high - low;
  }
  return { first, count, values, most };
}

/** How lines lie in the source and in the result, in values. */
interface Lines {
  readonly lines: number;
  /** Values side by side that are resampled alike. */
  readonly channels: number;
  /** From one to the next along the axis, and from line to line. */
  readonly step: number;
  readonly line: number;
  readonly resultStep: number;
  readonly resultLine: number;
}

/** Along one axis, for all lines across it; rounded to bytes. */
function resample(
  source: Uint8Array,
  target: Uint8Array,
  { first, count, values, most }: Weights,
  { lines, channels, step, line, resultStep, resultLine }: Lines,
): void {
  for (let n = 0; n < lines; n++)
    for (let i = 0; i < first.length; i++)
      for (let c = 0; c < channels; c++) {
        let sum = 0.5;
        const from = n * line + first[i]! * step + c;
        for (let k = 0; k < count[i]!; k++) sum += source[from + k * step]! * values[i * most + k]!;
        target[n * resultLine + i * resultStep + c] = Math.min(255, sum);
      }
}
