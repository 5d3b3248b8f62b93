/**
 * Numbers in names: graphs count their layers (conv_1, conv_2, …), and a number is mostly the one that
 * stood behind the same letters last, or the next. docs/dcz-coding.md, section 8.4.
 */
import { mix } from './hash.ts';

const tableBits = 12;
const longest = 9; // digits
const numberSign = 35;

export class NumberGuess {
  /** Hash of the name up to here, numbers in it taken for '#'. */
  key = 0;
  /** The digit that is expected if the number is the last one again, or the one after it; -1 for none. */
  same = -1;
  next = -1;
  /** 0 to 255: how often the last number has come, and how often the one before it did. */
  confidence = 0;

  readonly #values = new Int32Array(1 << tableBits).fill(-1);
  readonly #times = new Uint8Array(1 << tableBits);
  readonly #timesBefore = new Uint8Array(1 << tableBits);
  #digits = '';

  /** Goes on behind `byte`, which has become known. */
  update(byte: number): void {
    if (byte >= 48 && byte <= 57) {
      if (this.#digits.length <= longest) this.#digits += String.fromCharCode(byte);
    } else {
      if (this.#digits !== '') this.#endNumber();
      this.key = byte < 32 || byte > 126 ? 0 : mix(this.key, byte);
    }
    this.#guess();
  }

  #endNumber(): void {
    const slot = this.key >>> (32 - tableBits);
    if (this.#digits.length <= longest) {
      const value = Number(this.#digits);
      if (value === this.#values[slot]) this.#times[slot] = Math.min(15, this.#times[slot] + 1);
      else {
        this.#values[slot] = value;
        this.#timesBefore[slot] = this.#times[slot];
        this.#times[slot] = 1;
      }
    }
    this.#digits = '';
    this.key = mix(this.key, numberSign);
  }

  #guess(): void {
    const slot = this.key >>> (32 - tableBits);
    const value = this.#values[slot];
    this.same = value < 0 ? -1 : this.#digitOf(String(value));
    this.next = value < 0 ? -1 : this.#digitOf(String(value + 1));
    this.confidence = this.#times[slot] * 16 + this.#timesBefore[slot];
  }

  /** The digit of `number` behind those that are there, or -1. */
  #digitOf(number: string): number {
    const n = this.#digits.length;
    return n < number.length && number.startsWith(this.#digits) ? number.charCodeAt(n) : -1;
  }
}
