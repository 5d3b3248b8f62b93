/**
 * What the coders of blocks share (docs/dcz-coding.md, sections 4.1 to 4.4): the stream and its binary
 * decisions, estimates one by one and four at a time, and the weights that mix them. Bit for bit what
 * binary-coder.ts, adaptive.ts and mixing.ts in src/compress/code do.
 */

export const evenOdds: u32 = (1 << 21) << 9;
const initialRange: u32 = 0x7fffffff;
const minimumRange: u32 = 1 << 23;

/**
 * Where the host writes three tables of 16 bits: squash within the probabilities that are coded and
 * stretch (section 4.2, 4096 entries each), and the rates of 512 counts (section 4.3).
 */
export const tables: usize = 1024;
const squash: usize = tables;
const stretch: usize = squash + 2 * 4096;
const rates: usize = stretch + 2 * 4096;
export const afterTables: usize = rates + 2 * 512;

let encoding: bool = false;
let range: u32 = 0;
/** Encoding: the low end of the range. Decoding: the stream's value less that. */
let low: u32 = 0;
/** Next byte of the stream to write or read, and, decoding, its end. */
let at: usize = 0;
let end: usize = 0;

export function align(address: usize): usize {
  return (address + 15) & ~15;
}

export function fill(from: usize, words: i32, word: u32): void {
  for (let i = 0; i < words; i++) store<u32>(from + 4 * i, word);
}

/** Grows the memory so that addresses below `size` exist; false when the engine refuses. */
export function reserve(size: usize): bool {
  const pages = <i32>((size + 0xffff) >>> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

/** Begins to write a stream at `stream`, or to read one of `length` bytes there. */
export function open(encode: bool, stream: usize, length: usize): void {
  encoding = encode;
  range = initialRange;
  low = 0;
  at = stream;
  end = stream + length;
  if (encode) return;
  for (let i = 0; i < 4; i++) low = (low << 8) | nextByte();
  low &= 0x7fffffff;
}

/** Where the encoder writes next. */
export function streamEnd(): usize {
  return at;
}

function nextByte(): u32 {
  const a = at++;
  return a < end ? load<u8>(a) : 0;
}

/** Sets one more byte on the stream of the encoder right: a carry. */
function carry(): void {
  let a = at - 1;
  while (load<u8>(a) === 255) store<u8>(a--, 0);
  store<u8>(a, load<u8>(a) + 1);
}

/** Ends the stream of the encoder; the host leaves out zeros at its end. */
export function finish(): void {
  let unit: u64 = 1 << 24;
  const from = <u64>low;
  const below = from + range;
  let value = ((from + unit - 1) / unit) * unit;
  while (value >= below) {
    unit >>= 8;
    value = ((from + unit - 1) / unit) * unit;
  }
  if (value > 0xffffffff) carry();
  for (let shift: u64 = 24; ; shift -= 8) {
    store<u8>(at++, <u8>(value >> shift));
    if (shift === 0) break;
  }
}

/** The parts of a mixed decision, inlined: it is too short for calls. */
export class Decision {
  /** Codes `bit`, or decodes and returns one, that is 1 with the chance `p` of 65536. */
  @inline
  static code(bit: i32, p: u32): i32 {
    let r = range;
    let l = low;
    const bound = <u32>((<u64>r * p) >> 16);
    if (encoding) {
      // without a branch on the bit: which way it goes is what cannot be foreseen
      const next = l + select<u32>(0, bound, bit);
      r = select<u32>(bound, r - bound, bit);
      if (next < l) carry();
      l = next;
      while (r < minimumRange) {
        store<u8>(at++, l >> 24);
        l <<= 8;
        r <<= 8;
      }
    } else {
      const one = l < bound;
      r = select<u32>(bound, r - bound, one);
      l = select<u32>(l, l - bound, one);
      bit = <i32>one;
      while (r < minimumRange) {
        l = ((l << 8) | nextByte()) & 0x7fffffff;
        r <<= 8;
      }
    }
    range = r;
    low = l;
    return bit;
  }

  /** Where the stretch of an estimate stands. */
  @inline
  static stretchOf(estimate: u32): usize {
    return stretch + ((estimate >> 19) << 1);
  }

  /** The chance of a 1 that the sum of weighted stretches stands for. */
  @inline
  static chanceOf(sum: i32): u32 {
    const x = max(min(sum >> 14, 2047), -2047);
    return <u32>load<u16>(squash + 4096 + 2 * x);
  }

  /** Four estimates after `bit`, whose counts grow up to the lanes of `limit`. */
  @inline
  static adapt(estimate: v128, bit: i32, limit: v128): v128 {
    const target = i32x4.splat(-bit & 0x3fffff);
    const toward = i32x4.splat(bit - 1);
    const n = v128.and(estimate, i32x4.splat(511));
    const away = v128.xor(i32x4.shr_u(estimate, 9), target);
    // the rate of n, rounded by adding 2^23: exact for every count (arithmetic-kernel.test.ts)
    const d = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(n), f32x4.splat(10)), f32x4.splat(16));
    const rounded = f32x4.add(f32x4.div(f32x4.splat(655360), d), f32x4.splat(8388608));
    const rate = v128.and(rounded, i32x4.splat(0xffff));
    const step = i32x4.shr_s(i32x4.mul(i32x4.shr_u(away, 7), rate), 9);
    const mean = i32x4.add(i32x4.shr_u(estimate, 9), i32x4.sub(v128.xor(step, toward), toward));
    const count = i32x4.min_s(i32x4.add(n, i32x4.splat(1)), limit);
    return v128.or(i32x4.shl(mean, 9), count);
  }

  /** Four weights after an `error` on their inputs; `rate` is a right shift. */
  @inline
  static learn(weight: v128, error: i32, input: v128, rate: i32): v128 {
    const half = i32x4.splat(1 << (rate - 1));
    const step = i32x4.shr_s(i32x4.add(i32x4.mul(i32x4.splat(error), input), half), rate);
    const w = i32x4.add(weight, step);
    return i32x4.max_s(i32x4.min_s(w, i32x4.splat(131071)), i32x4.splat(-131071));
  }
}

/** One estimate after `bit`. */
export function adaptBit(estimate: u32, bit: i32, limit: i32): u32 {
  const n = <i32>(estimate & 511);
  const mean = <i32>(estimate >> 9);
  const away = mean ^ (-bit & 0x3fffff);
  const step = ((away >> 7) * <i32>load<u16>(rates + 2 * n)) >> 9;
  const sign = bit - 1;
  return ((<u32>(mean + ((step ^ sign) - sign))) << 9) | min(n + 1, limit);
}

/** One estimate after the observation `value`. */
export function adaptMean(estimate: u32, value: i32, limit: i32): u32 {
  const n = <i32>(estimate & 511);
  const mean = <i32>(estimate >> 9);
  const away = value - mean;
  const step = ((abs(away) >> 7) * <i32>load<u16>(rates + 2 * n)) >> 9;
  return ((<u32>(mean + (away > 0 ? step : -step))) << 9) | min(n + 1, limit);
}

/** An estimate of the same mean that trusts it as little as after two updates. */
export function restart(estimate: u32): u32 {
  return (estimate & ~511) | 2;
}
