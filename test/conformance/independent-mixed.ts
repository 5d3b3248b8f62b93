/**
 * Mixed planes after docs/dcz-coding.md, section 8: estimates by name in a map where the specification has
 * a table, but for hashed contexts, whose collisions count; the primer is read from the specification.
 */
import { readFileSync } from 'node:fs';
import {
  clamp,
  Estimate,
  Estimates,
  IndependentBits,
  shift,
  squash,
} from './independent-arithmetic.ts';
import { check } from './independent-check.ts';

interface NumberSeen {
  value: number;
  times: number;
  before: number;
}

/** `above`: planes of higher bytes, the next one first; undefined for structure. */
export function decodeMixedPlane(
  stream: Uint8Array,
  length: number,
  above: Uint8Array[] | undefined,
): Uint8Array {
  const bits = new IndependentBits(stream);
  const plane = new Plane(length, above === undefined);
  if (!above) for (const byte of primer()) plane.byte(() => byte, 0, 0);
  for (let i = 0; i < length; i++) {
    plane.byte(undefined, above?.[0]?.[i] ?? 0, above?.[1]?.[i] ?? 0, bits);
  }
  return Uint8Array.from(plane.seen.slice(-length));
}

function primer(): Uint8Array {
  const text = readFileSync('docs/dcz-coding.md', 'utf8');
  const found = /### 8\.5 The primer\n(\d+) bytes[^\n]*\n\n((?: {4}\S+\n)+)/.exec(text);
  const bytes = Buffer.from((found?.[2] ?? '').replaceAll(/\s/g, ''), 'base64');
  check(bytes.length === Number(found?.[1]), 'the primer has its length');
  return bytes;
}

/** a b modulo 2^32, in two halves of a, each exact. */
const imul = (a: number, b: number): number =>
  (((shift(a, 16) * b) % 65536) * 65536 + (a % 65536) * b) % 2 ** 32;
const factor = 0x9e3779b1;

function mix(h: number, v: number): number {
  const sum = (v + 0x5bd1e995) % 2 ** 32;
  const x = imul((h ^ sum) >>> 0, factor);
  return (x ^ (x >>> 15)) >>> 0;
}

class Plane {
  /** Eight zeros first. */
  readonly seen = new Array<number>(8).fill(0);
  private readonly b: number;
  private readonly byHash = Array.from({ length: 9 }, () => new Map<number, Estimate>());
  private readonly estimates = new Estimates();
  private readonly runs = new Map<string, { byte: number; count: number }>();
  private readonly weights = Array.from({ length: 64 }, () => new Array<number>(22).fill(3000));
  private readonly positions = new Map<number, number>();
  private match = { at: 0, n: 0 };
  private word = 0;
  private wordBefore = 0;
  private tags = [0, 0];
  private key = 0;
  private digits = '';
  private readonly numbers = new Map<number, NumberSeen>();

  constructor(
    length: number,
    private readonly structure: boolean,
  ) {
    this.b = clamp(Math.floor(Math.log2(length)) + 1 + 2, 16, 20);
  }

  byte(known: (() => number) | undefined, a: number, b: number, bits?: IndependentBits): void {
    const h = this.hashes(a, b);
    const runName = h.map((hash, i) => `${i} ${shift(hash, 34 - this.b)}`);
    const expected = this.expectations(runName);
    let node = 1;
    for (let bit = 7; bit >= 0; bit--) {
      const given = known && shift(known(), bit) % 2;
      node = 2 * node + this.decision(h, expected, node, bit, given, bits);
    }
    this.learn(node - 256, runName);
  }

  private hashes(a: number, b: number): number[] {
    const [y1, y2, y3, y4, y5, y6] = this.seen.slice(-6).reverse();
    const four = y1 + 2 ** 8 * y2 + 2 ** 16 * y3 + 2 ** 24 * y4;
    const { structure } = this;
    return [
      mix(1, y1),
      mix(2, y1 + 2 ** 8 * y2),
      mix(3, y1 + 2 ** 8 * y2 + 2 ** 16 * y3),
      mix(4, four),
      mix(mix(5, four), y5 + 2 ** 8 * y6),
      mix(mix(6, this.word), this.wordBefore),
      structure ? mix(7, this.key) : mix(7, a),
      mix(8, y2 + 2 ** 8 * y3),
      structure
        ? mix(mix(9, this.tags[0]), y1 + 2 ** 8 * this.tags[1])
        : mix(mix(9, a + 2 ** 8 * b), y1),
    ];
  }

