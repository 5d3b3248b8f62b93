/**
 * The 16-bit floats: IEEE 754 binary16 and bfloat16. Widening is exact; narrowing rounds to nearest,
 * ties to even, straight from the given double (never through float32, which could round twice).
 * Values too large become infinity, NaN becomes the quiet NaN.
 */

const word = new DataView(new ArrayBuffer(8));

/** Rounds |x| to a float with `bits` explicit fraction bits and exponents `low`..`high`; its code. */
function narrow(x: number, bits: number, low: number, high: number): number {
  word.setFloat64(0, x);
  const top = word.getUint32(0);
  const sign = top >>> 31 === 1 ? 0x8000 : 0;
  const infinity = (high - low + 2) * 2 ** bits;
  if (Number.isNaN(x)) return sign | infinity | (1 << (bits - 1));
  const exponent = Math.max(((top >>> 20) & 0x7ff) - 1023, low);
  // Scaling by a power of two is exact; adding and taking away 2^52 rounds to an even integer.
  const scaled = Math.abs(x) * 2 ** (bits - exponent);
  if (!(scaled < 2 ** (bits + 2))) return sign | infinity;
  const rounded = scaled + 2 ** 52 - 2 ** 52;
  // Biased exponent and fraction in one sum: a carry out of the fraction lands in the exponent.
  const code = (exponent - low) * 2 ** bits + rounded;
  return sign | Math.min(code, infinity);
}

/** Code of the float16 nearest to `x`. */
export function toFloat16(x: number): number {
  return narrow(x, 10, -14, 15);
}

/** Code of the bfloat16 nearest to `x`. */
export function toBfloat16(x: number): number {
  return narrow(x, 7, -126, 127);
}

/** Value of a float16 code. */
export function fromFloat16(code: number): number {
  const sign = code & 0x8000 ? -1 : 1;
  const exponent = (code >>> 10) & 31;
  const fraction = code & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Value of a bfloat16 code. */
export function fromBfloat16(code: number): number {
  word.setUint32(0, (code & 0xffff) * 65536);
  return word.getFloat32(0);
}

let float16Table: Float32Array | undefined;

/** All 65,536 float16 values by code: 256 KB, made once. */
export function float16Values(): Float32Array {
  if (float16Table === undefined) {
    const table = new Float32Array(65536);
    for (let code = 0; code < 65536; code++) table[code] = fromFloat16(code);
    float16Table = table;
  }
  return float16Table;
}

/** Widens `codes` into the first `codes.length` elements of `target`. */
export function widenFloat16(codes: Uint16Array, target: Float32Array | Float64Array): void {
  const table = float16Values();
  for (let i = 0; i < codes.length; i++) target[i] = table[codes[i]];
}

const onePattern = new Uint32Array(1);
const oneFloat = new Float32Array(onePattern.buffer);

/** Widens `codes` into the first `codes.length` elements of `target`. */
export function widenBfloat16(codes: Uint16Array, target: Float32Array | Float64Array): void {
  for (let i = 0; i < codes.length; i++) {
    onePattern[0] = codes[i] * 65536;
    target[i] = oneFloat[0];
  }
}

/** Narrows every value of `values` into the first elements of `target`. */
export function narrowFloat16(values: Float32Array | Float64Array, target: Uint16Array): void {
  for (let i = 0; i < values.length; i++) target[i] = narrow(values[i], 10, -14, 15);
}

/** Narrows every value of `values` into the first elements of `target`. */
export function narrowBfloat16(values: Float32Array | Float64Array, target: Uint16Array): void {
  for (let i = 0; i < values.length; i++) target[i] = narrow(values[i], 7, -126, 127);
}
