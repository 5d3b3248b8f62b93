/** A tensor of the index as the decoder takes it: its streams are read from the file when asked for. */
import type { CodedBlock, CodedTensor } from '../compress/coded.ts';
import { levelCodebook, type Grid, type GridLayout } from '../compress/share/grid.ts';
import { readBytes, type ByteSource } from '../model/bytes.ts';
import { hasGaps } from './format.ts';
import type { IndexedBlock, IndexedTensor } from './index-types.ts';

export function codedTensor(source: ByteSource, indexed: IndexedTensor): CodedTensor {
  const { tensor, dtype, weights, coder, indexBits, rowLength, kernelLength, tables } = indexed;
  const { grid } = indexed;
  return {
    ...{ tensor, dtype, weights, coder, indexBits, rowLength, kernelLength },
    // made when asked for, as the tables below: it has up to 65,535 levels
    get codebook() {
      return grid ? levelCodebook(grid.largest) : tables.codebook;
    },
    ...(grid && tables.grid && { grid: gridOf(grid, tables.grid) }),
    // made when asked for: a table of gaps has up to 65,536 entries, and a file many tensors
    get valueLengths() {
      const symbols = grid ? 2 * grid.largest + 1 : tables.codebook.length;
      return padded(tables.valueLengths, coder === 'huffman' ? symbols : 0);
    },
    get gapLengths() {
      return padded(tables.gapLengths, hasGaps(indexed) ? 2 ** indexBits : 0);
    },
    blocks: indexed.blocks.map((block) => lazyBlock(source, block)),
  };
}

function gridOf(
  { rows, cols, transposed }: GridLayout,
  scales: { readonly scales: Int32Array; readonly columnScales?: Int32Array },
): Grid {
  return { rows, cols, transposed, ...scales };
}

function padded(lengths: Uint8Array, symbols: number): Uint8Array {
  const table = new Uint8Array(symbols);
  table.set(lengths);
  return table;
}

function lazyBlock(
  source: ByteSource,
  { entries, offset, values, gaps, crc32: checksum }: IndexedBlock,
): CodedBlock {
  return {
    entries,
    get values() {
      return readBytes(source, offset, values);
    },
    get gaps() {
      return readBytes(source, offset + values, gaps);
    },
    crc32: checksum,
  };
}
