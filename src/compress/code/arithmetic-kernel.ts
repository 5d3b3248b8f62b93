/**
 * The arithmetic coder of a block in WebAssembly (assembly/arithmetic.ts), bit for bit what
 * arithmetic-plain.ts does, five times as fast. A thread makes one instance and keeps it; its memory
 * holds one block and its stream, at most 34 MB. An engine without WebAssembly or its vectors, or one
 * that gives no more memory, has no kernel, and its callers use the plain coder.
 */
import { bytes as moduleBytes } from 'wasm:arithmetic';
import { rates } from './adaptive.ts';
import type { BlockShape } from './arithmetic.ts';
import { stretchTable } from './logistic.ts';
import { mixedProbability } from './mixing.ts';
import { contextsOf } from './significance-model.ts';
import { relativeMagnitudes } from './value-model.ts';

/** What assembly/arithmetic.ts exports, with addresses for pointers. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly tables: WebAssembly.Global<'i32'>;
  reserve(size: number): number;
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
  codesAt(): number;
  streamAt(): number;
  streamEnd(): number;
  begin(length: number): void;
  run(from: number, to: number): number;
  finish(): void;
}

/** Shared values it tells apart; more are coded by the plain coder. */
const mostRanks = 256;

/** Weights of one call: engines put their optimised code in place between two calls. */
const callWeights = 1 << 13;

/**
 * More bytes than a weight's decisions can take: nine, none of less than 2^-11 even where the range is
 * narrowest.
 */
const mostBytes = 16;

export class ArithmeticKernel {
  readonly #x: Exports;

  /** @throws WebAssembly.CompileError or RangeError where the engine cannot run it. */
  constructor(module: BufferSource = moduleBytes) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
    this.#x = instance.exports as unknown as Exports;
    const { memory, tables } = this.#x;
    this.#x.reserve(tables.value + 2 * (4096 + 4096 + 512));
    new Uint16Array(memory.buffer, tables.value, 4096).set(mixedProbability);
    new Int16Array(memory.buffer, tables.value + 8192, 4096).set(stretchTable);
    new Uint16Array(memory.buffer, tables.value + 16384, 512).set(rates);
  }

  /** As `encodePlain`; undefined when the kernel cannot: no memory, more than 256 values. */
  encode(
    shape: BlockShape,
    start: number,
    codes: Uint16Array,
    n: number,
  ): Uint8Array<ArrayBuffer> | undefined {
    const x = this.#x;
    if (!this.#prepare(true, shape, start, n, 0)) return undefined;
    new Uint16Array(x.memory.buffer, x.codesAt(), n).set(codes.subarray(0, n));
    x.begin(0);
    for (let from = 0; from < n; from += callWeights) {
      const to = Math.min(n, from + callWeights);
      // four more for the end of the stream
      if (!x.reserve(x.streamEnd() + mostBytes * (to - from) + 4)) return undefined;
      x.run(from, to);
    }
    x.finish();
    const stream = new Uint8Array(x.memory.buffer, x.streamAt(), x.streamEnd() - x.streamAt());
    let { length } = stream;
    while (length > 0 && stream[length - 1] === 0) length--;
    return stream.slice(0, length);
  }

  /** As `decodePlain`; undefined when the kernel cannot: no memory, more than 256 values. */
  decode(
    shape: BlockShape,
    start: number,
    bytes: Uint8Array,
    codes: Uint16Array,
    n: number,
  ): boolean | undefined {
    const x = this.#x;
    const length = Math.min(bytes.length, mostBytes * n + 4);
    if (!this.#prepare(false, shape, start, n, length)) return undefined;
    new Uint8Array(x.memory.buffer, x.streamAt(), length).set(bytes.subarray(0, length));
    x.begin(length);
    for (let from = 0; from < n; from += callWeights) {
      if (!x.run(from, Math.min(n, from + callWeights))) return false;
    }
    codes.set(new Uint16Array(x.memory.buffer, x.codesAt(), n));
    return true;
  }

  #prepare(encode: boolean, shape: BlockShape, start: number, n: number, room: number): boolean {
    const x = this.#x;
    const { columns, kernel } = contextsOf(shape.rowLength, shape.kernelLength);
    const ranks = shape.codebook.length - 1;
    if (ranks > mostRanks) return false;
    if (!x.prepare(encode, n, start % columns, columns, kernel, ranks, room)) return false;
    const magnitudes = relativeMagnitudes(shape.codebook);
    new Int32Array(x.memory.buffer, x.magnitudesAt(), ranks + 1).set(magnitudes);
    return true;
  }
}

let made: ArithmeticKernel | null | undefined;

/** This thread's kernel; undefined where there is none. */
export function arithmeticKernel(): ArithmeticKernel | undefined {
  if (made === undefined) {
    try {
      made = new ArithmeticKernel();
    } catch {
      made = null; // no WebAssembly, no vectors, or no memory: the plain coder does it
    }
  }
  return made ?? undefined;
}
