/**
 * Decodes blocks of compressed tensors, restores the bytes of their payload and holds these to the
 * block's CRC-32: what every reader of a .dcz does before it believes a weight. Keeps the tables and
 * buffers of the last tensor.
 */
import { crc32 } from '../../model/crc32.ts';
import { DeepCompressionError } from '../../model/errors.ts';
import { blockWeights, type CodedTensor } from '../coded.ts';
import { BlockDecoder } from './decode-block.ts';
import { weightsOfBlock } from './encode-block.ts';
import { bytesOf, Restorer } from './restore.ts';

/** The one error of a damaged file: its name and what is wrong, on one line. */
export function damaged(name: string, what: string, cause?: unknown): DeepCompressionError {
  return new DeepCompressionError(
    'invalid-container',
    `${name}: damaged .dcz file: ${what}`,
    cause === undefined ? undefined : { cause },
  );
}

interface Prepared {
  readonly coded: CodedTensor;
  readonly decoder: BlockDecoder;
  readonly restorer: Restorer;
}

export class CheckedDecoder {
  #prepared: Prepared | undefined;
  #codes = new Uint16Array(0);
  #payload = new Uint8Array(0);

  /** @param name of the file, for error lines */
  constructor(private readonly name: string) {}

  /**
   * The codes of a block, a view that the next call overwrites.
   * @param payload gets the bytes of the block, and is as long as these
   * @throws DeepCompressionError `invalid-container`
   */
  decode(coded: CodedTensor, block: number, payload?: Uint8Array): Uint16Array {
    const n = weightsOfBlock(coded.weights, block);
    if (this.#codes.length < n) this.#codes = new Uint16Array(n);
    const codes = this.#codes.subarray(0, n);
    const { decoder, restorer } = this.#of(coded);
    this.#named(coded, () => decoder.decode(block, coded.blocks[block], codes));
    const bytes = payload ?? this.#own(n * bytesOf(coded.dtype));
    restorer.restore(codes, bytes, block * blockWeights);
    if (crc32(bytes) !== coded.blocks[block].crc32)
      throw damaged(this.name, `a checksum of tensor ${coded.tensor} does not match`);
    return codes;
  }

  #of(coded: CodedTensor): Prepared {
    if (this.#prepared?.coded === coded) return this.#prepared;
    const decoder = this.#named(coded, () => new BlockDecoder(coded));
    return (this.#prepared = { coded, decoder, restorer: new Restorer(coded) });
  }

  #own(length: number): Uint8Array {
    if (this.#payload.length < length) this.#payload = new Uint8Array(length);
    return this.#payload.subarray(0, length);
  }

  /** Names the file and the tensor in what decoding throws. */
  #named<T>(coded: CodedTensor, decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof DeepCompressionError) || error.code !== 'invalid-container')
        throw error;
      const what = error.message.replace(/^damaged tensor: /, '');
      throw damaged(this.name, `tensor ${coded.tensor}: ${what}`, error);
    }
  }
}
