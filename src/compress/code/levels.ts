/**
 * The arithmetic coder of the levels of a grid: a block is one stream. In WebAssembly where the engine
 * has it, else in TypeScript; both give the same bytes and the same codes. docs/dcz-coding.md, section 5.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { levelKernel } from './level-kernel.ts';
import { decodeLevelsPlain, encodeLevelsPlain } from './levels-plain.ts';

/** What both sides know of the tensor a block belongs to. */
export interface LevelShape {
  /** The largest magnitude of a level, at most 32767. */
  readonly largest: number;
  readonly rowLength: number;
  readonly kernelLength: number;
}

/** The stream of the levels of `codes[0 .. n)`, which lie at flat index `start` of the tensor. */
export function encodeLevels(
  shape: LevelShape,
  start: number,
  codes: Uint16Array,
  n: number,
): Uint8Array<ArrayBuffer> {
  if (shape.largest === 0) return new Uint8Array(0);
  return levelKernel()?.encode(shape, start, codes, n) ?? encodeLevelsPlain(shape, start, codes, n);
}

/**
 * Fills `codes[0 .. n)`. Any bytes decode to something or throw; no input reads or writes elsewhere.
 * @throws DeepCompressionError `invalid-container` for a level that the grid does not have.
 */
export function decodeLevels(
  shape: LevelShape,
  start: number,
  bytes: Uint8Array,
  codes: Uint16Array,
  n: number,
): void {
  if (shape.largest === 0) {
    codes.fill(0, 0, n);
    return;
  }
  const sound =
    levelKernel()?.decode(shape, start, bytes, codes, n) ??
    decodeLevelsPlain(shape, start, bytes, codes, n);
  if (!sound)
    throw new DeepCompressionError('invalid-container', 'damaged tensor: a level out of range');
}