  /** For inputs 9 to 21: the byte that is expected and the name of its context, or nothing. */
  private expectations(runs: string[]): ({ byte: number; name: string } | undefined)[] {
    const list: ({ byte: number; name: string } | undefined)[] = runs.map((name, i) => {
      const run = this.runs.get(name);
      return run && { byte: run.byte, name: `run ${i} ${Math.min(run.count, 15)}` };
    });
    list.push(undefined);
    const { at, n } = this.match;
    list.push(n > 0 ? { byte: this.seen[at], name: `match ${this.confidence}` } : undefined);
    const number = this.numbers.get(shift(this.key, 20));
    for (const [what, more] of [
      ['again', 0],
      ['next', 1],
    ] as const) {
      const text = number ? String(number.value + more) : '';
      const says = text.length > this.digits.length && text.startsWith(this.digits);
      const name = `${what} ${number?.times} ${number?.before}`;
      list.push(says ? { byte: text.charCodeAt(this.digits.length), name } : undefined);
    }
    return list;
  }

  private get confidence(): number {
    const { n } = this.match;
    return n < 8 ? n : Math.min(15, 6 + Math.floor(n / 4));
  }

  private decision(
    h: number[],
    expected: ({ byte: number; name: string } | undefined)[],
    node: number,
    bit: number,
    given: number | undefined,
    bits: IndependentBits | undefined,
  ): number {
    const inputs: (Estimate | undefined)[] = h.map((hash, i) => {
      const table = this.byHash[i];
      const slot = shift(mix(hash, node), 32 - this.b);
      let estimate = table.get(slot);
      if (!estimate) table.set(slot, (estimate = new Estimate()));
      return estimate;
    });
    for (const e of expected) {
      const says = e !== undefined && shift(e.byte + 256, bit + 1) === node;
      inputs.push(says ? this.estimates.get(`${e.name} ${shift(e.byte, bit) % 2}`) : undefined);
    }
    inputs[18] = this.estimates.get(`node ${node}`);
    const set =
      (inputs[19] ? 4 * this.confidence : 0) + (inputs[20] ? 1 : 0) + (inputs[21] ? 2 : 0);
    const w = this.weights[set];
    const s = inputs.map((estimate) => estimate?.stretch ?? 0);
    const sum = s.reduce((total, x, i) => total + x * w[i], 0);
    const p = clamp(squash(clamp(shift(sum, 14), -2047, 2047)), 32, 65504);
    const decided = given ?? bits!.bit(p);
    const error = 65536 * decided - p;
    inputs.forEach((estimate, i) => {
      if (!estimate) return;
      w[i] = clamp(w[i] + shift(error * s[i] + 2 ** 16, 17), -131071, 131071);
      estimate.learn(decided, i < 9 ? 20 : 127);
    });
    return decided;
  }

  private learn(byte: number, runs: string[]): void {
    for (const name of runs) {
      const run = this.runs.get(name);
      const count = run?.byte === byte ? Math.min(255, run.count + 1) : 1;
      this.runs.set(name, { byte, count });
    }
    this.seen.push(byte);
    this.learnNumber(byte);
    this.learnMatch();
    if (byte > 127 || /[A-Za-z]/.test(String.fromCharCode(byte))) this.word = mix(this.word, byte);
    else if (this.word !== 0) {
      this.wordBefore = this.word;
      this.word = 0;
    }
    if (byte < 32) this.tags = [byte, this.tags[0]];
  }

  private learnNumber(byte: number): void {
    if (/\d/.test(String.fromCharCode(byte))) {
      this.digits += String.fromCharCode(byte);
      return;
    }
    if (this.digits !== '') {
      const slot = shift(this.key, 20);
      const old = this.numbers.get(slot);
      const value = Number(this.digits);
      if (this.digits.length <= 9) {
        if (old?.value === value) old.times = Math.min(15, old.times + 1);
        else this.numbers.set(slot, { value, times: 1, before: old?.times ?? 0 });
      }
      this.digits = '';
      this.key = mix(this.key, 35);
    }
    this.key = byte < 32 || byte > 126 ? 0 : mix(this.key, byte);
  }

  private learnMatch(): void {
    const { seen } = this;
    const e = seen.length;
    if (this.match.n > 0 && seen[this.match.at] === seen[e - 1]) {
      this.match = { at: this.match.at + 1, n: this.match.n + 1 };
    } else this.match = { at: 0, n: 0 };
    const [y1, y2, y3, y4] = seen.slice(-4).reverse();
    const slot = shift(imul(y1 + 2 ** 8 * y2 + 2 ** 16 * y3 + 2 ** 24 * y4, factor), 16);
    const q = this.positions.get(slot);
    if (this.match.n === 0 && q !== undefined) {
      let n = 0;
      while (n < 32 && n < q && seen[e - 1 - n] === seen[q - 1 - n]) n++;
      this.match = { at: q, n };
    }
    this.positions.set(slot, e);
  }
}
