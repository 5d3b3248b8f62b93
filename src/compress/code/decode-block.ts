/**
 * One code per weight from a `CodedBlock`. Nothing in a block is trusted: whatever its bytes, decoding
 * ends after as many steps as the block has weights and writes only inside `codes`.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { blockWeights, type CodedBlock } from '../coded.ts';
import { largestOf } from '../share/grid.ts';
import { decodeArithmetic } from './arithmetic.ts';
import { weightsOfBlock, type TensorCoding } from './encode-block.ts';
import { decodeSymbols, huffmanTable, type HuffmanTable } from './huffman.ts';
import { decodeLevels } from './levels.ts';
import { fromEntries } from './relative-index.ts';

/** A decoder with the tensor's tables prepared; it keeps its buffers between blocks. */
export class BlockDecoder {
  readonly tensor: TensorCoding;
  readonly #valueTable: HuffmanTable | undefined;
  readonly #gapTable: HuffmanTable | undefined;
  #values = new Uint16Array(0);
  #gaps = new Uint16Array(0);

  /** @throws DeepCompressionError `invalid-container` for code lengths that are no code. */
  constructor(tensor: TensorCoding) {
    this.tensor = tensor;
    if (tensor.coder === 'arithmetic') return;
    if (tensor.valueLengths.length > tensor.codebook.length) {
      invalid('it has more code lengths than shared values');
    }
    this.#valueTable = huffmanTable(tensor.valueLengths);
    if (tensor.indexBits === 0) return;
    if (tensor.gapLengths.length > 2 ** tensor.indexBits) {
      invalid('it has more code lengths than index gaps');
    }
    this.#gapTable = huffmanTable(tensor.gapLengths);
  }

  /**
   * Fills `codes[0 .. n)` with the codes of block number `block`, n being its weights.
   * @throws DeepCompressionError `invalid-container` for streams that are not well-formed.
   */
  decode(block: number, coded: CodedBlock, codes: Uint16Array): void {
    const t = this.tensor;
    const n = weightsOfBlock(t.weights, block);
    if (!(n > 0) || codes.length < n) invalid(`it has no block ${block}`);
    const { entries } = coded;
    if (!(entries >= 0 && entries <= n)) invalid('a block has more entries than weights');
    if (this.#valueTable === undefined) {
      if (entries !== n) invalid('a block has fewer entries than weights');
      const start = block * blockWeights;
      if (t.grid === undefined) decodeArithmetic(t, start, coded.values, codes, n);
      else decodeLevels({ ...t, largest: largestOf(t.codebook) }, start, coded.values, codes, n);
    } else if (this.#gapTable === undefined) {
      if (entries !== n) invalid('a block has fewer entries than weights');
      decodeSymbols(this.#valueTable, coded.values, codes, n);
    } else {
      if (this.#values.length < entries) {
        this.#values = new Uint16Array(entries);
        this.#gaps = new Uint16Array(entries);
      }
      decodeSymbols(this.#valueTable, coded.values, this.#values, entries);
      decodeSymbols(this.#gapTable, coded.gaps, this.#gaps, entries);
      fromEntries(this.#values, this.#gaps, entries, codes, n);
    }
  }
}

function invalid(what: string): never {
  throw new DeepCompressionError('invalid-container', `damaged tensor: ${what}`);
}
