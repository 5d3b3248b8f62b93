/**
 * Number formats of the arithmetic unit. In float32 the product is rounded, then the sum (no fused
 * multiply-add), as the authors' simulator does. In fixed point (the paper's hardware; binary point,
 * rounding and overflow are ours, eie-spec section 8): weights are integers with fw fraction bits,
 * activations and accumulators with fa; the exact product is shifted right by fw with the stated
 * rounding and added into an accumulator that saturates at its width. The activation of the bias
 * column is 1.0 in that format.
 */
import type { Precision, Rounding } from '../shared/machine.ts';
import type { Machine } from './machine.ts';

export interface FixedFormat {
  /** Width of weights, activations and accumulators. */
  readonly bits: 8 | 16 | 32;
  readonly weightFraction: number;
  readonly activationFraction: number;
  readonly rounding: Rounding;
}

/** Values as the machine holds them, and the two operations on them. */
export interface Arithmetic {
  readonly precision: Precision;
  /** null for float32. */
  readonly format: FixedFormat | null;
  /** The codebook: floats, or integers with fw fraction bits. */
  readonly weights: Float64Array;
  /** The input vector: floats, or integers with fa fraction bits. What the scanner looks at. */
  readonly activations: Float32Array | Float64Array;
  /** The activation of the bias column. */
  readonly one: number;
  /** Weights and activations (the bias column's 1.0 included) that did not fit their format. */
  readonly clamped: number;
  product(weight: number, activation: number): number;
  /** Sum before saturation; `low` and `high` bound what an accumulator can hold. */
  sum(accumulator: number, product: number): number;
  readonly low: number;
  readonly high: number;
  /** An accumulator as the float32 that is reported. */
  toFloat(accumulator: number): number;
}

const widths: Readonly<Record<Precision, 0 | 8 | 16 | 32>> = {
  float32: 0,
  fixed32: 32,
  fixed16: 16,
  fixed8: 8,
};

/** A number between integers, rounded to one; exact for every float32 times a power of two. */
export function roundToInteger(x: number, rounding: Rounding): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rounding === 'floor' || rest < 0.5) return floor;
  if (rest > 0.5 || rounding === 'half-up') return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * weight * activation / 2^shift for integers of up to 32 bits, rounded to an integer. The 63-bit
 * product is held as high * 2^16 + low, so every step is exact in a double; only quotients above
 * 2^52, far outside any accumulator, are not.
 */
export function shiftedProduct(
  weight: number,
  activation: number,
  shift: number,
  rounding: Rounding,
): number {
  const upper = Math.floor(weight / 65536);
  const lowProduct = (weight - upper * 65536) * activation;
  const carry = Math.floor(lowProduct / 65536);
  const high = upper * activation + carry;
  const low = lowProduct - carry * 65536; // 0 .. 65535
  const scale = 2 ** shift;
  let quotient: number;
  let rest: number; // of the product, 0 <= rest < scale
  if (shift >= 16) {
    const unit = scale / 65536;
    quotient = Math.floor(high / unit);
    rest = (high - quotient * unit) * 65536 + low;
  } else {
    const part = Math.floor(low / scale);
    quotient = high * (65536 / scale) + part;
    rest = low - part * scale;
  }
  if (rounding === 'floor' || rest * 2 < scale) return quotient;
  if (rest * 2 > scale || rounding === 'half-up') return quotient + 1;
  return quotient % 2 === 0 ? quotient : quotient + 1;
}

/** Most fraction bits (0 to 30) with which `largest` still fits a signed number of `bits`. */
function fractionFor(largest: number, bits: number): number {
  const limit = 2 ** (bits - 1) - 1;
  let fraction = 30;
  while (fraction > 0 && Math.round(largest * 2 ** fraction) > limit) fraction--;
  return fraction;
}

const largestOf = (values: Float32Array, from = 0): number => {
  let largest = from;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
};

/**
 * The arithmetic of `machine` for one layer. Where the machine leaves the binary point open, weights
 * get as many fraction bits as the codebook allows, and activations and accumulators as many as the
 * inputs and `outputs` (the layer's float32 result, asked for only then) allow.
 */
export function makeArithmetic(
  machine: Machine,
  codebook: Float32Array,
  activations: Float32Array,
  outputs: () => Float32Array,
): Arithmetic {
  const { precision, rounding } = machine;
  const bits = widths[precision];
  if (bits === 0) {
    return {
      precision,
      format: null,
      weights: Float64Array.from(codebook),
      activations,
      one: 1,
      clamped: 0,
      product: (w, a) => Math.fround(w * a),
      sum: (acc, p) => Math.fround(acc + p),
      low: -Infinity,
      high: Infinity,
      toFloat: (acc) => acc,
    };
  }
  const weightFraction = machine.weightFraction ?? fractionFor(largestOf(codebook), bits);
  const activationFraction =
    machine.activationFraction ??
    fractionFor(largestOf(outputs(), largestOf(activations, machine.hasBias ? 1 : 0)), bits);
  const high = 2 ** (bits - 1) - 1;
  const low = -high - 1;
  let clamped = 0;
  const quantise = (x: number, fraction: number): number => {
    const q = roundToInteger(x * 2 ** fraction, rounding);
    if (q >= low && q <= high) return q;
    clamped++;
    return q < low ? low : high;
  };
  const weights = Float64Array.from(codebook, (w) => quantise(w, weightFraction));
  const quantised = Float64Array.from(activations, (a) => quantise(a, activationFraction));
  const one = machine.hasBias ? quantise(1, activationFraction) : 0;
  return {
    precision,
    format: { bits, weightFraction, activationFraction, rounding },
    weights,
    activations: quantised,
    one,
    clamped,
    product: (w, a) => shiftedProduct(w, a, weightFraction, rounding),
    sum: (acc, p) => acc + p,
    low,
    high,
    toFloat: (acc) => Math.fround(acc / 2 ** activationFraction),
  };
}
