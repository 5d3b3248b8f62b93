/**
 * Bit streams, least significant bit first: bit n of a stream is bit n % 8 of byte n / 8. Peeking the
 * next bits is then one AND with a constant mask, which is what a table-driven decoder does most.
 * The rest of the last byte is zero. Streams of Huffman symbols are read and written in bulk in
 * huffman.ts; these two are for everything small.
 */
import { DeepCompressionError } from '../../model/errors.ts';

export class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  #pending = 0;
  #count = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(Math.max(capacity, 8));
  }

  /** Appends the low `width` (0 to 16) bits of `value`, its least significant bit first. */
  write(value: number, width: number): void {
    this.#pending |= (value & ((1 << width) - 1)) << this.#count;
    this.#count += width;
    while (this.#count >= 8) {
      this.#push(this.#pending & 255);
      this.#pending >>>= 8;
      this.#count -= 8;
    }
  }

  /** The stream so far, its last byte filled with zeros; the writer starts anew. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.#push(this.#pending & 255);
    const bytes = this.#bytes.slice(0, this.#length);
    this.#length = this.#pending = this.#count = 0;
    return bytes;
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }
}

export class BitReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bits not read yet. */
  get left(): number {
    return this.#bytes.length * 8 - this.#position;
  }

  /**
   * The next `width` (0 to 16) bits, the first one in bit 0.
   * @throws DeepCompressionError `invalid-container` past the end.
   */
  read(width: number): number {
    if (width > this.left)
      throw new DeepCompressionError('invalid-container', 'bit stream ends early');
    let value = 0;
    for (let i = 0; i < width; i++, this.#position++) {
      value |= ((this.#bytes[this.#position >>> 3] >>> (this.#position & 7)) & 1) << i;
    }
    return value;
  }
}
