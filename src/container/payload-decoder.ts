/**
 * Decodes blocks of compressed tensors to the bytes of their payload and checks them. Keeps the
 * tables of the last tensor, and the last blocks that were asked for in part, so that small reads in
 * order decode each block once.
 */
import { prepareDecoder, type BlockDecoder } from '../compress/code/decode-block.ts';
import { Restorer } from '../compress/code/restore.ts';
import { blockWeights, type CodedTensor } from '../compress/coded.ts';
import { crc32 } from '../model/crc32.ts';
import { DeepCompressionError } from '../model/errors.ts';
import { damaged, dtypeBytes } from './format.ts';

/** Decoded blocks that are kept, each of at most 8 MB. */
const kept = 2;

interface KeptBlock {
  readonly tensor: number;
  readonly block: number;
  readonly payload: Uint8Array;
}

export class PayloadDecoder {
  private readonly recent: KeptBlock[] = [];
  private prepared: { coded: CodedTensor; decoder: BlockDecoder; restorer: Restorer } | undefined;
  private codes = new Uint16Array(0);

  /** `name`: of the file, for error lines. */
  constructor(private readonly name: string) {}

  /** Decodes a block into `target`, as long as its payload. */
  read(coded: CodedTensor, block: number, target: Uint8Array): void {
    const weights = Math.min(blockWeights, coded.weights - block * blockWeights);
    if (!(block >= 0 && weights > 0) || target.length !== weights * dtypeBytes[coded.dtype]) {
      throw new RangeError(`no block ${block} of ${target.length} bytes in tensor ${coded.tensor}`);
    }
    if (this.codes.length < weights) this.codes = new Uint16Array(weights);
    const codes = this.codes.subarray(0, weights);
    try {
      if (this.prepared?.coded !== coded) {
        const decoder = prepareDecoder(coded);
        this.prepared = { coded, decoder, restorer: new Restorer(coded) };
      }
      this.prepared.decoder.decode(block, coded.blocks[block], codes);
    } catch (error) {
      if (!(error instanceof DeepCompressionError) || error.code !== 'invalid-container')
        throw error;
      const what = error.message.replace(/^damaged tensor: /, '');
      throw damaged(this.name, `tensor ${coded.tensor}: ${what}`, error);
    }
    this.prepared.restorer.restore(codes, target, block * blockWeights);
    if (crc32(target) !== coded.blocks[block].crc32) {
      throw damaged(this.name, `a checksum of tensor ${coded.tensor} does not match`);
    }
  }

  /** The payload of a block; valid until the next call. */
  cached(coded: CodedTensor, block: number): Uint8Array {
    const at = this.recent.findIndex((r) => r.tensor === coded.tensor && r.block === block);
    if (at >= 0) return this.recent[at].payload;
    const weights = Math.min(blockWeights, coded.weights - block * blockWeights);
    const payload = new Uint8Array(weights * dtypeBytes[coded.dtype]);
    this.read(coded, block, payload);
    if (this.recent.length === kept) this.recent.shift();
    this.recent.push({ tensor: coded.tensor, block, payload });
    return payload;
  }
}
