/** A restored file without the payloads of its compressed tensors, which read as zeros. */
import type { IndexedFile } from '../container/index-types.ts';
import { runAt } from '../container/restored-file.ts';
import { checkRange, type ByteSource } from '../model/bytes.ts';
import { room } from './restored.ts';

export class SparseFile implements ByteSource {
  readonly name: string;
  readonly size: number;
  readonly #starts: Float64Array;
  readonly #runs: (Uint8Array<ArrayBuffer> | undefined)[];

  constructor(name: string, { size, starts, kinds }: IndexedFile) {
    this.name = name;
    this.size = size;
    this.#starts = starts;
    this.#runs = Array.from(kinds, () => undefined);
  }

  /** `bytes` belong at byte `at` of run number `run`. */
  put(run: number, at: number, bytes: Uint8Array): void {
    const length = this.#starts[run + 1] - this.#starts[run];
    (this.#runs[run] ??= room(this.name, length)).set(bytes, at);
  }

  /** The bytes of a run; undefined for a hole. */
  run(run: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#runs[run];
  }

  readInto(target: Uint8Array, offset: number): void {
    checkRange(this, offset, target.length);
    const end = offset + target.length;
    for (let r = runAt(this.#starts, offset), at = offset; at < end; r++) {
      const to = Math.min(end, this.#starts[r + 1]);
      const from = at - this.#starts[r];
      const bytes = this.#runs[r]?.subarray(from, from + to - at);
      if (bytes) target.set(bytes, at - offset);
      else target.fill(0, at - offset, to - offset);
      at = to;
    }
  }
}
