/**
 * Payloads of compressed tensors by block, checked. Keeps the last blocks that were asked for in part,
 * so that small reads in order decode each block once.
 */
import { CheckedDecoder } from '../compress/code/checked-decoder.ts';
import { bytesOf } from '../compress/code/restore.ts';
import { blockWeights, type CodedTensor } from '../compress/coded.ts';

/** Decoded blocks that are kept, each of at most 8 MB. */
const kept = 2;

interface KeptBlock {
  readonly tensor: number;
  readonly block: number;
  readonly payload: Uint8Array;
}

export class PayloadDecoder {
  private readonly recent: KeptBlock[] = [];
  private readonly checked: CheckedDecoder;

  /** `name`: of the file, for error lines. */
  constructor(name: string) {
    this.checked = new CheckedDecoder(name);
  }

  /** Decodes a block into `target`, as long as its payload. */
  read(coded: CodedTensor, block: number, target: Uint8Array): void {
    const weights = Math.min(blockWeights, coded.weights - block * blockWeights);
    if (!(block >= 0 && weights > 0) || target.length !== weights * bytesOf(coded.dtype)) {
      throw new RangeError(`no block ${block} of ${target.length} bytes in tensor ${coded.tensor}`);
    }
    this.checked.decode(coded, block, target);
  }

  /** The payload of a block; valid until the next call. */
  cached(coded: CodedTensor, block: number): Uint8Array {
    const at = this.recent.findIndex((r) => r.tensor === coded.tensor && r.block === block);
    if (at >= 0) return this.recent[at].payload;
    const weights = Math.min(blockWeights, coded.weights - block * blockWeights);
    const payload = new Uint8Array(weights * bytesOf(coded.dtype));
    this.read(coded, block, payload);
    if (this.recent.length === kept) this.recent.shift();
    this.recent.push({ tensor: coded.tensor, block, payload });
    return payload;
  }
}
