/**
 * The coder of blocks of levels (docs/dcz-coding.md, section 5) in AssemblyScript: bit for bit what
 * src/compress/code/level-model.ts does, which is its reference and its fallback. The four inputs of a
 * decision lie in the lanes of one vector.
 *
 * The host lays a block out: `prepare` says where everything lies, the host writes the codes, or the
 * stream, and what is expected at first there, and calls `run` for some thousand weights at a time.
 */
import {
  Decision,
  adaptBit,
  adaptMean,
  afterTables,
  align,
  evenOdds,
  fill,
  open,
  reserve,
  restart,
} from './decision';

export { finish, reserve, streamEnd, tables } from './decision';

const limit: i32 = 255;
const rowLimit: i32 = 24;
const columnLimit: i32 = 60;
const allLimit: i32 = 500;
const rate: i32 = 18;
const unset: u32 = 0xffffffff;

/** Bytes of the estimates of a class, one a node, and of a family's classes. */
const classBytes: usize = 4 * 64;
const familyBytes: usize = 64 * classBytes;
/** The nodes of an expected level: zero, then the tree of bit lengths, then two bits of each length. */
const mantissa: usize = 4 * 16;

/** Four weights of each set: of the zero, of the nodes of the tree, of either bit below the highest. */
const weights: usize = afterTables;
const sets: i32 = 19;
const highSet: usize = 16 * 17;
const nextSet: usize = 16 * 18;
const signs: usize = weights + 16 * sets;
/** What is expected at first: the estimates of a family (section 5.2). */
const prior: usize = align(signs + 4 * 27);
const byRow: usize = prior + familyBytes;
const byColumn: usize = byRow + familyBytes;
const byNear: usize = byColumn + familyBytes;
const byPlace: usize = byNear + familyBytes;

// the block
let columns: i32 = 0;
let kernel: i32 = 0;
let largest: i32 = 0;
let lengths: i32 = 0;
let depth: i32 = 0;
let lift: i32 = 0;
let encoding: bool = false;
let means: usize = 0;
let seen: usize = 0;
let codes: usize = 0;
let stream: usize = 0;

// where coding stands
let column: i32 = 0;
let all: u32 = 0;
let row: u32 = 0;

/**
 * Lays out a block of `n` levels up to `most` that begins in column `first` of rows of `rowColumns`,
 * with `kernelPlaces` places, and returns whether there is memory for it with `room` bytes of stream.
 */
export function prepare(
  encode: bool,
  n: i32,
  first: i32,
  rowColumns: i32,
  kernelPlaces: i32,
  most: i32,
  room: usize,
): bool {
  encoding = encode;
  columns = rowColumns;
  kernel = kernelPlaces;
  largest = most;
  column = first;
  lengths = 32 - clz(most);
  depth = most < 2 ? 0 : 32 - clz(lengths - 1);
  lift = 22 - lengths;
  means = byPlace + <usize>kernel * familyBytes;
  const before = <usize>max(max(columns, kernel), 2);
  seen = align(means + 4 * columns) + 2 * before;
  codes = align(seen + 2 * n);
  stream = align(codes + 2 * n);
  if (!reserve(stream + room)) return false;
  fill(weights, 4 * sets, 4300);
  fill(signs, 27, evenOdds);
  fill(means, columns, unset);
  for (let a = seen - 2 * before; a < seen; a += 2) store<i16>(a, most >> 2);
  all = ((<u32>((most << lift) >> 2)) << 9) | 2;
  row = all;
  return true;
}

/** Where the host writes what is expected at first, 32 bits each: 64 nodes of 64 classes. */
export function priorAt(): usize {
  return prior;
}

/** Where the codes lie, 16 bits each. */
export function codesAt(): usize {
  return codes;
}

/** Where the stream lies: at the end of the memory, so that `reserve` makes room for more of it. */
export function streamAt(): usize {
  return stream;
}

/** Begins coding; when decoding, `length` bytes lie in the stream. */
export function begin(length: usize): void {
  for (let to = byRow; to < means; to += familyBytes) memory.copy(to, prior, familyBytes);
  open(encoding, stream, length);
}

class Level {
  /** Codes a decision with the estimates at `a0` to `a3` and the weights at `set`. */
  @inline
  static decide(bit: i32, a0: usize, a1: usize, a2: usize, a3: usize, set: usize): i32 {
    const e0 = load<u32>(a0);
    const e1 = load<u32>(a1);
    const e2 = load<u32>(a2);
    const e3 = load<u32>(a3);
    const s0 = <i32>load<i16>(Decision.stretchOf(e0));
    const s1 = <i32>load<i16>(Decision.stretchOf(e1));
    const s2 = <i32>load<i16>(Decision.stretchOf(e2));
    const s3 = <i32>load<i16>(Decision.stretchOf(e3));
    // the sum one by one: what waits for it comes sooner than through vectors
    const p = Decision.chanceOf(
      load<i32>(set) * s0 +
        load<i32>(set, 4) * s1 +
        (load<i32>(set, 8) * s2 + load<i32>(set, 12) * s3),
    );
    bit = Decision.code(bit, p);
    let input = i32x4.splat(s0);
    input = i32x4.replace_lane(input, 1, s1);
    input = i32x4.replace_lane(input, 2, s2);
    input = i32x4.replace_lane(input, 3, s3);
    v128.store(set, Decision.learn(v128.load(set), (bit << 16) - p, input, rate));
    let estimate = i32x4.splat(e0);
    estimate = i32x4.replace_lane(estimate, 1, e1);
    estimate = i32x4.replace_lane(estimate, 2, e2);
    estimate = i32x4.replace_lane(estimate, 3, e3);
    estimate = Decision.adapt(estimate, bit, i32x4.splat(limit));
    v128.store32_lane(a0, estimate, 0);
    v128.store32_lane(a1, estimate, 1);
    v128.store32_lane(a2, estimate, 2);
    v128.store32_lane(a3, estimate, 3);
    return bit;
  }
}

