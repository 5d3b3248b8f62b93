/**
 * Codebooks in the adaptive stream (docs/dcz-format.md, "Codebooks"). The ascending values are
 * counted in representable float32 numbers; each is predicted by the line through the two before it
 * (2a - b, rounded to float32), and of the difference the bit length, the sign and the highest bit
 * below the leading one are coded adaptively, the rest as it is. float16 and bfloat16 values are
 * float32 numbers whose low bits are zero, which `shift` takes away. float64 values that are no
 * float32 numbers are stored raw. On the 26 codebooks of Han's SqueezeNet this takes 19.3 bits a value.
 */
import type { CodedDType } from '../model/dtype.ts';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../model/half.ts';
import type { AdaptiveCoder } from './adaptive.ts';

/** Bits of the number of values (0..256), of the shift, and of a difference's bit length (0..32). */
const countBits = 9;
const shiftBits = 5;
const lengthBits = 6;
const lengthClasses = 17;

const countTree = 0;
const shiftTree = countTree + (1 << countBits);
const wide = shiftTree + (1 << shiftBits);
const lengthTree = wide + 1;
const signs = lengthTree + lengthClasses * (1 << lengthBits);
const second = signs + 3;
export const codebookContexts = second + 33;

/** The most values after the reserved zero. */
export const maxCodebookValues = 256;

/**
 * Codes `codebook` (index 0 is the reserved +0, which takes no bits). Decoding ignores `codebook` and
 * returns the one read; `fail` must throw and is called with what is wrong in it.
 * NaN comes back as the canonical NaN; every other value, -0 included, comes back as it was.
 */
export function codeCodebook(
  coder: AdaptiveCoder,
  base: number,
  codebook: Float64Array,
  fail: (why: string) => never,
): Float64Array {
  const count = codeTree(coder, base + countTree, countBits, codebook.length - 1);
  if (count > maxCodebookValues) fail(`a codebook of ${count + 1} values`);
  const values = new Float64Array(count + 1);
  if (count === 0) return values;
  if (coder.bit(base + wide, isFloat32(codebook) ? 0 : 1)) codeWide(coder, codebook, values, fail);
  else codeNarrow(coder, base, codebook, values, fail);
  return values;
}

function codeWide(
  coder: AdaptiveCoder,
  codebook: Float64Array,
  values: Float64Array,
  fail: (why: string) => never,
): void {
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 1; i < values.length; i++) {
    view.setFloat64(0, codebook[i]);
    const high = coder.raw(view.getUint32(0), 32);
    const low = coder.raw(view.getUint32(4), 32);
    view.setUint32(0, high);
    view.setUint32(4, low);
    values[i] = view.getFloat64(0);
    if (i > 1 && values[i] < values[i - 1]) fail('a codebook that does not ascend');
  }
}

function codeNarrow(
  coder: AdaptiveCoder,
  base: number,
  codebook: Float64Array,
  values: Float64Array,
  fail: (why: string) => never,
): void {
  const shift = codeTree(coder, base + shiftTree, shiftBits, commonShift(codebook));
  let previousLength = 0;
  let previousSign = 0;
  let previous = 0;
  for (let i = 1; i < values.length; i++) {
    const predicted =
      i === 1 ? 0 : i === 2 ? previous : predict(values[i - 1], values[i - 2], shift);
    const difference = rank(codebook[i], shift) - predicted;
    const tree = base + lengthTree + (previousLength >> 1) * (1 << lengthBits);
    const length = codeTree(coder, tree, lengthBits, bitLength(Math.abs(difference)));
    if (length > 32) fail('a codebook value out of range');
    let coded = 0;
    if (length > 0) {
      const negative = coder.bit(base + signs + previousSign, difference < 0 ? 1 : 0);
      coded = codeMagnitude(coder, base, length, Math.abs(difference));
      if (negative) coded = -coded;
      previousSign = negative ? 1 : 2;
    } else previousSign = 0;
    previousLength = length;
    const current = predicted + coded;
    const limit = 2 ** (31 - shift);
    if (current >= limit || current < -limit) fail('a codebook value out of range');
    if (i > 1 && current < previous) fail('a codebook that does not ascend');
    previous = current;
    values[i] = valueOf(current, shift);
  }
}

/** The bits of `magnitude` below its leading one: the first under a context, the others raw. */
function codeMagnitude(
  coder: AdaptiveCoder,
  base: number,
  length: number,
  magnitude: number,
): number {
  if (length === 1) return 1;
  const low = 2 ** (length - 2);
  const bit = coder.bit(base + second + length, Math.floor(magnitude / low) & 1);
  return (2 + bit) * low + coder.raw((magnitude % low) >>> 0, length - 2);
}

/** A number of `bits` bits, high bit first, each under the context of the bits before it. */
export function codeTree(coder: AdaptiveCoder, tree: number, bits: number, value: number): number {
  let node = 1;
  for (let i = bits - 1; i >= 0; i--) node = 2 * node + coder.bit(tree + node, (value >>> i) & 1);
  return node - (1 << bits);
}

const word = new DataView(new ArrayBuffer(4));

/** The float32 bits; one pattern for all NaN. */
function bitsOf(value: number): number {
  word.setFloat32(0, value);
  return Number.isNaN(value) ? 0x7fc00000 : word.getUint32(0);
}

/** Position of a float32 among all, in the order of their values; -0 lies just below +0. */
function rank(value: number, shift: number): number {
  const bits = bitsOf(value);
  const magnitude = (bits & 0x7fffffff) >>> shift;
  return bits >>> 31 ? -magnitude - 1 : magnitude;
}

function valueOf(position: number, shift: number): number {
  const magnitude = (position < 0 ? -position - 1 : position) * 2 ** shift;
  word.setUint32(0, position < 0 ? magnitude + 0x80000000 : magnitude);
  return word.getFloat32(0);
}

function predict(a: number, b: number, shift: number): number {
  const line = Math.fround(2 * a - b);
  return rank(Number.isNaN(line) ? a : line, shift);
}

/** Zero bits that all values have at their low end. */
function commonShift(codebook: Float64Array): number {
  let any = 0;
  for (let i = 1; i < codebook.length; i++) any |= bitsOf(codebook[i]) & 0x7fffffff;
  return any === 0 ? 31 : 31 - Math.clz32(any & -any);
}

function isFloat32(codebook: Float64Array): boolean {
  return codebook.every((value) => Object.is(value, Math.fround(value)));
}

function bitLength(x: number): number {
  return x >= 2 ** 32 ? 33 : x === 0 ? 0 : 32 - Math.clz32(x);
}

/** Whether every value is a number of `dtype`. */
export function isExactIn(codebook: Float64Array, dtype: CodedDType): boolean {
  if (dtype === 'float64') return true;
  if (dtype === 'float32') return isFloat32(codebook);
  if (dtype === 'int8' || dtype === 'uint8')
    return codebook.every((value) => Object.is(value, (value << 24) >> 24));
  const [to, from] = dtype === 'float16' ? [toFloat16, fromFloat16] : [toBfloat16, fromBfloat16];
  return codebook.every((value) => Object.is(value, from(to(value))));
}
