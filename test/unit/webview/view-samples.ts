/** Small made-up data for the inspector's charts, and the comparison with golden pictures. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeLengths } from '../../../src/compress/code/code-lengths.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import {
  linearEdges,
  LinearCounter,
  LogCounter,
  type LinearHistogram,
  type LogHistogram,
} from '../../../src/measure/histogram.ts';
import { canonicalTable, treeOf } from '../../../src/view/huffman.ts';
import type { CodebookView, HuffmanView, StreamView } from '../../../src/view/types.ts';
import { toText, type SvgNode } from '../../../webview/charts/svg.ts';

/** Golden files lie beside the tests; DC_UPDATE_GOLDEN=1 writes them anew, for a person to look at. */
export function assertGolden(name: string, picture: SvgNode): void {
  const file = join('test/unit/webview/golden', name);
  const text = `${toText(picture)}\n`;
  if (process.env['DC_UPDATE_GOLDEN']) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${file} is missing`);
  assert.equal(text, readFileSync(file, 'utf8'));
}

/** What every picture must hold to: no style attribute, nothing that is no number. */
export function assertSound(picture: SvgNode): void {
  const text = toText(picture);
  assert.doesNotMatch(text, /\sstyle=/, 'the policy forbids style attributes');
  assert.doesNotMatch(text, /NaN|Infinity|undefined/);
}

export function gaussians(count: number, zeros: number, seed = 1): Float32Array<ArrayBuffer> {
  const random = mulberry32(seed);
  return Float32Array.from({ length: count }, () => {
    const size = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return random() < zeros ? 0 : 0.1 * size;
  });
}

export function linearOf(
  values: Float32Array<ArrayBuffer>,
  bins: number,
  low = -0.4,
  high = 0.4,
): LinearHistogram {
  const counter = new LinearCounter(linearEdges(low, high, bins));
  counter.add(values);
  return counter.result();
}

export function logOf(values: Float32Array<ArrayBuffer>, bins: number): LogHistogram {
  const counter = new LogCounter();
  counter.add(values);
  return counter.result(bins);
}

/** A code for symbols with these counts. */
export function codeOf(counts: readonly number[]): HuffmanView {
  const all = Float64Array.from(counts);
  const lengths = codeLengths(all);
  const { symbols, words } = canonicalTable(lengths);
  const inOrder = Uint8Array.from(symbols, (s) => lengths[s]);
  const sorted = Float64Array.from(symbols, (s) => counts[s]);
  const entries = sorted.reduce((a, b) => a + b, 0);
  const bits = sorted.reduce((sum, c, i) => sum + c * inOrder[i], 0);
  return {
    ...{ stream: 'values', stored: true, indexBits: 4, symbols, words, entries, bits },
    values: Float64Array.from(symbols, (s) => s / 8),
    counts: sorted,
    lengths: inOrder,
    meanBits: bits / entries,
    entropyBits: 0,
    tree: treeOf(inOrder, words, sorted),
  };
}

export const book: CodebookView = {
  from: 'stored',
  values: Float64Array.of(0, -0.25, -0.1, 0.08, 0.22),
  counts: Float64Array.of(9000, 120, 380, 410, 90),
  lengths: Uint8Array.of(1, 4, 2, 3, 4),
  made: false,
  weights: 10_000,
  fillers: 12,
  rmse: 0.02,
  errors: {
    squared: Float64Array.of(1.2, 0.3, 0.5, 0.6, 0.2),
    signed: Float64Array.of(0, 0, 0, 0, 0),
    largest: Float64Array.of(0.05, 0.08, 0.07, 0.07, 0.1),
    from: Float64Array.of(-0.05, -0.3, -0.17, 0.051, 0.15),
    to: Float64Array.of(0.05, -0.171, -0.051, 0.15, 0.3),
    rmse: 0.0167,
  },
};

/** Three weights, the second after a filler of 16 zeros. */
export const stream: StreamView = {
  ...{ coder: 'huffman', indexBits: 4, total: 900, first: 0, block: 0, blocks: 1 },
  ...{ blockFirst: 0, blockEntries: 900, count: 5 },
  symbol: Uint16Array.of(3, 0, 1, 2, 4),
  level: null,
  gap: Uint16Array.of(2, 15, 3, 0, 9),
  filler: Uint8Array.of(0, 1, 0, 0, 0),
  position: Float64Array.of(2, 18, 22, 23, 33),
  row: Float64Array.of(0, 1, 2, 2, 3),
  col: Float64Array.of(2, 8, 2, 3, 3),
  weight: Float64Array.of(0.08, 0, -0.25, -0.1, 0.22),
  valueBit: Float64Array.of(0, 3, 7, 11, 13),
  valueLength: Uint8Array.of(3, 4, 4, 2, 4),
  valueWord: Uint16Array.of(0b110, 0b1110, 0b1111, 0b10, 0b0111),
  gapBit: Float64Array.of(0, 2, 7, 10, 11),
  gapLength: Uint8Array.of(2, 5, 3, 1, 4),
  gapWord: Uint16Array.of(0b10, 0b11111, 0b110, 0, 0b1110),
};