/** 0, 1 or 2 for a level of 0, above and below it. */
function signOf(level: i32): i32 {
  return level === 0 ? 0 : level > 0 ? 1 : 2;
}

/** Codes the levels from `from` up to below `to`; false for one that is larger than the largest. */
export function run(from: i32, to: i32): bool {
  const beside = kernel === 1 ? 2 : kernel;
  const shift = 9 + lift - 4;
  let place = column % kernel;
  for (let i = from; i < to; i++) {
    const s = seen + 2 * i;
    const before = <i32>load<i16>(s - 2);
    const near = <i32>load<i16>(s - 2 * beside);
    const up = <i32>load<i16>(s - 2 * columns);
    const ofAll = <i32>(all >> shift);
    const ofRow = <i32>(row >> shift);
    const kept = load<u32>(means + 4 * column);
    const ofColumn = kept === unset ? ofAll : <i32>(kept >> shift);
    const mean = <i32>(<u32>(ofAll + ofRow + ofColumn) / 3);
    const around = 4 * (2 * abs(before) + abs(near) + abs(up));
    // four to an octave: the exponent and the two highest bits of single precision, where all are exact
    let sizes = i32x4.splat(ofRow);
    sizes = i32x4.replace_lane(sizes, 1, ofColumn);
    sizes = i32x4.replace_lane(sizes, 2, <i32>(<u32>(around + 2 * mean) / 3));
    sizes = i32x4.replace_lane(sizes, 3, (ofRow + ofColumn) >> 1);
    let c = i32x4.shr_u(f32x4.convert_i32x4_s(sizes), 21);
    c = i32x4.max_s(i32x4.sub(c, i32x4.splat(515)), i32x4.splat(0));
    c = i32x4.min_s(c, i32x4.splat(63));
    const a0 = byRow + classBytes * i32x4.extract_lane(c, 0);
    const a1 = byColumn + classBytes * i32x4.extract_lane(c, 1);
    const a2 = byNear + classBytes * i32x4.extract_lane(c, 2);
    const a3 = byPlace + familyBytes * <usize>place + classBytes * i32x4.extract_lane(c, 3);

    let level = 0;
    let size = 0;
    if (encoding) {
      level = <i32>load<u16>(codes + 2 * i);
      if (level !== 0) level = level > largest ? level - largest : level - largest - 1;
      size = abs(level);
    }
    if (Level.decide(size !== 0 ? 1 : 0, a0, a1, a2, a3, weights) !== 0) {
      const sign = signs + 4 * (9 * signOf(before) + 3 * signOf(near) + signOf(up));
      const ofSign = load<u32>(sign);
      const chance = min(max(ofSign >> 15, 1024), 64512);
      const negative = Decision.code(level < 0 ? 1 : 0, chance);
      store<u32>(sign, adaptBit(ofSign, negative, limit));

      const length = 31 - clz(size);
      let node = 1;
      for (let left = depth - 1; left >= 0; left--) {
        let bit = 0;
        if (((2 * node + 1) << left) - (1 << depth) < lengths) {
          const o = 4 * <usize>node;
          bit = Level.decide(
            (length >> left) & 1,
            a0 + o,
            a1 + o,
            a2 + o,
            a3 + o,
            weights + 16 * <usize>node,
          );
        }
        node = 2 * node + bit;
      }
      const e = node - (1 << depth);
      let read = 1;
      if (e > 0) {
        const o = mantissa + 12 * <usize>(e - 1);
        const high = Level.decide(
          (size >> (e - 1)) & 1,
          a0 + o,
          a1 + o,
          a2 + o,
          a3 + o,
          weights + highSet,
        );
        read = 2 + high;
        if (e > 1) {
          const q = o + 4 + 4 * <usize>high;
          read =
            2 * read +
            Level.decide((size >> (e - 2)) & 1, a0 + q, a1 + q, a2 + q, a3 + q, weights + nextSet);
          for (let left = e - 3; left >= 0; left--)
            read = 2 * read + Decision.code((size >> left) & 1, 32768);
        }
      }
      if (read > largest) return false;
      size = read;
      level = negative !== 0 ? -read : read;
    }
    store<i16>(s, level);
    if (!encoding) {
      store<u16>(
        codes + 2 * i,
        level === 0 ? 0 : level > 0 ? level + largest : level + largest + 1,
      );
    }

    const value = size << lift;
    store<u32>(
      means + 4 * column,
      adaptMean(kept === unset ? restart(all) : kept, value, columnLimit),
    );
    row = adaptMean(row, value, rowLimit);
    all = adaptMean(all, value, allLimit);
    if (++place === kernel) place = 0;
    if (++column === columns) {
      column = 0;
      place = 0;
      row = restart(all);
    }
  }
  return true;
}
