/**
 * A Huffman code as a table and as a tree, from its code lengths alone (docs/dcz-coding.md, section
 * 2): symbols in canonical order, words whose first bit sent is the highest, and the tree in which a
 * word is the way from the root, 0 to the left.
 */
import { codeLengths, entropyBits, streamBits } from '../compress/code/code-lengths.ts';
import { huffmanTable } from '../compress/code/huffman.ts';
import { cheapestIndex, gapCounts } from '../compress/code/relative-index.ts';
import type { CodedTensor } from '../compress/coded.ts';
import type { LayerStatistics } from '../compress/statistics.ts';
import { DeepCompressionError } from '../model/errors.ts';
import type { HuffmanTree, HuffmanView } from './types.ts';

/** Symbols with a code in canonical order, and their words. A sole symbol has an empty word. */
export function canonicalTable(lengths: Uint8Array): {
  readonly symbols: Uint16Array;
  readonly words: Uint16Array;
} {
  const { symbols, sole } = huffmanTable(lengths); // also refuses what is no code
  const words = new Uint16Array(symbols.length);
  if (sole >= 0) return { symbols, words };
  let word = 0;
  for (let i = 0; i < symbols.length; i++) {
    if (i > 0) word = (word + 1) << (lengths[symbols[i]] - lengths[symbols[i - 1]]);
    words[i] = word;
  }
  return { symbols, words };
}

/** The tree of a canonical table; `lengths` and `counts` in its order. A sole symbol is the root. */
export function treeOf(lengths: Uint8Array, words: Uint16Array, counts: Float64Array): HuffmanTree {
  const leaves = words.length;
  const size = Math.max(leaves > 0 ? 1 : 0, 2 * leaves - 1);
  const left = new Int32Array(size).fill(-1);
  const right = new Int32Array(size).fill(-1);
  const leaf = new Int32Array(size).fill(-1);
  const depth = new Uint8Array(size);
  const sums = new Float64Array(size);
  let used = 1;
  for (let i = 0; i < leaves; i++) {
    let node = 0;
    sums[0] += counts[i];
    for (let bit = leaves === 1 ? -1 : lengths[i] - 1; bit >= 0; bit--) {
      const side = ((words[i] >>> bit) & 1) === 0 ? left : right;
      if (side[node] < 0) {
        depth[used] = depth[node] + 1;
        side[node] = used++;
      }
      node = side[node];
      sums[node] += counts[i];
    }
    leaf[node] = i;
  }
  return { left, right, leaf, depth, counts: sums };
}

/**
 * The code of a layer's values or gaps; for a layer that has none, the one it would have at the
 * index width that suits it best.
 * @throws DeepCompressionError `invalid-input` for the gaps of a dense layer, and for levels of a grid
 * that are coded arithmetically (spending.ts says what they take)
 */
export function huffmanView(
  stream: 'values' | 'gaps',
  coded: Pick<
    CodedTensor,
    'coder' | 'indexBits' | 'codebook' | 'valueLengths' | 'gapLengths' | 'grid'
  >,
  stats: LayerStatistics,
): HuffmanView {
  const stored = coded.coder === 'huffman';
  if (!stored && coded.grid !== undefined)
    throw new DeepCompressionError(
      'invalid-input',
      'its levels are coded arithmetically: they have no Huffman code',
    );
  const indexBits = stored ? coded.indexBits : cheapestIndex(stats.runs, stats.codeCounts).bits;
  if (stream === 'gaps' && indexBits === 0)
    throw new DeepCompressionError('invalid-input', 'a dense layer has no index gaps');
  const gaps = gapCounts(stats.runs, indexBits);
  let counts = gaps.counts;
  if (stream === 'values') {
    counts = Float64Array.from(stats.codeCounts);
    if (indexBits > 0) counts[0] = gaps.fillers;
  }
  const kept = stream === 'values' ? coded.valueLengths : coded.gapLengths;
  const lengths = stored ? kept : codeLengths(counts);
  const { symbols, words } = canonicalTable(lengths);
  const inOrder = Float64Array.from(symbols, (s) => counts[s] ?? 0);
  const lengthsInOrder = Uint8Array.from(symbols, (s) => lengths[s]);
  const entries = inOrder.reduce((a, b) => a + b, 0);
  const bits = streamBits(counts, lengths);
  return {
    ...{ stream, stored, indexBits, symbols, words, entries, bits },
    values:
      stream === 'values'
        ? Float64Array.from(symbols, (s) => coded.codebook[s])
        : new Float64Array(0),
    counts: inOrder,
    lengths: lengthsInOrder,
    meanBits: entries > 0 ? bits / entries : 0,
    entropyBits: entries > 0 ? entropyBits(inOrder) / entries : 0,
    tree: treeOf(lengthsInOrder, words, inOrder),
  };
}
