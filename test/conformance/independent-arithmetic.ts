/**
 * Arithmetic blocks after docs/dcz-coding.md, section 4: every context by its name in a map, all
 * arithmetic in plain numbers.
 */
import { check } from './independent-check.ts';

export const clamp = (x: number, low: number, high: number): number =>
  Math.min(Math.max(x, low), high);
export const shift = (x: number, bits: number): number => Math.floor(x / 2 ** bits);

/** Section 4.3. */
export class Estimate {
  m = 2 ** 21;
  c = 0;

  adapt(target: number, limit: number): void {
    const d = 10 * this.c + 16;
    const rate = Math.floor((1310720 + d) / (2 * d));
    const move = shift(shift(Math.abs(target - this.m), 7) * rate, 9);
    this.m += target > this.m ? move : -move;
    if (this.c < limit) this.c++;
  }

  learn(bit: number, limit: number): void {
    this.adapt(bit * (2 ** 22 - 1), limit);
  }

  get stretch(): number {
    return stretchTable[shift(this.m, 10)];
  }

  /** As the prior of section 5.2 has it. */
  static expected(p: number): Estimate {
    const e = new Estimate();
    e.m = 64 * p;
    e.c = 24;
    return e;
  }

  static of(m: number): Estimate {
    const e = new Estimate();
    e.m = m;
    e.c = 2;
    return e;
  }
}

export class Estimates {
  private readonly byName = new Map<string, Estimate>();

  get(name: string): Estimate {
    let found = this.byName.get(name);
    if (!found) this.byName.set(name, (found = new Estimate()));
    return found;
  }
}

/** Section 4.1, and the contexts of the adaptive stream (dcz-format.md, section 6). */
export class IndependentBits {
  private range = 2 ** 31 - 1;
  private code = 0;
  private readonly contexts = new Estimates();
  /** Bytes shifted in, the first four included. */
  shifted = 0;

  constructor(private readonly stream: Uint8Array) {
    for (let i = 0; i < 4; i++) this.code = this.code * 256 + this.byte();
    this.code %= 2 ** 31;
  }

  bit(p: number): number {
    const bound = shift(this.range, 16) * p + shift((this.range % 65536) * p, 16);
    let bit = 0;
    if (this.code < bound) {
      bit = 1;
      this.range = bound;
    } else {
      this.code -= bound;
      this.range -= bound;
    }
    while (this.range < 2 ** 23) {
      this.range *= 256;
      this.code = (this.code * 256 + this.byte()) % 2 ** 31;
    }
    return bit;
  }

  inContext(name: string): number {
    const estimate = this.contexts.get(name);
    const bit = this.bit(clamp(shift(estimate.m, 6), 1024, 64512));
    estimate.learn(bit, 30);
    return bit;
  }

  raw(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit(32768);
    return value;
  }

  private byte(): number {
    return this.stream[this.shifted++] ?? 0;
  }
}

/** Section 4.2. */
export const squash = ((): ((x: number) => number) => {
  const table: number[] = [];
  let e = 2 ** 26;
  for (let x = 0; x <= 2047; x++) {
    table.push(Math.floor(2 ** 42 / (2 ** 26 + e)));
    e = Math.floor((e * 66847231) / 2 ** 26);
  }
  return (x) => (x >= 0 ? table[x] : 65536 - table[-x]);
})();

const stretchTable = Array.from({ length: 4096 }, (_, q) => {
  let x = -2047;
  while (x < 2047 && squash(x) < 16 * q + 8) x++;
  return x;
});

/** Section 4.4: decodes one decision from its inputs and lets everything learn it. */
function mixed(
  bits: IndependentBits,
  inputs: Estimate[],
  weights: number[],
  rate: number,
  learn: (bit: number) => void,
): number {
  const s = inputs.map((estimate) => estimate.stretch);
  const sum = s.reduce((total, x, i) => total + x * weights[i], 0);
  const p = clamp(squash(clamp(shift(sum, 14), -2047, 2047)), 32, 65504);
  const bit = bits.bit(p);
  const error = 65536 * bit - p;
  s.forEach((x, i) => {
    weights[i] = clamp(weights[i] + shift(error * x + 2 ** (rate - 1), rate), -131071, 131071);
  });
  learn(bit);
  return bit;
}

