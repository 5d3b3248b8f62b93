/**
 * Reads the protobuf wire format from a byte source through one window, so that skipping a payload
 * reads nothing of it. Field by field: `next` reads a tag, then the caller takes the value or skips
 * it. Every length is checked against the end of the message it lies in.
 * Source: the Protocol Buffers encoding guide. Groups (wire types 3 and 4) are refused: no ONNX
 * schema has ever used them.
 */
import type { ByteSource } from '../bytes.ts';
import { DeepCompressionError } from '../errors.ts';
import { sizeText } from '../size-text.ts';

export const wireVarint = 0;
export const wireFixed64 = 1;
export const wireBytes = 2;
export const wireFixed32 = 5;

const windowSize = 65536;
/** After a jump little is read at first: most jumps skip a payload and meet a few header fields. */
const firstFill = 512;
const longestString = 1 << 20;
/** ModelProto.graph. */
const graphField = 7;
const utf8 = new TextDecoder();

export class WireReader {
  /** Where the next byte is read. Assigning it is a jump. */
  position = 0;
  /** Of the field whose tag was read last: its number, wire type, and where its tag begins. */
  field = 0;
  wire = 0;
  fieldStart = 0;

  readonly #source: ByteSource;
  readonly #window = new Uint8Array(windowSize);
  readonly #view = new DataView(this.#window.buffer);
  #start = 0;
  #end = 0;
  #fill = firstFill;
  #low = 0;
  #high = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  fail(problem: string, at = this.position): never {
    throw new DeepCompressionError(
      'invalid-model',
      `${this.#source.name} is not a valid ONNX model: ${problem} (byte ${at})`,
    );
  }

  /** Reads the tag of the next field of a message that ends at `end`; false when there is none. */
  next(end: number): boolean {
    if (this.position >= end) {
      if (this.position > end) this.fail('a field runs past the end of its message');
      return false;
    }
    this.fieldStart = this.position;
    this.#varint(end);
    if (this.#high !== 0) this.fail('a field number is too large', this.fieldStart);
    this.field = this.#low >>> 3;
    this.wire = this.#low & 7;
    if (this.field === 0) this.fail('field number 0 does not exist', this.fieldStart);
    if (this.wire === 3 || this.wire === 4 || this.wire > 5) {
      this.fail(`field ${this.field} has wire type ${this.wire}`, this.fieldStart);
    }
    return true;
  }

  /** Steps over the value of the field just begun, and returns where it ends. */
  skip(end: number): number {
    if (this.wire === wireVarint) this.#varint(end);
    else if (this.wire === wireFixed64) this.#advance(8, end);
    else if (this.wire === wireFixed32) this.#advance(4, end);
    else this.position = this.length(end);
    return this.position;
  }

  /** Refuses the field unless it has the wire type that the schema gives it. */
  expect(wire: number, what: string): void {
    if (this.wire !== wire) {
      this.fail(`${what} has wire type ${this.wire} instead of ${wire}`, this.fieldStart);
    }
  }

  /** Reads the length of a length-delimited field and returns the position where its bytes end. */
  length(end: number): number {
    this.#varint(end);
    const length = this.#high * 4294967296 + this.#low;
    const limit = this.position + length;
    if (limit > end) {
      const left = end - this.position;
      // the graph is what a model file consists of, so a graph that runs past its end was cut off
      if (end === this.#source.size && this.field === graphField && length < 2 ** 40)
        this.fail(
          `it is cut off, ${sizeText(end)} of about ${sizeText(limit)} are here: download or copy it again`,
          this.fieldStart,
        );
      this.fail(
        `field ${this.field} claims ${length} bytes where ${left} are left`,
        this.fieldStart,
      );
    }
    return limit;
  }

  /** A varint as an unsigned number; above 2^53 the nearest one. */
  uint(end: number): number {
    this.#varint(end);
    return this.#high * 4294967296 + this.#low;
  }

  /** A varint as a signed 64-bit integer (int64, not zigzag); beyond 2^53 the nearest number. */
  int(end: number): number {
    this.#varint(end);
    return (this.#high | 0) * 4294967296 + this.#low;
  }

  /** A varint's two halves, unsigned, into `low` and `high`. */
  halves(end: number): void {
    this.#varint(end);
  }

  get low(): number {
    return this.#low;
  }

  get high(): number {
    return this.#high;
  }

  float(end: number): number {
    this.#need(4, end);
    const value = this.#view.getFloat32(this.position - this.#start, true);
    this.position += 4;
    return value;
  }

  /** A string field up to its limit as UTF-8 (malformed sequences become U+FFFD). */
  string(end: number): string {
    return this.text(this.length(end));
  }

  /** The bytes from the position up to `limit` as UTF-8. */
  text(limit: number): string {
    const bytes = this.#bytes(limit);
    return bytes.length === 0 ? '' : utf8.decode(bytes);
  }

  #bytes(limit: number): Uint8Array {
    const length = limit - this.position;
    if (length > longestString) this.fail(`a name of ${length} bytes is too long`, this.fieldStart);
    if (length > windowSize) {
      const bytes = new Uint8Array(length);
      this.#source.readInto(bytes, this.position);
      this.position = limit;
      return bytes;
    }
    this.#need(length, limit);
    const from = this.position - this.#start;
    this.position = limit;
    return this.#window.subarray(from, from + length);
  }

  #varint(end: number): void {
    const byte = this.#byte(end);
    if (byte < 128) {
      this.#low = byte;
      this.#high = 0;
      return;
    }
    let low = byte & 127;
    let high = 0;
    for (let shift = 7; shift < 70; shift += 7) {
      const next = this.#byte(end);
      const bits = next & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= shift < 63 ? bits << (shift - 32) : bits << 31;
      if (next < 128) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return;
      }
    }
    this.fail('a varint is longer than 10 bytes', this.fieldStart);
  }

  #byte(end: number): number {
    if (this.position >= end) this.fail('the message ends in the middle of a field');
    if (this.position < this.#start || this.position >= this.#end) this.#load(1);
    return this.#window[this.position++ - this.#start];
  }

  #advance(bytes: number, end: number): void {
    if (this.position + bytes > end) this.fail('the message ends in the middle of a field');
    this.position += bytes;
  }

  /** Makes sure that `bytes` from the position on are in the window. */
  #need(bytes: number, end: number): void {
    if (this.position + bytes > end) this.fail('the message ends in the middle of a field');
    if (this.position < this.#start || this.position + bytes > this.#end) this.#load(bytes);
  }

  #load(atLeast: number): void {
    const follows = this.position <= this.#end && this.position >= this.#start;
    this.#fill = follows ? Math.min(windowSize, 2 * this.#fill) : firstFill;
    const left = this.#source.size - this.position;
    const count = Math.min(left, Math.max(this.#fill, atLeast), windowSize);
    if (count < atLeast) this.fail('the file ends in the middle of a field');
    this.#start = this.position;
    this.#end = this.position;
    this.#source.readInto(this.#window.subarray(0, count), this.position);
    this.#end = this.position + count;
  }
}
