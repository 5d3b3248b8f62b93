/**
 * The coder of a block of levels in WebAssembly (assembly/levels.ts), bit for bit what levels-plain.ts
 * does.
 */
import { bytes as moduleBytes } from 'wasm:levels';
import { BlockKernel, oncePerThread, type KernelExports } from './block-kernel.ts';
import { levelPrior, lengthDepth } from './level-prior.ts';
import type { LevelShape } from './levels.ts';
import { contextsOf } from './significance-model.ts';

interface Exports extends KernelExports {
  prepare(
    encode: boolean,
    n: number,
    column: number,
    columns: number,
    kernel: number,
    largest: number,
    room: number,
  ): number;
  priorAt(): number;
}

export class LevelKernel {
  readonly #kernel = new BlockKernel<Exports>(moduleBytes);

  /** As `encodeLevelsPlain`; undefined when there is no memory for it. */
  encode(
    shape: LevelShape,
    start: number,
    codes: Uint16Array,
    n: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    return this.#prepare(true, shape, start, n, 0) ? this.#kernel.encode(codes, n) : undefined;
  }

  /** As `decodeLevelsPlain`; undefined when there is no memory for it. */
  decode(
    shape: LevelShape,
    start: number,
    bytes: Uint8Array,
    codes: Uint16Array,
    n: number,
  ): boolean | undefined {
    const room = this.#kernel.room(bytes, n);
    if (!this.#prepare(false, shape, start, n, room)) return undefined;
    return this.#kernel.decode(bytes, codes, n);
  }

  #prepare(encode: boolean, shape: LevelShape, start: number, n: number, room: number): boolean {
    const x = this.#kernel.exports;
    const { largest } = shape;
    const { columns, kernel } = contextsOf(shape.rowLength, shape.kernelLength);
    if (!x.prepare(encode, n, start % columns, columns, kernel, largest, room)) return false;
    const prior = levelPrior(lengthDepth(largest));
    new Int32Array(x.memory.buffer, x.priorAt(), prior.length).set(prior);
    return true;
  }
}

/** This thread's kernel; undefined where there is none. */
export const levelKernel = oncePerThread(() => new LevelKernel());
