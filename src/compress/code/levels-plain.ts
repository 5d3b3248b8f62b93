/**
 * The coder of a block of levels in plain TypeScript: each level the decisions of `LevelModel`. It is
 * the reference of the WebAssembly kernel (level-kernel.ts), and codes where that cannot run.
 * docs/dcz-coding.md, section 5.
 */
import { codeOf, levelOf } from '../share/grid.ts';
import { BinaryDecoder, BinaryEncoder } from './binary-coder.ts';
import { LevelModel } from './level-model.ts';
import type { LevelShape } from './levels.ts';

/** Codes the levels of `codes[0 .. n)`, which lie at flat index `start` of the tensor. */
export function encodeLevelsPlain(
  { largest, rowLength, kernelLength }: LevelShape,
  start: number,
  codes: Uint16Array,
  n: number,
): Uint8Array<ArrayBuffer> {
  const coder = new BinaryEncoder(n);
  const model = new LevelModel(largest, rowLength, kernelLength, start, n);
  for (let i = 0; i < n; i++) model.code(coder, levelOf(codes[i], largest));
  return coder.finish();
}

/**
 * Fills `codes[0 .. n)`; false when a level is larger than the largest. Whatever the bytes, nothing is
 * read or written elsewhere.
 */
export function decodeLevelsPlain(
  { largest, rowLength, kernelLength }: LevelShape,
  start: number,
  bytes: Uint8Array,
  codes: Uint16Array,
  n: number,
): boolean {
  const coder = new BinaryDecoder(bytes);
  const model = new LevelModel(largest, rowLength, kernelLength, start, n);
  for (let i = 0; i < n; i++) {
    const level = model.code(coder, 0);
    if (Math.abs(level) > largest) return false;
    codes[i] = codeOf(level, largest);
  }
  return true;
}
