/**
 * Arithmetic coding of binary decisions with 16-bit probabilities (after Rissanen and Langdon 1979).
 * The range keeps between 23 and 31 bits, so that all of the decoder is signed 32-bit arithmetic; a
 * carry goes into the bytes already written. docs/dcz-coding.md, section 4.1.
 */
const initialRange = 0x7fffffff;
const minimumRange = 1 << 23;
const sign = 1 << 31;

/** Either direction: `code` takes the bit to encode and returns it, or returns the decoded one. */
export interface BinaryCoder {
  code(bit: number, p: number): number;
}

export class BinaryEncoder implements BinaryCoder {
  #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;
  /** Low end of the range: 32 bits, unsigned, kept in a signed number. */
  #low = 0;
  #range = initialRange;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(Math.max(capacity, 16));
  }

  /** As `code`. */
  encode(bit: number, p: number): void {
    this.code(bit, p);
  }

  /** Codes `bit` (0 or 1); `p` / 65536 is the probability of 1, 0 < p < 65536. Returns `bit`. */
  code(bit: number, p: number): number {
    const bound = Math.imul(this.#range >>> 16, p) + (Math.imul(this.#range & 0xffff, p) >>> 16);
    if (bit !== 0) {
      this.#range = bound;
    } else {
      this.#range -= bound;
      this.#advance(bound);
    }
    while (this.#range < minimumRange) {
      this.#push(this.#low >>> 24);
      this.#low <<= 8;
      this.#range <<= 8;
    }
    return bit;
  }

  /** Bytes shifted out so far: those of the stream without its last ones. */
  get length(): number {
    return this.#at;
  }

  /** Ends the stream and returns it: zeros at its end are left out, the decoder reads them anyway. */
  finish(): Uint8Array<ArrayBuffer> {
    // the value in [low, low + range) that ends in the most zero bytes
    let unit = 2 ** 24;
    const low = this.#low >>> 0;
    while (Math.ceil(low / unit) * unit >= low + this.#range) unit /= 256;
    this.#advance(Math.ceil(low / unit) * unit - low);
    for (let shift = 24; shift >= 0; shift -= 8) this.#push(this.#low >>> shift);
    let length = this.#at;
    while (length > 0 && this.#bytes[length - 1] === 0) length--;
    return this.#bytes.slice(0, length);
  }

  #advance(by: number): void {
    const next = (this.#low + by) | 0;
    if ((next ^ sign) < (this.#low ^ sign)) {
      let i = this.#at - 1;
      while (this.#bytes[i] === 255) this.#bytes[i--] = 0;
      this.#bytes[i]++;
    }
    this.#low = next;
  }

  #push(byte: number): void {
    if (this.#at === this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#at++] = byte;
  }
}

export class BinaryDecoder implements BinaryCoder {
  readonly #bytes: Uint8Array;
  #at = 0;
  #range = initialRange;
  /** The stream's value less the low end of the range: below the range in a sound stream. */
  #code = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    for (let i = 0; i < 4; i++) this.#code = (this.#code << 8) | this.#next();
    this.#code &= 0x7fffffff;
  }

  /** As `code`. */
  decode(p: number): number {
    return this.code(0, p);
  }

  /** The next bit, given the probability it was coded with. Past the end the stream is zeros. */
  code(_bit: number, p: number): number {
    const bound = Math.imul(this.#range >>> 16, p) + (Math.imul(this.#range & 0xffff, p) >>> 16);
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      bit = 1;
    } else {
      this.#code -= bound;
      this.#range -= bound;
    }
    while (this.#range < minimumRange) {
      this.#code = ((this.#code << 8) | this.#next()) & 0x7fffffff;
      this.#range <<= 8;
    }
    return bit;
  }

  /** Bytes shifted in so far, beyond the first four: the encoder's `length` at the same place. */
  get length(): number {
    return this.#at - 4;
  }

  #next(): number {
    const at = this.#at++;
    return at < this.#bytes.length ? this.#bytes[at] : 0;
  }
}
