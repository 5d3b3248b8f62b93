/**
 * The adaptive stream of the small tables (codebooks, code lengths): the binary arithmetic coder of
 * docs/dcz-coding.md, section 4.1, with probabilities that learn fast and stay away from 0 and 1, so
 * that one coded byte never stands for more than some hundred decisions. Encoder and decoder are one
 * interface, so a table is described by one function: `value = coder.bit(context, value)` writes the
 * value, or ignores it and returns the one read. docs/dcz-format.md, "The adaptive stream".
 */
import { adaptBit, countBits, evenOdds } from '../compress/code/adaptive.ts';
import { BinaryDecoder, BinaryEncoder } from '../compress/code/binary-coder.ts';

export interface AdaptiveCoder {
  /** Codes one decision under a learning context. */
  bit(context: number, value: number): number;
  /** Codes `count` bits (0..32) of `value`, high bit first, each with probability one half. */
  raw(value: number, count: number): number;
  /** Bytes shifted out (or in) so far; the same in both directions at the same place. */
  readonly length: number;
}

/** Updates after which a context has learnt; it then follows slowly. */
const updateLimit = 30;
const evenChance = 32768;
const leastChance = 1024;

/** Probability of a 1, of 65536, in a context. */
function chanceOf(estimate: number): number {
  const chance = estimate >> (countBits + 6);
  return Math.min(Math.max(chance, leastChance), 65536 - leastChance);
}

export class AdaptiveEncoder implements AdaptiveCoder {
  private readonly contexts: Int32Array;
  private readonly coder = new BinaryEncoder();

  constructor(contexts: number) {
    this.contexts = new Int32Array(contexts).fill(evenOdds);
  }

  bit(context: number, value: number): number {
    this.coder.encode(value, chanceOf(this.contexts[context]));
    this.contexts[context] = adaptBit(this.contexts[context], value, updateLimit);
    return value;
  }

  raw(value: number, count: number): number {
    for (let i = count - 1; i >= 0; i--) this.coder.encode((value >>> i) & 1, evenChance);
    return value;
  }

  get length(): number {
    return this.coder.length;
  }

  /** The stream, never shorter than `length`, so that a reader can tell that it was cut. */
  finish(): Uint8Array {
    const { length } = this;
    const end = this.coder.finish();
    const stream = new Uint8Array(Math.max(length, end.length));
    stream.set(end);
    return stream;
  }
}

/** Reads what AdaptiveEncoder wrote. */
export class AdaptiveDecoder implements AdaptiveCoder {
  private readonly contexts: Int32Array;
  private readonly coder: BinaryDecoder;

  /** `onOverrun` must throw: the stream asks for more than there is. */
  constructor(
    contexts: number,
    private readonly stream: Uint8Array,
    private readonly onOverrun: () => never,
  ) {
    this.contexts = new Int32Array(contexts).fill(evenOdds);
    this.coder = new BinaryDecoder(stream);
  }

  bit(context: number, _value: number): number {
    const bit = this.coder.decode(chanceOf(this.contexts[context]));
    this.contexts[context] = adaptBit(this.contexts[context], bit, updateLimit);
    if (this.length > this.stream.length) this.onOverrun();
    return bit;
  }

  raw(_value: number, count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = 2 * value + this.coder.decode(evenChance);
    if (this.length > this.stream.length) this.onOverrun();
    return value;
  }

  get length(): number {
    return this.coder.length;
  }

  /** Whether the stream ends where the encoder ended it: nothing is left over. */
  get atEnd(): boolean {
    return this.stream.length >= this.length && this.stream.length <= this.length + 4;
  }
}
