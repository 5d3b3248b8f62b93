/**
 * One block of codes as a `CodedBlock`: relative index and Huffman streams, or arithmetic coding, and
 * the checksum of the payload it restores to. An encoder keeps its tables and buffers between blocks.
 */
import { crc32 } from '../../model/crc32.ts';
import { blockWeights, type CodedBlock, type CodedTensor } from '../coded.ts';
import { largestOf } from '../share/grid.ts';
import { encodeArithmetic } from './arithmetic.ts';
import { canonicalCodes, encodeSymbols } from './huffman.ts';
import { encodeLevels } from './levels.ts';
import { toEntries } from './relative-index.ts';
import { bytesOf, Restorer } from './restore.ts';

/** What is decided about a tensor before its blocks are coded. */
export type TensorCoding = Omit<CodedTensor, 'blocks'>;

/** Levels of a grid have a model of their own. */
function encodeArithmeticOf(
  t: TensorCoding,
  start: number,
  codes: Uint16Array,
  n: number,
): Uint8Array<ArrayBuffer> {
  if (t.grid === undefined) return encodeArithmetic(t, start, codes, n);
  return encodeLevels({ ...t, largest: largestOf(t.codebook) }, start, codes, n);
}

/** Weights of block `block`; blocks are all full but the last. */
export function weightsOfBlock(weights: number, block: number): number {
  return Math.min(blockWeights, weights - block * blockWeights);
}

/** Blocks of a tensor; none when it is empty. */
export function blocksOf(weights: number): number {
  return Math.ceil(weights / blockWeights);
}

export class BlockEncoder {
  readonly #tensor: TensorCoding;
  readonly #restorer: Restorer;
  readonly #valueCodes: Int32Array;
  readonly #gapCodes: Int32Array;
  #values = new Uint16Array(0);
  #gaps = new Uint16Array(0);
  #payload = new Uint8Array(0);

  constructor(tensor: TensorCoding) {
    this.#tensor = tensor;
    this.#restorer = new Restorer(tensor);
    this.#valueCodes = canonicalCodes(tensor.valueLengths);
    this.#gapCodes = canonicalCodes(tensor.gapLengths);
  }

  /** Codes block `block`, whose weights have the codes `codes[0 .. weightsOfBlock)`. */
  encode(block: number, codes: Uint16Array): CodedBlock {
    const t = this.#tensor;
    const n = weightsOfBlock(t.weights, block);
    const crc = this.#checksum(codes, n, block * blockWeights);
    const gaps = new Uint8Array(0);
    if (t.coder === 'arithmetic') {
      const values = encodeArithmeticOf(t, block * blockWeights, codes, n);
      return { entries: n, values, gaps, crc32: crc };
    }
    if (t.indexBits === 0) {
      return { entries: n, values: encodeSymbols(this.#valueCodes, codes, n), gaps, crc32: crc };
    }
    if (this.#values.length < n) {
      this.#values = new Uint16Array(n);
      this.#gaps = new Uint16Array(n);
    }
    const entries = toEntries(codes, n, t.indexBits, this.#values, this.#gaps);
    return {
      entries,
      values: encodeSymbols(this.#valueCodes, this.#values, entries),
      gaps: encodeSymbols(this.#gapCodes, this.#gaps, entries),
      crc32: crc,
    };
  }

  #checksum(codes: Uint16Array, n: number, start: number): number {
    const size = n * bytesOf(this.#tensor.dtype);
    if (this.#payload.length < size) this.#payload = new Uint8Array(size);
    const payload = this.#payload.subarray(0, size);
    this.#restorer.restore(codes, payload, start);
    return crc32(payload);
  }
}