/** Section 5: levels of a grid. */
export function decodeLevelBlock(
  tensor: { largest: number; rowLength: number; kernelLength: number },
  start: number,
  n: number,
  stream: Uint8Array,
): number[] {
  const { largest, rowLength, kernelLength } = tensor;
  const levels: number[] = [];
  if (largest === 0) return new Array<number>(n).fill(0);
  const bits = new IndependentBits(stream);
  const bitLength = (x: number): number => (x === 0 ? 0 : Math.floor(Math.log2(x)) + 1);
  const lengths = bitLength(largest);
  let depth = 0;
  while (2 ** depth < lengths) depth++;
  const unit = 2 ** (22 - lengths);
  const r = Math.min(rowLength, 2 ** 20);
  const k = kernelLength <= 64 && rowLength <= 2 ** 20 ? kernelLength : 1;
  const all = Estimate.of(Math.floor((largest * unit) / 4));
  let row = Estimate.of(all.m);
  const columns = new Map<number, Estimate>();
  const estimates = new Map<string, Estimate>();
  const signs = new Estimates();
  const weights = new Map<string, number[]>();
  const decide = (
    contexts: { name: string; class: number }[],
    node: string,
    set: string,
  ): number => {
    const inputs = contexts.map((context) => {
      const name = `${context.name} ${node}`;
      const found = estimates.get(name) ?? Estimate.expected(chanceOf(node, depth, context.class));
      estimates.set(name, found);
      return found;
    });
    const mine = weights.get(set) ?? new Array<number>(4).fill(4300);
    weights.set(set, mine);
    return mixed(bits, inputs, mine, 18, (bit) => {
      for (const estimate of inputs) estimate.learn(bit, 255);
    });
  };
  for (let i = 0; i < n; i++) {
    const column = (start + i) % r;
    if (column === 0 && i > 0) row = Estimate.of(all.m);
    const at = (j: number): number => (j >= 0 ? levels[j] : Math.floor(largest / 4));
    const [a, b, u] = [at(i - 1), at(i - (k > 1 ? k : 2)), at(i - r)];
    const sixteenths = (e: Estimate): number => shift(e.m * 16, 22 - lengths);
    const c = columns.get(column);
    const [A, R] = [sixteenths(all), sixteenths(row)];
    const C = c ? sixteenths(c) : A;
    const M = Math.floor((A + R + C) / 3);
    const N = 4 * (2 * Math.abs(a) + Math.abs(b) + Math.abs(u));
    const contexts = [R, C, Math.floor((N + 2 * M) / 3), Math.floor((R + C) / 2)].map(
      (mean, family) => ({
        name: `${family} ${family === 3 ? column % k : ''} ${classOf(mean)}`,
        class: classOf(mean),
      }),
    );
    let level = 0;
    if (decide(contexts, 'zero', 'zero') === 1) {
      const s = [a, b, u].map(Math.sign).join();
      const estimate = signs.get(s);
      const negative = bits.bit(clamp(shift(estimate.m, 6), 1024, 64512));
      estimate.learn(negative, 255);
      let node = 1;
      for (let rest = depth - 1; rest >= 0; rest--) {
        const upper = (2 * node + 1) * 2 ** rest - 2 ** depth;
        node = 2 * node + (upper < lengths ? decide(contexts, `tree ${node}`, `tree ${node}`) : 0);
      }
      const e = node - 2 ** depth;
      level = 1;
      if (e > 0) level = 2 + decide(contexts, `first ${e}`, 'first');
      if (e > 1) level = 2 * level + decide(contexts, `second ${e} ${level % 2}`, 'second');
      if (e > 2) level = level * 2 ** (e - 2) + bits.raw(e - 2);
      check(level <= largest, 'level');
      if (negative === 1) level = -level;
    }
    levels.push(level);
    const mine = c ?? Estimate.of(all.m);
    columns.set(column, mine);
    mine.adapt(Math.abs(level) * unit, 60);
    row.adapt(Math.abs(level) * unit, 24);
    all.adapt(Math.abs(level) * unit, 500);
  }
  return levels;
}

function classOf(x: number): number {
  if (x < 4) return 0;
  const e = Math.floor(Math.log2(x));
  return Math.min(63, 4 * (e - 2) + (Math.floor(x / 2 ** (e - 2)) % 4) + 1);
}

/** Section 5.2: the chance of a 1, of 65536, at a node in a class. */
function chanceOf(node: string, depth: number, c: number): number {
  const mean = c === 0 ? 15 : 2 ** (2 + Math.floor((c - 1) / 4)) * (9 + 2 * ((c - 1) % 4));
  const tail = (j: number): number =>
    j === 0 ? 32768 : squash(-Math.min(2047, Math.floor(((2 * j - 1) * 22713) / mean)));
  const [what, x, y] = node.split(' ');
  let interval: [number, number, number];
  if (what === 'zero') interval = [0, 1, Infinity];
  else if (what === 'tree') {
    const width = 2 ** (depth - 1 - Math.floor(Math.log2(Number(x))));
    const first = 2 * width * Number(x) - 2 ** depth;
    interval = [2 ** first, 2 ** (first + width), 2 ** (first + 2 * width)];
  } else {
    const size = what === 'first' ? 2 ** Number(x) : 2 ** (Number(x) - 1);
    const low = 2 ** Number(x) + (y === '1' ? size : 0);
    interval = [low, low + size / 2, low + size];
  }
  const [low, middle, high] = interval.map(tail);
  const p = low > high ? Math.floor((65536 * (middle - high)) / (low - high)) : 32768;
  return clamp(p, 1311, 64225);
}

