/** One block decoded by itself, and its payload restored: tables are made for it alone. */
import { BlockDecoder } from '../../../src/compress/code/decode-block.ts';
import type { TensorCoding } from '../../../src/compress/code/encode-block.ts';
import { Restorer, type CodeValues } from '../../../src/compress/code/restore.ts';
import type { CodedBlock } from '../../../src/compress/coded.ts';

/** `codes` has a place for each weight of the block. */
export function decodeBlock(
  tensor: TensorCoding & { readonly blocks: readonly CodedBlock[] },
  block: number,
  codes: Uint16Array,
): void {
  new BlockDecoder(tensor).decode(block, tensor.blocks[block]!, codes);
}

/** `target` has a place for the value of each code; the first lies at flat index `start`. */
export function restoreBlock(
  tensor: CodeValues,
  codes: Uint16Array,
  target: Uint8Array,
  start: number,
): void {
  new Restorer(tensor).restore(codes, target, start);
}
