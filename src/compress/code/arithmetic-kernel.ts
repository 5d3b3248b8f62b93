/**
 * The arithmetic coder of a block of codes in WebAssembly (assembly/arithmetic.ts), bit for bit what
 * arithmetic-plain.ts does, five times as fast.
 */
import { bytes as moduleBytes } from 'wasm:arithmetic';
import type { BlockShape } from './arithmetic.ts';
import { BlockKernel, oncePerThread, type KernelExports } from './block-kernel.ts';
import { contextsOf } from './significance-model.ts';
import { relativeMagnitudes } from './value-model.ts';

interface Exports extends KernelExports {
  prepare(
    encode: boolean,
    n: number,
    column: number,
    columns: number,
    kernel: number,
    ranks: number,
    room: number,
  ): number;
  magnitudesAt(): number;
}

/** Shared values it tells apart; more are coded by the plain coder. */
const mostRanks = 256;

export class ArithmeticKernel {
  readonly #kernel = new BlockKernel<Exports>(moduleBytes);

  /** As `encodePlain`; undefined when the kernel cannot: no memory, more than 256 values. */
  encode(
    shape: BlockShape,
    start: number,
    codes: Uint16Array,
    n: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    return this.#prepare(true, shape, start, n, 0) ? this.#kernel.encode(codes, n) : undefined;
  }

  /** As `decodePlain`; undefined when the kernel cannot: no memory, more than 256 values. */
  decode(
    shape: BlockShape,
    start: number,
    bytes: Uint8Array,
    codes: Uint16Array,
    n: number,
  ): boolean | undefined {
    const room = this.#kernel.room(bytes, n);
    if (!this.#prepare(false, shape, start, n, room)) return undefined;
    return this.#kernel.decode(bytes, codes, n);
  }

  #prepare(encode: boolean, shape: BlockShape, start: number, n: number, room: number): boolean {
    const x = this.#kernel.exports;
    const { columns, kernel } = contextsOf(shape.rowLength, shape.kernelLength);
    const ranks = shape.codebook.length - 1;
    if (ranks > mostRanks) return false;
    if (!x.prepare(encode, n, start % columns, columns, kernel, ranks, room)) return false;
    const magnitudes = relativeMagnitudes(shape.codebook);
    new Int32Array(x.memory.buffer, x.magnitudesAt(), ranks + 1).set(magnitudes);
    return true;
  }
}

/** This thread's kernel; undefined where there is none. */
export const arithmeticKernel = oncePerThread(() => new ArithmeticKernel());
