/**
 * The arithmetic coder of blocks (docs/dcz-coding.md, section 4) in AssemblyScript: bit for bit what
 * src/compress/code/arithmetic.ts does, which is its reference and its fallback. The seven inputs of
 * a decision lie in the lanes of vectors; lane 7 is empty and stays zero.
 *
 * The host lays a block out: `prepare` says where everything lies, the host writes the codes, or the
 * stream, and the magnitudes there, and calls `run` for some thousand weights at a time, so that the
 * engine can put its optimised code in place of its first one between two calls.
 */

import {
  adaptBit,
  adaptMean,
  afterTables,
  align,
  Decision,
  evenOdds,
  fill,
  open,
  reserve,
  restart,
} from './decision';

export { finish, reserve, streamEnd, tables } from './decision';

const bitLimit: i32 = 500;
const densityLimit: i32 = 250;

/** Seven weights, and an eighth that stays zero, of the significance and of each level of a value. */
const weights: usize = afterTables;
const weightBytes: usize = 32;
const estimates: usize = weights + 9 * weightBytes;

// the block: sizes
let columns: i32 = 0;
let kernel: i32 = 0;
let depth: i32 = 0;
let values: i32 = 0;
let encoding: bool = false;

// the block: addresses
let byRow: usize = 0;
let byNear: usize = 0;
let byBoth: usize = 0;
let byMixed: usize = 0;
let densities: usize = 0;
let valueEstimates: usize = 0;
let columnMeans: usize = 0;
let magnitudes: usize = 0;
let seen: usize = 0;
let codes: usize = 0;
let stream: usize = 0;

// where coding stands
let column: i32 = 0;
let rowDensity: u32 = 0;
let all: u32 = 0;
let row: u32 = 0;
let recent: i32 = 0;
let last: i32 = 0;

/**
 * Lays out a block of `n` weights that begins in column `first` of rows of `rowColumns`, with
 * `kernelPlaces` places and `ranks` shared values, and returns whether there is memory for it with
 * `room` bytes of stream.
 */
export function prepare(
  encode: bool,
  n: i32,
  first: i32,
  rowColumns: i32,
  kernelPlaces: i32,
  ranks: i32,
  room: usize,
): bool {
  encoding = encode;
  columns = rowColumns;
  kernel = kernelPlaces;
  values = ranks;
  depth = ranks < 2 ? 0 : 32 - clz(ranks - 1);
  const k = <usize>kernel;
  byRow = estimates + 4 * 33 * k;
  byNear = byRow + 4 * 32 * k;
  byBoth = byNear + 4 * 64 * k;
  byMixed = byBoth + 4 * 256;
  densities = byMixed + 4 * 1024;
  valueEstimates = densities + 4 * columns;
  columnMeans = valueEstimates + 4 * (((90 + k) << depth) + 64);
  magnitudes = columnMeans + 4 * columns;
  const before = <usize>max(max(2 * columns, 2 * kernel), 4);
  seen = magnitudes + 4 * (ranks + 1) + before;
  codes = align(seen + n);
  stream = align(codes + 2 * n);
  if (!reserve(stream + room)) return false;
  memory.fill(seen - before, 0, before);
  fill(estimates, <i32>((columnMeans - estimates) >> 2), evenOdds);
  fill(columnMeans, columns, 0xffffffff);
  for (let i = 0; i < 9; i++) {
    const w = weights + <usize>i * weightBytes;
    const initial = i === 0 ? 3200 : 3400;
    fill(w, 7, initial);
    store<u32>(w + 28, 0);
  }
  column = first;
  rowDensity = evenOdds;
  return true;
}

/** Where the host writes the magnitude of every code, 32 bits each. */
export function magnitudesAt(): usize {
  return magnitudes;
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
  let total: u32 = 0;
  for (let c = 1; c <= values; c++) total += load<u32>(magnitudes + 4 * c);
  all = restart((total / <u32>max(values, 1)) << 15);
  row = all;
  recent = all >> 15;
  last = values >> 1;
  open(encoding, stream, length);
}

