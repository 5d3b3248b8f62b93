/**
 * What the WebAssembly kernels of assembly/ have in common: a block is laid out in the instance's memory
 * and coded there, some thousand weights a call. A thread makes one instance of a kernel and keeps it;
 * its memory holds one block and its stream. An engine without WebAssembly or its vectors, or one that
 * gives no more memory, has no kernel, and its callers use the plain coders.
 */
import { rates } from './adaptive.ts';
import { stretchTable } from './logistic.ts';
import { mixedProbability } from './mixing.ts';

/** What every kernel exports besides its own `prepare`, with addresses for pointers. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly tables: WebAssembly.Global<'i32'>;
  reserve(size: number): number;
  codesAt(): number;
  streamAt(): number;
  streamEnd(): number;
  begin(length: number): void;
  run(from: number, to: number): number;
  finish(): void;
}

/** Weights of one call: engines put their optimised code in place between two calls. */
const callWeights = 1 << 13;

/**
 * More bytes than a weight's decisions can take: nine, or thirteen and seven raw, none of less than
 * 2^-11 even where the range is narrowest.
 */
const mostBytes = 16;

export class BlockKernel<X extends KernelExports> {
  readonly exports: X;

  /** @throws WebAssembly.CompileError or RangeError where the engine cannot run it. */
  constructor(module: BufferSource) {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
    this.exports = instance.exports as unknown as X;
    const { memory, tables } = this.exports;
    this.exports.reserve(tables.value + 2 * (4096 + 4096 + 512));
    new Uint16Array(memory.buffer, tables.value, 4096).set(mixedProbability);
    new Int16Array(memory.buffer, tables.value + 8192, 4096).set(stretchTable);
    new Uint16Array(memory.buffer, tables.value + 16384, 512).set(rates);
  }

  /** The stream of `codes[0 .. n)` of a prepared block; undefined when there is no memory for it. */
  encode(codes: Uint16Array, n: number): Uint8Array<ArrayBuffer> | undefined {
    const x = this.exports;
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

  /** Bytes of a stream that `n` weights can use at most: more is never read. */
  room(bytes: Uint8Array, n: number): number {
    return Math.min(bytes.length, mostBytes * n + 4);
  }

  /** Fills `codes[0 .. n)` from a block prepared with `room`; false for a stream that is not sound. */
  decode(bytes: Uint8Array, codes: Uint16Array, n: number): boolean {
    const x = this.exports;
    const length = this.room(bytes, n);
    new Uint8Array(x.memory.buffer, x.streamAt(), length).set(bytes.subarray(0, length));
    x.begin(length);
    for (let from = 0; from < n; from += callWeights) {
      if (!x.run(from, Math.min(n, from + callWeights))) return false;
    }
    codes.set(new Uint16Array(x.memory.buffer, x.codesAt(), n));
    return true;
  }
}

/** This thread's kernel, made at the first call; undefined where the engine cannot run it. */
export function oncePerThread<K>(make: () => K): () => K | undefined {
  let made: K | null | undefined;
  return () => {
    if (made === undefined) {
      try {
        made = make();
      } catch {
        made = null; // no WebAssembly, no vectors, or no memory: the plain coder does it
      }
    }
    return made ?? undefined;
  };
}
