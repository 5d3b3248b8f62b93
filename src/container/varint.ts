/** Unsigned LEB128 numbers up to 2^53 - 1 in their shortest form, and strings, in memory. */

export class VarintWriter {
  private buffer = new Uint8Array(256);
  length = 0;

  number(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a count: ${value}`);
    let rest = value;
    while (rest >= 128) {
      this.byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** Zigzag: 0, -1, 1, -2, … as 0, 1, 2, 3, … */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** Length, then the bytes. */
  string(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.bytes(bytes);
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  take(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.length + more));
    larger.set(this.take());
    this.buffer = larger;
  }
}

export class VarintReader {
  at = 0;

  /** `fail` must throw; it gets what is wrong. */
  constructor(
    private readonly buffer: Uint8Array,
    readonly fail: (what: string) => never,
  ) {}

  get left(): number {
    return this.buffer.length - this.at;
  }

  /** A number of at most `most`. */
  number(what: string, most = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; ; i++) {
      const byte = this.byte(what);
      value += (byte & 127) * unit;
      unit *= 128;
      if (value > most) this.fail(`${what} is more than ${most}`);
      if (byte < 128) {
        if (byte === 0 && i > 0) this.fail(`${what} is not in its shortest form`);
        return value;
      }
      if (i === 7) this.fail(`${what} is too long`);
    }
  }

  signed(what: string): number {
    const value = this.number(what);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  byte(what: string): number {
    if (this.at >= this.buffer.length) this.fail(`it ends inside ${what}`);
    return this.buffer[this.at++];
  }

  string(what: string, most: number): Uint8Array {
    return this.bytes(what, this.number(`the length of ${what}`, most));
  }

  /** A string of UTF-8. */
  text(what: string, most: number): string {
    const bytes = this.string(what, most);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return this.fail(`${what} is not UTF-8`);
    }
  }

  bytes(what: string, length: number): Uint8Array {
    if (length > this.left) this.fail(`it ends inside ${what}`);
    this.at += length;
    return this.buffer.subarray(this.at - length, this.at);
  }

  /** Four bytes, little-endian. */
  uint32(what: string): number {
    const b = this.bytes(what, 4);
    return (b[0] | (b[1] << 8) | (b[2] << 16) | (b[3] << 24)) >>> 0;
  }
}
