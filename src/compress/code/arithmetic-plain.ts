/**
 * The arithmetic coder of a block in plain TypeScript: for every weight one significance decision, for
 * every survivor the branches of its value. All state begins anew in each block. It is the reference
 * of the WebAssembly kernel (arithmetic-kernel.ts), and codes where that cannot run.
 * docs/dcz-coding.md, section 4.
 */
import type { BlockShape } from './arithmetic.ts';
import { BinaryDecoder, BinaryEncoder } from './binary-coder.ts';
import { SignificanceModel } from './significance-model.ts';
import { ValueModel } from './value-model.ts';

/** Codes `codes[0 .. n)`, which lie at flat index `start` of the tensor. */
export function encodePlain(
  shape: BlockShape,
  start: number,
  codes: Uint16Array,
  n: number,
): Uint8Array<ArrayBuffer> {
  const coder = new BinaryEncoder(n);
  const significance = new SignificanceModel(shape.rowLength, shape.kernelLength, start, n);
  const values = new ValueModel(shape.codebook, significance.columns, significance.kernel);
  const depth = values.depth;
  for (let i = 0; i < n; i++) {
    const code = codes[i];
    const survives = code === 0 ? 0 : 1;
    significance.code(coder, survives);
    if (survives !== 0) {
      const rank = code - 1;
      values.begin(significance.column, significance.place);
      for (let level = 0, node = 1; level < depth; level++) {
        const bit = (rank >> (depth - 1 - level)) & 1;
        values.code(coder, bit, node, level);
        node = 2 * node + bit;
      }
      values.end(rank, significance.column);
    }
    if (significance.advance()) values.startRow();
  }
  return coder.finish();
}

/**
 * Fills `codes[0 .. n)`; false when a rank is none of the codebook's. Whatever the bytes, nothing is
 * read or written elsewhere.
 */
export function decodePlain(
  shape: BlockShape,
  start: number,
  bytes: Uint8Array,
  codes: Uint16Array,
  n: number,
): boolean {
  const coder = new BinaryDecoder(bytes);
  const significance = new SignificanceModel(shape.rowLength, shape.kernelLength, start, n);
  const values = new ValueModel(shape.codebook, significance.columns, significance.kernel);
  const { depth } = values;
  const ranks = shape.codebook.length - 1;
  for (let i = 0; i < n; i++) {
    const survives = significance.code(coder, 0);
    let code = 0;
    if (survives !== 0) {
      values.begin(significance.column, significance.place);
      let node = 1;
      for (let level = 0; level < depth; level++) {
        node = 2 * node + values.code(coder, 0, node, level);
      }
      const rank = node - (1 << depth);
      if (rank >= ranks) return false;
      values.end(rank, significance.column);
      code = rank + 1;
    }
    codes[i] = code;
    if (significance.advance()) values.startRow();
  }
  return true;
}
