/**
 * One layer's row of the report, the paper's accounting included (Deep Compression, Tables 2 to 5):
 * a layer of n weights whose codes are stored as e entries (survivors and filler zeros) with b bits a
 * code and i bits a gap, and k shared values of 32 bits (on a grid as many scales), takes
 *
 *     (e (b + i) + 32 k) / (32 n)
 *
 * of its 32-bit weights: the paper's rate (equation 1) turned over, with the index added. After
 * Huffman coding, b and i are the mean lengths of the codes. For an arithmetic-coded layer, which has
 * no index, the figures are those that Huffman coding would have at the width that suits it best.
 */
import type { Tensor } from '../model/model.ts';
import type { Coder, CodedTensor } from './coded.ts';
import { codeLengths, entropyBits, streamBits } from './code/code-lengths.ts';
import { cheapestIndex, gapCounts } from './code/relative-index.ts';
import type { LayerStatistics } from './statistics.ts';

/** Bytes of a layer in the container. */
export interface StoredLayerBytes {
  readonly values: number;
  readonly index: number;
  readonly codebook: number;
  readonly tables: number;
  readonly total: number;
}

/** Structurally `CompressedLayer` of engine/protocol.ts, which documents the fields. */
export interface LayerReport {
  readonly name: string;
  readonly op: string;
  readonly shape: readonly number[];
  readonly weights: number;
  readonly nonzeros: number;
  readonly sparsity: number;
  readonly codebookSize: number;
  readonly grid?: { readonly levels: number; readonly channels: number; readonly columns: number };
  readonly valueBits: number;
  readonly indexBits: number;
  readonly coder: Coder;
  readonly huffmanBits: { readonly value: number; readonly index: number };
  readonly entropyBits: { readonly value: number; readonly index: number };
  readonly bytes: StoredLayerBytes;
  readonly entries: number;
  readonly fillers: number;
  readonly rmse: number;
  readonly paper: { readonly prunedQuantized: number; readonly prunedQuantizedHuffman: number };
}

export function layerReport(
  tensor: Pick<Tensor, 'name' | 'op' | 'shape'>,
  coded: Omit<CodedTensor, 'blocks'>,
  stats: LayerStatistics,
  bytes: StoredLayerBytes,
): LayerReport {
  const { weights } = coded;
  const { grid } = coded;
  const codes = coded.codebook.length;
  const codebookSize = grid === undefined ? codes : 0;
  const channels = grid?.scales.length ?? 0;
  const columns = grid?.columnScales?.length ?? 0;
  // a byte of packed or unsigned weights says nothing about zeros
  const nonzeros = coded.dtype === 'uint8' ? weights : weights - stats.codeCounts[0];
  const indexBits =
    coded.coder === 'huffman' ? coded.indexBits : cheapestIndex(stats.runs, stats.codeCounts).bits;
  const gaps = gapCounts(stats.runs, indexBits);
  const fillers = indexBits > 0 ? gaps.fillers : 0;
  const entries = indexBits > 0 ? nonzeros + fillers : weights;
  const values = Float64Array.from(stats.codeCounts);
  if (indexBits > 0) values[0] = fillers;
  const per = (bits: number): number => (entries > 0 ? bits / entries : 0);
  const huffmanBits = {
    value: per(streamBits(values, codeLengths(values))),
    index: indexBits > 0 ? per(streamBits(gaps.counts, codeLengths(gaps.counts))) : 0,
  };
  const valueBits = codes > 1 ? Math.ceil(Math.log2(codes)) : 0;
  const table = grid === undefined ? codes : channels + columns;
  const fraction = (bitsAnEntry: number): number =>
    weights > 0 ? (entries * bitsAnEntry + 32 * table) / (32 * weights) : 0;
  return {
    name: tensor.name,
    op: tensor.op,
    shape: tensor.shape,
    weights,
    nonzeros,
    sparsity: weights > 0 ? 1 - nonzeros / weights : 0,
    codebookSize,
    ...(grid && { grid: { levels: codes, channels, columns } }),
    valueBits,
    indexBits,
    coder: coded.coder,
    huffmanBits,
    entropyBits: {
      value: per(entropyBits(values)),
      index: indexBits > 0 ? per(entropyBits(gaps.counts)) : 0,
    },
    bytes,
    entries,
    fillers,
    rmse: stats.rmse,
    paper: {
      prunedQuantized: fraction(valueBits + indexBits),
      prunedQuantizedHuffman: fraction(huffmanBits.value + huffmanBits.index),
    },
  };
}