export function decodeArithmeticBlock(
  tensor: { codebook: number[]; rowLength: number; kernelLength: number },
  start: number,
  n: number,
  stream: Uint8Array,
): number[] {
  const { codebook, rowLength, kernelLength } = tensor;
  const bits = new IndependentBits(stream);
  const r = Math.min(rowLength, 2 ** 20);
  const k = kernelLength <= 64 && rowLength <= 2 ** 20 ? kernelLength : 1;
  const estimates = new Estimates();
  const density = new Map<number, Estimate>();
  let rowDensity = new Estimate();
  const significanceWeights = new Array<number>(7).fill(3200);
  const values = new Values(codebook, bits);
  const codes: number[] = [];
  for (let i = 0; i < n; i++) {
    const column = (start + i) % r;
    const place = column % k;
    if (column === 0 && i > 0) {
      rowDensity = new Estimate();
      values.startRow();
    }
    const sig = (j: number): number => (j >= 0 && codes[j] > 0 ? 1 : 0);
    const a = k > 1 ? k : 3;
    const b = k > 1 ? 2 * k : 4;
    const near = [
      sig(i - 1),
      sig(i - a),
      sig(i - r),
      sig(i - 2 * r),
      sig(i - 2),
      sig(i - b),
    ].reduce((sum, one, bit) => sum + one * 2 ** bit, 0);
    const d = density.get(column) ?? new Estimate();
    density.set(column, d);
    const w = rowDensity;
    const columnClass = shift(d.stretch + 2048, 7);
    const rowClass = shift(w.stretch + 2048, 7);
    const inputs = [
      estimates.get(`0 ${place}`),
      estimates.get(`1 ${place} ${columnClass}`),
      estimates.get(`2 ${place} ${rowClass}`),
      estimates.get(`3 ${place} ${near}`),
      estimates.get(`4 ${shift(d.m, 18)} ${shift(w.m, 18)}`),
      estimates.get(`5 ${shift(columnClass, 1)} ${near}`),
      d,
    ];
    const survives = mixed(bits, inputs, significanceWeights, 18, (bit) => {
      inputs.forEach((estimate, j) => estimate.learn(bit, j === 6 ? 250 : 500));
      w.learn(bit, 250);
    });
    codes.push(survives === 1 ? values.next(column, place) : 0);
  }
  return codes;
}

/** Section 4.6. */
class Values {
  private readonly count: number;
  private readonly depth: number;
  private readonly magnitudes: number[];
  private readonly all: Estimate;
  private row: Estimate;
  private readonly columns = new Map<number, Estimate>();
  private recent: number;
  private last: number;
  private readonly estimates = new Estimates();
  private readonly weights: number[][];

  constructor(
    codebook: number[],
    private readonly bits: IndependentBits,
  ) {
    this.count = codebook.length - 1;
    this.depth = 0;
    if (this.count >= 2) while (2 ** this.depth < this.count) this.depth++;
    const largest = codebook.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    // Infinity / Infinity is no magnitude
    this.magnitudes = codebook.map((value) =>
      largest > 0 ? Math.floor((Math.abs(value) / largest) * 65535) || 0 : 0,
    );
    const sum = this.magnitudes.slice(1).reduce((total, m) => total + m, 0);
    this.all = Estimate.of(64 * Math.floor(sum / Math.max(this.count, 1)));
    this.row = Estimate.of(this.all.m);
    this.recent = shift(this.all.m, 6);
    this.last = Math.floor(this.count / 2);
    this.weights = Array.from({ length: this.depth }, () => new Array<number>(7).fill(3400));
  }

  startRow(): void {
    this.row = Estimate.of(this.all.m);
  }

  next(column: number, place: number): number {
    const g = shift(this.all.m, 6);
    const classOf = (a: number): number => {
      const at = [32, 45, 54, 64, 74, 90, 128].findIndex((step) => 64 * a < step * g);
      return at < 0 ? 7 : at;
    };
    const byColumn = this.columns.get(column);
    const r = classOf(shift(this.row.m, 6));
    const k = byColumn ? classOf(shift(byColumn.m, 6)) : 3;
    const t = classOf(this.recent);
    let node = 1;
    for (let level = 0; level < this.depth; level++) {
      const top = shift(this.last, Math.max(0, this.depth - 3));
      const inputs = [
        `0 ${node}`,
        `1 ${node} ${r}`,
        `2 ${node} ${k}`,
        `3 ${node} ${t}`,
        `4 ${node} ${r} ${k}`,
        `5 ${node} ${place}`,
        level < 3 ? `6 ${node} ${top}` : `6 apart ${node}`,
      ].map((name) => this.estimates.get(name));
      const bit = mixed(this.bits, inputs, this.weights[level], 17, (learned) => {
        for (const estimate of inputs) estimate.learn(learned, 500);
      });
      node = 2 * node + bit;
    }
    const rank = node - 2 ** this.depth;
    check(rank < this.count, 'rank');
    const magnitude = this.magnitudes[rank + 1];
    const mine = byColumn ?? Estimate.of(this.all.m);
    this.columns.set(column, mine);
    this.row.adapt(64 * magnitude, 250);
    mine.adapt(64 * magnitude, 250);
    this.all.adapt(64 * magnitude, 500);
    this.recent += shift((magnitude - this.recent) * 77, 8);
    this.last = rank;
    return rank + 1;
  }
}
