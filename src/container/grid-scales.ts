/**
 * Scales of grids in the adaptive stream (docs/dcz-format.md, section 6.3). Channels of one layer have
 * like scales, so each is predicted by the running mean of those before it, and of the difference the
 * bit length, the sign and the highest bit below the leading one are coded adaptively, the rest as it
 * is. With the preset safe a scale, in 16ths of an octave, takes 3.4 bits in text
 * direction, 5.7 in text detection and 4.4 in voice activity (codebook bytes over channels).
 */
import { columnScaleLimit, scaleLimit } from '../compress/share/scales.ts';
import type { AdaptiveCoder } from './adaptive.ts';
import { codeTree } from './codebook.ts';

const shiftBits = 3;
const lengthBits = 5;
/** Bit lengths of the difference before, and one class more for the first of a tensor. */
const lengthClasses = 19;
const firstClass = lengthClasses - 1;
const longest = 17;

const shiftTree = 0;
const lengthTree = shiftTree + (1 << shiftBits);
const signs = lengthTree + lengthClasses * (1 << lengthBits);
const second = signs + 3;
export const scaleContexts = second + longest + 1;

/** Scales after which the coded ones are expected; goes on from tensor to tensor. */
export interface ScaleMean {
  /** 16 times the mean. */
  value: number;
}

export const channelScales = { limit: scaleLimit, what: 'a scale of a channel' } as const;
export const columnScales = { limit: columnScaleLimit, what: 'a scale of a column' } as const;

/**
 * Codes `count` scales. Decoding ignores `scales` and returns those read; `fail` must throw. Nothing is
 * allocated for scales that the stream does not hold.
 */
export function codeScales(
  coder: AdaptiveCoder,
  base: number,
  mean: ScaleMean,
  count: number,
  kind: { readonly limit: number; readonly what: string },
  scales: Int32Array,
  fail: (why: string) => never,
): Int32Array {
  const shift = codeTree(coder, base + shiftTree, shiftBits, commonShift(scales));
  let read = new Int32Array(Math.min(count, 256));
  let previousLength = firstClass;
  let previousSign = 0;
  for (let i = 0; i < count; i++) {
    const predicted = mean.value >> (4 + shift);
    const difference = (scales[i] >> shift) - predicted;
    const tree = base + lengthTree + previousLength * (1 << lengthBits);
    const size = Math.abs(difference);
    const length = codeTree(coder, tree, lengthBits, 32 - Math.clz32(size));
    if (length > longest) fail(`${kind.what} out of range`);
    let coded = 0;
    if (length > 0) {
      const negative = coder.bit(base + signs + previousSign, difference < 0 ? 1 : 0);
      coded = codeSize(coder, base, length, size);
      if (negative) coded = -coded;
      previousSign = negative ? 1 : 2;
    } else previousSign = 0;
    previousLength = length;
    const scale = (predicted + coded) * 2 ** shift;
    if (Math.abs(scale) > kind.limit) fail(`${kind.what} out of range`);
    mean.value = i === 0 ? 16 * scale : mean.value + ((16 * scale - mean.value) >> 2);
    if (i === read.length) read = longer(read, count);
    read[i] = scale;
  }
  return read;
}

/** A number of `length` bits: the highest is one, the next under a context, the others raw. */
function codeSize(coder: AdaptiveCoder, base: number, length: number, size: number): number {
  if (length === 1) return 1;
  const bit = coder.bit(base + second + length, (size >> (length - 2)) & 1);
  const low = length - 2;
  return ((2 + bit) << low) + coder.raw(size & ((1 << low) - 1), low);
}

/** Low bits that are zero in all scales; the most there can be when all are 0. */
function commonShift(scales: Int32Array): number {
  let any = 0;
  for (const scale of scales) any |= scale;
  return any === 0 ? 0 : Math.min(31 - Math.clz32(any & -any), (1 << shiftBits) - 1);
}

function longer(values: Int32Array, most: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(Math.min(most, 2 * values.length));
  copy.set(values);
  return copy;
}
