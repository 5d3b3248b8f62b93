/**
 * What followed the last time: the four bytes before the one at hand are looked up, and as long as what
 * is there goes on as it did, its next byte is expected. docs/dcz-coding.md, section 8.3.
 */
import { hashFactor } from './hash.ts';

const tableBits = 16;
/** How far back a match is measured when it is found. */
const longest = 32;

export class MatchFinder {
  /** Where the bytes went on, by the hash of the four before; 0 for nowhere. */
  readonly #last = new Int32Array(1 << tableBits);
  #at = 0;
  #length = 0;

  constructor(private readonly seen: Uint8Array) {}

  /** The byte that is expected, or -1. */
  get expected(): number {
    return this.#length > 0 ? this.seen[this.#at] : -1;
  }

  /** 0 to 15, by the length of the match. */
  get confidence(): number {
    const n = this.#length;
    return n < 8 ? n : Math.min(15, 6 + (n >> 2));
  }

  /** Goes on behind `seen[end - 1]`, which has become known. */
  update(end: number): void {
    const { seen } = this;
    if (this.#length > 0 && seen[this.#at] === seen[end - 1]) {
      this.#length++;
      this.#at++;
    } else this.#length = 0;
    const word =
      seen[end - 1] | (seen[end - 2] << 8) | (seen[end - 3] << 16) | (seen[end - 4] << 24);
    const slot = Math.imul(word, hashFactor) >>> (32 - tableBits);
    if (this.#length === 0 && this.#last[slot] > 0) {
      this.#at = this.#last[slot];
      const most = Math.min(longest, this.#at);
      while (
        this.#length < most &&
        seen[end - 1 - this.#length] === seen[this.#at - 1 - this.#length]
      )
        this.#length++;
    }
    this.#last[slot] = end;
  }
}
