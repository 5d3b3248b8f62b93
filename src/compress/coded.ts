/**
 * A compressed tensor as it stands between the compression room (which makes and decodes it), the
 * container (which stores it) and the simulator (which runs it). See docs/dcz-format.md.
 */
import type { CodedDType } from '../model/dtype.ts';
import type { Grid } from './share/grid.ts';

/** Weights per block: the unit of parallel work, random access and checksum. */
export const blockWeights = 1 << 20;

/** Entropy coder of a tensor: the paper's Huffman streams, or adaptive binary arithmetic coding. */
export type Coder = 'huffman' | 'arithmetic';

export interface CodedBlock {
  /** Stored entries: survivors plus filler zeros (relative index), or all weights (dense). */
  readonly entries: number;
  /** Huffman: bit stream of weight codes. Arithmetic: the whole coded block. */
  readonly values: Uint8Array;
  /** Huffman: bit stream of index gaps; empty when dense or arithmetic. */
  readonly gaps: Uint8Array;
  /** CRC-32 (IEEE) of the block's restored payload bytes, little-endian in the tensor's dtype. */
  readonly crc32: number;
}

export interface CodedTensor {
  /** `Tensor.id` in the model it came from. */
  readonly tensor: number;
  readonly dtype: CodedDType;
  /** Number of weights, pruned ones included; of a quantized tensor, of bytes. */
  readonly weights: number;
  /**
   * Value of each code, exact in `dtype`, for `uint8` less 128; `codebook[0]` is +0: pruned weights and filler zeros.
   * Ascending from index 1. At most 257 long.
   */
  readonly codebook: Float64Array;
  /**
   * Present when weights are levels of a uniform grid. The codebook then holds the levels as
   * `levelCodebook` makes them, and the value of a weight is its level times its scale.
   */
  readonly grid?: Grid;
  readonly coder: Coder;
  /**
   * Bits of the relative index, 2..16: a gap of g zeros is stored as floor(g / 2^bits) fillers
   * (code 0, gap 2^bits - 1) and then g mod 2^bits. 0: dense, every weight has a code, no gaps.
   */
  readonly indexBits: number;
  /** Canonical Huffman code length of every weight code (0 = never occurs); empty for arithmetic. */
  readonly valueLengths: Uint8Array;
  /** The same for every gap 0 .. 2^indexBits - 1; empty when dense or arithmetic. */
  readonly gapLengths: Uint8Array;
  /** Weights in one row of the tensor as it is stored: a context. */
  readonly rowLength: number;
  /** Weights of one spatial kernel (product of dimensions from the third on), 1 for matrices. */
  readonly kernelLength: number;
  /** Block b holds weights [b * blockWeights, min(weights, (b + 1) * blockWeights)); gaps restart. */
  readonly blocks: readonly CodedBlock[];
}
