/**
 * The two loops that calibrated compression spends its time in, in AssemblyScript: the triangular factor of
 * a matrix (src/compress/rate/cholesky.ts) and the rounding of eight rows with errors passed on
 * (feedback-plain.ts), which are their references and fallbacks. Sums are taken in the same order there, so
 * that every bit is the same: lanes are neighbouring columns of the matrix, or different rows of weights.
 *
 * The host calls `prepare...`, writes what it says where it says, and calls the loop.
 */

/** Rows that are finished together, and columns that an update runs over before it goes on. */
const panel: i32 = 32;
const tile: i32 = 512;

/** The first address after what the compiler itself keeps. */
const first: usize = 1024;
const rows: usize = 8;
const largest: f64 = 32767;
/** Entries of a class of bits, and magnitudes that have one of their own (level-cost.ts). */
const width: i32 = 52;
const classes: usize = 16;
const single: i32 = 32;

let columns: i32 = 0;
let factor: usize = 0;
let columnSteps: usize = 0;
let errors: usize = 0;
let weightsOf: usize = 0;
let steps: usize = 0;
let importance: usize = 0;
let bits: usize = 0;
let levelsOf: usize = 0;
let classesOf: usize = 0;

/** Grows the memory so that addresses below `size` exist; false when the engine refuses. */
function reserve(size: usize): bool {
  const pages = <i32>((size + 0xffff) >>> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

/** Where an n x n matrix goes; 0 when there is no memory for it. */
export function prepareMatrix(n: i32): usize {
  return reserve(first + 8 * <usize>n * <usize>n) ? first : 0;
}

/** As `factorizePlain`. */
export function factorize(n: i32): bool {
  const h = first;
  const pitch = <usize>n * 8;
  for (let end = n; end > 0; end -= panel) {
    const begin = max(0, end - panel);
    for (let from = 0; from < end; from += tile) update(n, begin, end, from, min(end, from + tile));
    for (let j = end - 1; j >= begin; j--) {
      const row = h + <usize>j * pitch;
      for (let k = j + 1; k < end; k++) {
        const other = h + <usize>k * pitch;
        const f = load<f64>(other + 8 * <usize>j);
        take1(row, other, f, 0, j + 1);
      }
      const pivot = load<f64>(row + 8 * <usize>j);
      if (!(pivot > 0) || pivot === Infinity) return false;
      const root = sqrt(pivot);
      store<f64>(row + 8 * <usize>j, root);
      for (let i: usize = 0; i < <usize>j; i++)
        store<f64>(row + 8 * i, load<f64>(row + 8 * i) / root);
    }
  }
  return true;
}

/** Takes what the finished rows from `end` on contribute out of columns from..to of rows begin..end. */
function update(n: i32, begin: i32, end: i32, from: i32, to: i32): void {
  const h = first;
  const pitch = <usize>n * 8;
  let k = end;
  for (; k + 4 <= n; k += 4) {
    const k0 = h + <usize>k * pitch;
    for (let j = begin; j < end; j++)
      take4(h + <usize>j * pitch, k0, pitch, j, from, min(to, j + 1));
  }
  for (; k < n; k++) {
    const other = h + <usize>k * pitch;
    for (let j = begin; j < end; j++) {
      take1(h + <usize>j * pitch, other, load<f64>(other + 8 * <usize>j), from, min(to, j + 1));
    }
  }
}

/** row[i] -= f x other[i] */
function take1(row: usize, other: usize, f: f64, from: i32, to: i32): void {
  let i = from;
  const ff = f64x2.splat(f);
  for (; i + 2 <= to; i += 2) {
    const at = <usize>i * 8;
    const sum = f64x2.mul(ff, v128.load(other + at));
    v128.store(row + at, f64x2.sub(v128.load(row + at), sum));
  }
  if (i < to) {
    const at = <usize>i * 8;
    store<f64>(row + at, load<f64>(row + at) - f * load<f64>(other + at));
  }
}

/** row[i] -= the sum over four rows from k0 on of their entry in column j x their entry i */
function take4(row: usize, k0: usize, pitch: usize, j: i32, from: i32, to: i32): void {
  const k1 = k0 + pitch;
  const k2 = k1 + pitch;
  const k3 = k2 + pitch;
  const own = <usize>j * 8;
  const f0 = f64x2.splat(load<f64>(k0 + own));
  const f1 = f64x2.splat(load<f64>(k1 + own));
  const f2 = f64x2.splat(load<f64>(k2 + own));
  const f3 = f64x2.splat(load<f64>(k3 + own));
  let i = from;
  for (; i + 2 <= to; i += 2) {
    const at = <usize>i * 8;
    let sum = f64x2.mul(f0, v128.load(k0 + at));
    sum = f64x2.add(sum, f64x2.mul(f1, v128.load(k1 + at)));
    sum = f64x2.add(sum, f64x2.mul(f2, v128.load(k2 + at)));
    sum = f64x2.add(sum, f64x2.mul(f3, v128.load(k3 + at)));
    v128.store(row + at, f64x2.sub(v128.load(row + at), sum));
  }
  if (i < to) {
    const at = <usize>i * 8;
    const sum =
      f64x2.extract_lane(f0, 0) * load<f64>(k0 + at) +
      f64x2.extract_lane(f1, 0) * load<f64>(k1 + at) +
      f64x2.extract_lane(f2, 0) * load<f64>(k2 + at) +
      f64x2.extract_lane(f3, 0) * load<f64>(k3 + at);
    store<f64>(row + at, load<f64>(row + at) - sum);
  }
}

/** Lays out the rounding of eight rows of n columns; the address of the factor, 0 without memory. */
export function prepareRows(n: i32): usize {
  const length = <usize>n;
  columns = n;
  factor = first;
  columnSteps = factor + 4 * length * (length + 1);
  errors = columnSteps + 8 * length;
  weightsOf = errors + 8 * rows * length;
  steps = weightsOf + 8 * rows * length;
  importance = steps + 8 * rows;
  bits = importance + 8 * rows;
  levelsOf = bits + 8 * classes * <usize>width;
  classesOf = levelsOf + 2 * rows * length;
  return reserve(classesOf + rows * length) ? factor : 0;
}

export function columnStepsAt(): usize {
  return columnSteps;
}
export function weightsAt(): usize {
  return weightsOf;
}
export function stepsAt(): usize {
  return steps;
}
export function importanceAt(): usize {
  return importance;
}
export function bitsAt(): usize {
  return bits;
}
export function levelsAt(): usize {
  return levelsOf;
}
export function classesAt(): usize {
  return classesOf;
}

/** As `roundPlain`, of the first `count` rows. */
export function roundRows(count: i32, lambda: f64, damping: f64): f64 {
  let total: f64 = 0;
  let line = factor;
  for (let j = 0; j < columns; j++) {
    let c0 = f64x2.splat(0);
    let c1 = f64x2.splat(0);
    let c2 = f64x2.splat(0);
    let c3 = f64x2.splat(0);
    const end = line + 8 * <usize>j;
    let e = errors;
    for (let at = line; at < end; at += 8, e += 64) {
      const m = v128.load_splat<f64>(at);
      c0 = f64x2.add(c0, f64x2.mul(m, v128.load(e)));
      c1 = f64x2.add(c1, f64x2.mul(m, v128.load(e, 16)));
      c2 = f64x2.add(c2, f64x2.mul(m, v128.load(e, 32)));
      c3 = f64x2.add(c3, f64x2.mul(m, v128.load(e, 48)));
    }
    v128.store(e, c0);
    v128.store(e, c1, 16);
    v128.store(e, c2, 32);
    v128.store(e, c3, 48);
    const pivot = load<f64>(end);
    const columnStep = load<f64>(columnSteps + 8 * <usize>j);
    for (let g: usize = 0; g < <usize>count; g++) {
      const place = <usize>j * rows + g;
      const weight = load<f64>(weightsOf + 8 * place);
      const step = load<f64>(steps + 8 * g) * columnStep;
      const target = weight + load<f64>(e + 8 * g) / pivot;
      const size = abs(target / step);
      const unit = pivot * step;
      const worth = load<f64>(importance + 8 * g);
      const price = worth * (unit * unit);
      const table = bits + 8 * <usize>(<i32>load<u8>(classesOf + place) * width);
      let best = size >= 0.5 ? <i32>min(largest, Math.floor(size + 0.5)) : 0;
      if (best > 0) {
        let away = size - best;
        let cost = price * (away * away) + lambda * load<f64>(table + 8 * <usize>entry(best));
        const lower = best - 1;
        away = size - lower;
        const other = price * (away * away) + lambda * load<f64>(table + 8 * <usize>entry(lower));
        if (other < cost) {
          cost = other;
          best = lower;
        }
        if (price * size * size + lambda * load<f64>(table) < cost) best = 0;
      }
      const level = target < 0 ? -best : best;
      store<i16>(levelsOf + 2 * place, <i16>level);
      const error = weight - level * step;
      const left = (target - level * step) * pivot;
      store<f64>(e + 8 * g, error);
      total += worth * (left * left - damping * error * error);
    }
    line = end + 8;
  }
  return total;
}

/** As `costEntry`. */
function entry(magnitude: i32): i32 {
  if (magnitude < single) return magnitude;
  const octave = 31 - clz(magnitude);
  return single + 2 * (octave - 5) + ((magnitude >> (octave - 1)) & 1);
}
