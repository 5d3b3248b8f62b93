/**
 * What the decisions of a level are expected to be before any was seen: those of a logistic
 * distribution with the mean magnitude of the context's class. A layer of some hundred weights is over
 * before estimates that begin at one half have learned as much. docs/dcz-coding.md, section 5.2.
 */
import { countBits } from './adaptive.ts';
import { squashTable, stretchLimit } from './logistic.ts';

/** Classes of mean magnitudes, four to an octave from a quarter of a level on. */
export const classes = 64;
/** Decisions of a level: zero, the tree of its bit length, the two bits below its highest. */
export const nodes = 64;
export const zeroNode = 0;
export const treeNode = 0;
export const mantissaNode = 16;

/** How much an estimate trusts its beginning, as updates. */
const trust = 24;
/** ln 2 x 2^15, rounded: a logistic distribution of scale s has the mean magnitude 2 s ln 2. */
const halfWidth = 22713;
const leastChance = 1311;

/** Class of a mean magnitude in 16ths of a level. */
export function classOf(sixteenths: number): number {
  if (sixteenths < 4) return 0;
  const e = 31 - Math.clz32(sixteenths);
  return Math.min(classes - 1, 4 * (e - 2) + ((sixteenths >> (e - 2)) & 3) + 1);
}

/** Decisions that tell the bit lengths of magnitudes up to `largest` apart. */
export function lengthDepth(largest: number): number {
  return largest < 2 ? 0 : 32 - Math.clz32(31 - Math.clz32(largest));
}

const tables: Int32Array[] = [];

/** Estimates of class x node for levels whose bit length takes `depth` decisions. */
export function levelPrior(depth: number): Int32Array {
  return (tables[depth] ??= build(depth));
}

function build(depth: number): Int32Array {
  const table = new Int32Array(classes * nodes);
  for (let c = 0; c < classes; c++) {
    // in 128ths of a level
    const mean = c === 0 ? 15 : 2 ** (2 + ((c - 1) >> 2)) * (9 + 2 * ((c - 1) & 3));
    const set = (node: number, low: number, middle: number, high: number): void => {
      const [a, b, d] = [tail(low, mean), tail(middle, mean), tail(high, mean)];
      const chance = a > d ? Math.floor((65536 * (b - d)) / (a - d)) : 32768;
      const clamped = Math.min(Math.max(chance, leastChance), 65536 - leastChance);
      table[c * nodes + node] = ((clamped << 6) << countBits) | trust;
    };
    set(zeroNode, 0, 1, Infinity);
    for (let node = 1; node < 2 ** depth; node++) {
      const level = 31 - Math.clz32(node);
      const width = 2 ** (depth - 1 - level);
      const first = 2 * width * node - 2 ** depth;
      set(treeNode + node, 2 ** first, 2 ** (first + width), 2 ** (first + 2 * width));
    }
    for (let e = 1; e < 15; e++) {
      const at = mantissaNode + 3 * (e - 1);
      const unit = 2 ** e;
      set(at, unit, 1.5 * unit, 2 * unit);
      if (e === 1) continue;
      set(at + 1, unit, 1.25 * unit, 1.5 * unit);
      set(at + 2, 1.5 * unit, 1.75 * unit, 2 * unit);
    }
  }
  return table;
}

/** Chance, of 32768, of a magnitude of at least `from`, when the mean is `mean` 128ths. */
function tail(from: number, mean: number): number {
  if (from === 0) return 32768;
  const x = Math.min(stretchLimit, Math.floor(((2 * from - 1) * halfWidth) / mean));
  return squashTable[2048 - x];
}
