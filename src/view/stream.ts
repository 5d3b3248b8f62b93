/**
 * A stretch of a coded stream, decoded step by step: what was sent for each entry, and where it puts
 * which weight (docs/dcz-coding.md, section 3; Deep Compression, figure 2). An arithmetic-coded layer
 * has no bits of its own for each weight, so its steps show codes and places only; the codes of a grid
 * are levels.
 */
import { weightsOfBlock } from '../compress/code/encode-block.ts';
import { blockWeights } from '../compress/coded.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { CodedLayer } from './coded-layer.ts';
import { canonicalTable } from './huffman.ts';
import { placeOf, type Layout } from './layout.ts';
import type { StreamView } from './types.ts';

export const mostSteps = 4096;

/** Where to begin: an entry's number, or the weight at a flat index (or the next one stored). */
export type StreamSeek = { readonly entry: number } | { readonly position: number };

/** @throws DeepCompressionError `invalid-input` for a place the layer does not have */
export function streamView(
  layer: CodedLayer,
  layout: Layout,
  seek: StreamSeek,
  wanted: number,
): StreamView {
  const { coded } = layer;
  const sent = coded.coder === 'huffman';
  const total = coded.blocks.reduce((sum, b) => sum + b.entries, 0);
  const { block, local, blockFirst } = startOf(layer, seek);
  const blockEntries = coded.blocks[block].entries;
  const count = Math.max(0, Math.min(wanted, mostSteps, blockEntries - local));
  const steps = emptySteps(count);
  const level = coded.grid ? new Int32Array(count) : null;
  const value = new Float64Array(1);
  const sparse = sent && coded.indexBits > 0;
  const entries = sent ? layer.entries(block) : undefined;
  const codes = sent ? undefined : layer.codes(block);
  const values = sent ? codeTable(coded.valueLengths) : undefined;
  const gaps = sparse ? codeTable(coded.gapLengths) : undefined;
  let valueBit = 0;
  let gapBit = 0;
  let position = block * blockWeights - 1;
  for (let e = 0; e < local; e++) {
    if (entries === undefined) break;
    if (values) valueBit += values.lengths[entries.values[e]];
    if (gaps) gapBit += gaps.lengths[entries.gaps[e]];
    position += 1 + (sparse ? entries.gaps[e] : 0);
  }
  if (!sent) position += local;
  for (let i = 0; i < count; i++) {
    const symbol = entries ? entries.values[local + i] : (codes?.[local + i] ?? 0);
    const gap = sparse && entries ? entries.gaps[local + i] : 0;
    position += 1 + gap;
    if (position >= coded.weights)
      throw new DeepCompressionError(
        'invalid-container',
        'damaged tensor: its index reaches past its end',
      );
    const { row, col } = placeOf(layout, position);
    steps.symbol[i] = symbol;
    steps.gap[i] = gap;
    steps.filler[i] = sparse && symbol === 0 ? 1 : 0;
    steps.position[i] = position;
    steps.row[i] = row;
    steps.col[i] = col;
    if (level) {
      level[i] = coded.codebook[symbol];
      layer.values.read(position, value);
      steps.weight[i] = value[0];
    } else steps.weight[i] = coded.codebook[symbol];
    steps.valueBit[i] = valueBit;
    steps.gapBit[i] = gapBit;
    if (values) {
      steps.valueLength[i] = values.lengths[symbol];
      steps.valueWord[i] = values.words[symbol];
      valueBit += values.lengths[symbol];
    }
    if (gaps) {
      steps.gapLength[i] = gaps.lengths[gap];
      steps.gapWord[i] = gaps.words[gap];
      gapBit += gaps.lengths[gap];
    }
  }
  return {
    ...{ coder: coded.coder, indexBits: coded.indexBits, total, first: blockFirst + local },
    ...{ block, blocks: coded.blocks.length, blockFirst, blockEntries, count },
    ...steps,
    level,
  };
}

function startOf(
  layer: CodedLayer,
  seek: StreamSeek,
): { readonly block: number; readonly local: number; readonly blockFirst: number } {
  const { coded } = layer;
  const { blocks } = coded;
  if ('position' in seek) {
    const { position } = seek;
    if (!(Number.isSafeInteger(position) && position >= 0 && position < coded.weights))
      throw new DeepCompressionError('invalid-input', `no weight ${position} of ${coded.weights}`);
    const block = Math.floor(position / blockWeights);
    let blockFirst = 0;
    for (let b = 0; b < block; b++) blockFirst += blocks[b].entries;
    return { block, local: entryAt(layer, block, position - block * blockWeights), blockFirst };
  }
  const { entry } = seek;
  let blockFirst = 0;
  for (const [block, { entries }] of blocks.entries()) {
    if (entry >= blockFirst && entry < blockFirst + entries && Number.isSafeInteger(entry))
      return { block, local: entry - blockFirst, blockFirst };
    blockFirst += entries;
  }
  // a layer of which nothing is stored has one empty stretch
  if (entry === 0 && blockFirst === 0 && blocks.length > 0)
    return { block: 0, local: 0, blockFirst: 0 };
  throw new DeepCompressionError('invalid-input', `no entry ${entry} of ${blockFirst}`);
}

/** The first entry of a block that lies at weight `at` of it or after; past the last when none does. */
function entryAt(layer: CodedLayer, block: number, at: number): number {
  const { coded } = layer;
  if (coded.coder === 'arithmetic' || coded.indexBits === 0) return at;
  const { gaps } = layer.entries(block);
  let position = -1;
  for (let e = 0; e < gaps.length; e++) {
    position += 1 + gaps[e];
    if (position >= at) return e;
    if (position >= weightsOfBlock(coded.weights, block)) break;
  }
  return gaps.length;
}

/** Bits each symbol takes, and its word, by symbol. A sole symbol takes none. */
function codeTable(lengths: Uint8Array): {
  readonly lengths: Uint8Array;
  readonly words: Uint16Array;
} {
  const { symbols, words } = canonicalTable(lengths);
  const taken = new Uint8Array(lengths.length);
  const bySymbol = new Uint16Array(lengths.length);
  if (symbols.length > 1)
    symbols.forEach((s, i) => {
      taken[s] = lengths[s];
      bySymbol[s] = words[i];
    });
  return { lengths: taken, words: bySymbol };
}

function emptySteps(count: number) {
  return {
    symbol: new Uint16Array(count),
    gap: new Uint16Array(count),
    filler: new Uint8Array(count),
    position: new Float64Array(count),
    row: new Float64Array(count),
    col: new Float64Array(count),
    weight: new Float64Array(count),
    valueBit: new Float64Array(count),
    valueLength: new Uint8Array(count),
    valueWord: new Uint16Array(count),
    gapBit: new Float64Array(count),
    gapLength: new Uint8Array(count),
    gapWord: new Uint16Array(count),
  };
}
