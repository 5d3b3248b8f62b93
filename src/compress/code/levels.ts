/**
 * The arithmetic coder of the levels of a grid: a block is one stream, each level the decisions of
 * `LevelModel`. All state begins anew in each block. docs/dcz-coding.md, section 5.
 */
import { DeepCompressionError } from '../../model/errors.ts';
import { codeOf, levelOf } from '../share/grid.ts';
import { BinaryDecoder, BinaryEncoder } from './binary-coder.ts';
import { LevelModel } from './level-model.ts';

/** What both sides know of the tensor a block belongs to. */
export interface LevelShape {
  readonly largest: number;
  readonly rowLength: number;
  readonly kernelLength: number;
}

/** Codes the levels of `codes[0 .. n)`, which lie at flat index `start` of the tensor. */
export function encodeLevels(
  { largest, rowLength, kernelLength }: LevelShape,
  start: number,
  codes: Uint16Array,
  n: number,
): Uint8Array<ArrayBuffer> {
  const coder = new BinaryEncoder(n);
  if (largest === 0) return coder.finish();
  const model = new LevelModel(largest, rowLength, kernelLength, start, n);
  for (let i = 0; i < n; i++) model.code(coder, levelOf(codes[i], largest));
  return coder.finish();
}

/**
 * Fills `codes[0 .. n)`. Any bytes decode to something or throw; no input reads or writes elsewhere.
 * @throws DeepCompressionError `invalid-container` for a level that the grid does not have.
 */
export function decodeLevels(
  { largest, rowLength, kernelLength }: LevelShape,
  start: number,
  bytes: Uint8Array,
  codes: Uint16Array,
  n: number,
): void {
  if (largest === 0) {
    codes.fill(0, 0, n);
    return;
  }
  const coder = new BinaryDecoder(bytes);
  const model = new LevelModel(largest, rowLength, kernelLength, start, n);
  for (let i = 0; i < n; i++) {
    const level = model.code(coder, 0);
    if (Math.abs(level) > largest)
      throw new DeepCompressionError('invalid-container', 'damaged tensor: a level out of range');
    codes[i] = codeOf(level, largest);
  }
}
