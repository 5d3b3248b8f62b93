/**
 * What has arrived of a `.dcz` and has not been decoded yet, as a byte source: `until` waits for more,
 * `drop` forgets what is done with, so that memory holds a stretch of the file and never the whole.
 */
import { checkRange, type ByteSource } from '../model/bytes.ts';
import { DeepCompressionError, throwIfCancelled } from '../model/errors.ts';
import type { Input } from './input.ts';

export class Arrivals implements ByteSource {
  readonly name: string;
  readonly #input: Input;
  readonly #signal: AbortSignal | undefined;
  /** Fails when the signal is aborted; looked at wherever bytes are waited for. */
  readonly #aborted: Promise<never>;
  #abort: () => void = () => undefined;
  /** Unread chunks; the first begins at byte `#start` of the file. */
  #chunks: Uint8Array[] = [];
  #start = 0;
  #end = 0;
  #over = false;

  constructor(input: Input, signal: AbortSignal | undefined) {
    this.name = input.name;
    this.#input = input;
    this.#signal = signal;
    this.#aborted = new Promise((_resolve, reject) => {
      this.#abort = () => reject(new DeepCompressionError('cancelled', 'cancelled'));
    });
    this.#aborted.catch(() => undefined);
    signal?.addEventListener('abort', this.#abort);
  }

  /** Gives up what has not arrived and has not been decoded. */
  close(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#chunks = [];
    if (!this.#over) this.#input.cancel();
  }

  /** Bytes that have arrived. */
  get size(): number {
    return this.#end;
  }

  /** Waits until byte `end` (not included) is there; false when the file ends before. */
  async until(end: number): Promise<boolean> {
    while (this.#end < end && !this.#over) await this.#more();
    return this.#end >= end;
  }

  /** Waits for the end of the file, and returns its length. */
  async untilOver(): Promise<number> {
    while (!this.#over) await this.#more();
    return this.#end;
  }

  async #more(): Promise<void> {
    throwIfCancelled(this.#signal);
    const chunk = await Promise.race([this.#input.next(), this.#aborted]);
    if (chunk === undefined) this.#over = true;
    else if (chunk.length > 0) {
      this.#chunks.push(chunk);
      this.#end += chunk.length;
    }
  }

  readInto(target: Uint8Array, offset: number): void {
    checkRange(this, offset, target.length);
    if (offset < this.#start) throw new RangeError(`byte ${offset} was dropped`);
    let at = this.#start;
    for (const chunk of this.#chunks) {
      const from = Math.max(offset, at);
      const to = Math.min(offset + target.length, at + chunk.length);
      if (from < to) target.set(chunk.subarray(from - at, to - at), from - offset);
      at += chunk.length;
      if (at >= offset + target.length) return;
    }
  }

  /** Forgets the bytes before `offset`. */
  drop(offset: number): void {
    let gone = 0;
    while (gone < this.#chunks.length && this.#start + this.#chunks[gone].length <= offset) {
      this.#start += this.#chunks[gone++].length;
    }
    if (gone > 0) this.#chunks = this.#chunks.slice(gone);
  }
}
