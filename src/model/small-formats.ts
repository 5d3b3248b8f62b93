/**
 * Value tables of the formats of one byte or less: the float8 family (FP8 formats for deep learning,
 * Micikevicius et al.; the FNUZ variants, Noune et al.), float8e8m0 and float4e2m1 (OCP
 * Microscaling), and 4- and 2-bit integers. A table maps a code to its value.
 */
import type { DType } from './dtype.ts';

/** One 8-bit float: sign, `exponentBits`, the rest fraction; `special` names NaN and infinity codes. */
function float8(
  exponentBits: number,
  bias: number,
  special: (code: number) => number | undefined,
): Float32Array {
  const fractionBits = 7 - exponentBits;
  return Float32Array.from({ length: 256 }, (_, code) => {
    const known = special(code);
    if (known !== undefined) return known;
    const sign = code & 0x80 ? -1 : 1;
    const exponent = (code & 0x7f) >> fractionBits;
    const fraction = (code & ((1 << fractionBits) - 1)) / 2 ** fractionBits;
    return (
      sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias))
    );
  });
}

const makers: Partial<Record<DType, () => Float32Array>> = {
  float8e4m3fn: () => float8(4, 7, (code) => ((code & 0x7f) === 0x7f ? NaN : undefined)),
  float8e4m3fnuz: () => float8(4, 8, (code) => (code === 0x80 ? NaN : undefined)),
  float8e5m2: () =>
    float8(5, 15, (code) =>
      (code & 0x7f) < 0x7c
        ? undefined
        : (code & 3) !== 0
          ? NaN
          : code & 0x80
            ? -Infinity
            : Infinity,
    ),
  float8e5m2fnuz: () => float8(5, 16, (code) => (code === 0x80 ? NaN : undefined)),
  float8e8m0: () =>
    Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? NaN : 2 ** (code - 127))),
  uint8: () => Float32Array.from({ length: 256 }, (_, code) => code),
  int8: () => Float32Array.from({ length: 256 }, (_, code) => (code < 128 ? code : code - 256)),
  bool: () => Float32Array.from({ length: 256 }, (_, code) => (code === 0 ? 0 : 1)),
  uint4: () => Float32Array.from({ length: 16 }, (_, code) => code),
  int4: () => Float32Array.from({ length: 16 }, (_, code) => (code < 8 ? code : code - 16)),
  float4e2m1: () =>
    Float32Array.from([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6]),
  uint2: () => Float32Array.from([0, 1, 2, 3]),
  int2: () => Float32Array.from([0, 1, -2, -1]),
};

const made = new Map<DType, Float32Array>();

/** Value of every code of a format of at most 8 bits; undefined for wider ones. */
export function smallValues(dtype: DType): Float32Array | undefined {
  let values = made.get(dtype);
  if (values === undefined) {
    values = makers[dtype]?.();
    if (values !== undefined) made.set(dtype, values);
  }
  return values;
}
