/**
 * The arithmetic coder of a block: in WebAssembly where the engine has it, else in TypeScript. Both
 * give the same bytes and the same codes. docs/dcz-coding.md, section 4.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { arithmeticKernel } from './arithmetic-kernel.ts';
import { decodePlain, encodePlain } from './arithmetic-plain.ts';

/** What both sides know of the tensor a block belongs to. */
export interface BlockShape {
  readonly codebook: Float64Array;
  readonly rowLength: number;
  readonly kernelLength: number;
}

/** The stream of `codes[0 .. n)`, which lie at flat index `start` of the tensor. */
export function encodeArithmetic(
  shape: BlockShape,
  start: number,
  codes: Uint16Array,
  n: number,
): Uint8Array<ArrayBuffer> {
  return arithmeticKernel()?.encode(shape, start, codes, n) ?? encodePlain(shape, start, codes, n);
}

/**
 * Fills `codes[0 .. n)`. Any bytes decode to something or throw; no input reads or writes elsewhere.
 * @throws DeepCompressionError `invalid-container` for a rank the codebook does not have.
 */
export function decodeArithmetic(
  shape: BlockShape,
  start: number,
  bytes: Uint8Array,
  codes: Uint16Array,
  n: number,
): void {
  const sound =
    arithmeticKernel()?.decode(shape, start, bytes, codes, n) ??
    decodePlain(shape, start, bytes, codes, n);
  if (!sound) {
    throw new DeepCompressionError(
      'invalid-container',
      'damaged tensor: a value that is not in its codebook',
    );
  }
}