/** How a mean magnitude compares with that of all: 0 .. 7. */
function ratioClass(magnitude: i32, mean: i32): i32 {
  const m = i32x4.splat(magnitude << 6);
  const g = i32x4.splat(mean);
  const below = i32x4.ge_s(m, i32x4.mul(g, i32x4(32, 45, 54, 64)));
  const above = i32x4.ge_s(m, i32x4.mul(g, i32x4(74, 90, 128, 0)));
  return popcnt(i32x4.bitmask(below) | ((i32x4.bitmask(above) & 7) << 4));
}

/** Codes the weights from `from` up to below `to`; false for a rank that the codebook does not have. */
export function run(from: i32, to: i32): bool {
  const kernelStride = 4 * kernel;
  const farther = kernel === 1 ? 3 : kernel;
  const farthest = kernel === 1 ? 4 : 2 * kernel;
  const byLast = valueEstimates + 4 * ((89 + kernel) << depth);
  const byNode = byLast + 256;
  const encode = encoding;

  let i = from;
  let place = column % kernel;
  let symbol = 0;
  let bit: i32 = 0;
  let level: i32 = -1;
  let node: i32 = 1;
  let set: usize = weights;
  let rate: i32 = 18;
  let limits = i32x4(bitLimit, bitLimit, densityLimit, 0);
  let density: u32 = 0;
  let a0: usize = 0;
  let a1: usize = 0;
  let a2: usize = 0;
  let a3: usize = 0;
  let a4: usize = 0;
  let a5: usize = 0;
  let a6: usize = 0;
  // of the value at hand
  let valueRow: usize = 0;
  let valueColumn: usize = 0;
  let valueRecent: usize = 0;
  let valueBoth: usize = 0;
  let valuePlace: usize = 0;
  let valueLast: usize = 0;
  let ofColumn: u32 = 0;

  while (i < to) {
    if (level < 0) {
      const s = seen + i;
      const near =
        (<i32>load<u8>(s - 1)) |
        ((<i32>load<u8>(s - farther)) << 1) |
        ((<i32>load<u8>(s - columns)) << 2) |
        ((<i32>load<u8>(s - 2 * columns)) << 3) |
        ((<i32>load<u8>(s - 2)) << 4) |
        ((<i32>load<u8>(s - farthest)) << 5);
      a6 = densities + 4 * column;
      density = load<u32>(a6);
      const columnClass = (<i32>load<i16>(Decision.stretchOf(density)) + 2048) >> 7;
      const rowClass = (<i32>load<i16>(Decision.stretchOf(rowDensity)) + 2048) >> 7;
      a0 = estimates + 4 * place;
      a1 = estimates + kernelStride + 4 * (place * 32 + columnClass);
      a2 = byRow + 4 * (place * 32 + rowClass);
      a3 = byNear + 4 * (place * 64 + near);
      a4 = byBoth + 4 * ((density >> 27) * 16 + (rowDensity >> 27));
      a5 = byMixed + 4 * ((columnClass >> 1) * 64 + near);
      if (encode) {
        symbol = load<u16>(codes + 2 * i);
        bit = symbol !== 0 ? 1 : 0;
      }
    } else {
      a0 = valueEstimates + 4 * node;
      a1 = valueRow + 32 * node;
      a2 = valueColumn + 32 * node;
      a3 = valueRecent + 32 * node;
      a4 = valueBoth + 256 * node;
      a5 = valuePlace + kernelStride * node;
      a6 = level < 3 ? valueLast + 32 * node : byNode + 4 * node;
      if (encode) bit = ((symbol - 1) >> (depth - 1 - level)) & 1;
    }

    // the prediction
    let s = i16x8.splat(0);
    s = v128.load16_lane(Decision.stretchOf(load<u32>(a0)), s, 0);
    s = v128.load16_lane(Decision.stretchOf(load<u32>(a1)), s, 1);
    s = v128.load16_lane(Decision.stretchOf(load<u32>(a2)), s, 2);
    s = v128.load16_lane(Decision.stretchOf(load<u32>(a3)), s, 3);
    s = v128.load16_lane(Decision.stretchOf(load<u32>(a4)), s, 4);
    s = v128.load16_lane(Decision.stretchOf(load<u32>(a5)), s, 5);
    s = v128.load16_lane(Decision.stretchOf(load<u32>(a6)), s, 6);
    const inputA = i32x4.extend_low_i16x8_s(s);
    const inputB = i32x4.extend_high_i16x8_s(s);
    const weightA = v128.load(set);
    const weightB = v128.load(set, 16);
    let sum = i32x4.add(i32x4.mul(weightA, inputA), i32x4.mul(weightB, inputB));
    sum = i32x4.add(sum, i32x4.shuffle(sum, sum, 2, 3, 0, 1));
    sum = i32x4.add(sum, i32x4.shuffle(sum, sum, 1, 0, 3, 2));
    const p = Decision.chanceOf(i32x4.extract_lane(sum, 0));

    bit = Decision.code(bit, p);

    // what it teaches
    const error = (bit << 16) - p;
    v128.store(set, Decision.learn(weightA, error, inputA, rate));
    v128.store(set, Decision.learn(weightB, error, inputB, rate), 16);
    let estimateA = v128.load32_zero(a0);
    estimateA = v128.load32_lane(a1, estimateA, 1);
    estimateA = v128.load32_lane(a2, estimateA, 2);
    estimateA = v128.load32_lane(a3, estimateA, 3);
    let estimateB = v128.load32_zero(a4);
    estimateB = v128.load32_lane(a5, estimateB, 1);
    estimateB = v128.load32_lane(a6, estimateB, 2);
    estimateA = Decision.adapt(estimateA, bit, i32x4.splat(bitLimit));
    estimateB = Decision.adapt(estimateB, bit, limits);
    v128.store32_lane(a0, estimateA, 0);
    v128.store32_lane(a1, estimateA, 1);
    v128.store32_lane(a2, estimateA, 2);
    v128.store32_lane(a3, estimateA, 3);
    v128.store32_lane(a4, estimateB, 0);
    v128.store32_lane(a5, estimateB, 1);
    v128.store32_lane(a6, estimateB, 2);

    // what comes next
    if (level < 0) {
      store<u8>(seen + i, bit);
      rowDensity = adaptBit(rowDensity, bit, densityLimit);
      if (bit !== 0) {
        ofColumn = load<u32>(columnMeans + 4 * column);
        if (depth > 0) {
          const mean = all >> 15;
          const rowClass = ratioClass(row >> 15, mean);
          const columnClass = ofColumn === 0xffffffff ? 3 : ratioClass(ofColumn >> 15, mean);
          valueRow = valueEstimates + 4 * ((1 << depth) + rowClass);
          valueColumn = valueEstimates + 4 * ((9 << depth) + columnClass);
          valueRecent = valueEstimates + 4 * ((17 << depth) + ratioClass(recent, mean));
          valueBoth = valueEstimates + 4 * ((25 << depth) + rowClass * 8 + columnClass);
          valuePlace = valueEstimates + 4 * ((89 << depth) + place);
          valueLast = byLast + 4 * (last >> max(0, depth - 3));
          level = 0;
          node = 1;
          set = weights + weightBytes;
          rate = 17;
          limits = i32x4(bitLimit, bitLimit, bitLimit, 0);
          continue;
        }
      } else {
        if (!encode) store<u16>(codes + 2 * i, 0);
      }
    } else {
      node = 2 * node + bit;
      set += weightBytes;
      if (++level < depth) continue;
      level = -1;
      set = weights;
      rate = 18;
      limits = i32x4(bitLimit, bitLimit, densityLimit, 0);
    }
    if (load<u8>(seen + i) !== 0) {
      const rank = node - (1 << depth);
      if (rank >= values) return false;
      if (!encode) store<u16>(codes + 2 * i, rank + 1);
      const magnitude = load<i32>(magnitudes + 4 * (rank + 1));
      const value = magnitude << 6;
      row = adaptMean(row, value, 250);
      const before = ofColumn === 0xffffffff ? restart(all) : ofColumn;
      store<u32>(columnMeans + 4 * column, adaptMean(before, value, 250));
      all = adaptMean(all, value, bitLimit);
      recent += ((magnitude - recent) * 77) >> 8;
      last = rank;
      node = 1;
    }
    i++;
    if (++place === kernel) place = 0;
    if (++column === columns) {
      column = 0;
      place = 0;
      rowDensity = evenOdds;
      row = restart(all);
    }
  }
  return true;
}
