/**
 * What the next byte of a graph, or of a plane of floats, may be: estimates in the contexts of the bytes
 * before it, of words, of names and of the last tags, the byte that came last in each of these contexts, the
 * longest match, and numbers that repeat or count up, all mixed bit by bit (logistic mixing as in the PAQ
 * compressors, Mahoney 2005). docs/dcz-coding.md, section 8.
 */
import { adaptBit, evenOdds } from '../../compress/code/adaptive.ts';
import type { BinaryCoder } from '../../compress/code/binary-coder.ts';
import { stretchLimit, stretchTable } from '../../compress/code/logistic.ts';
import { mixedProbability } from '../../compress/code/mixing.ts';
import { mix } from './hash.ts';
import { MatchFinder } from './match.ts';
import { NumberGuess } from './numbers.ts';

const contexts = 9;
/** Two inputs a context, then the bits before alone, the match, a number again, and the next number. */
const inputs = 2 * contexts + 4;
const bitInput = 2 * contexts;
/** Estimates of what is expected: of runs by context and length, of the match, of numbers. */
const runEstimates = 256;
const matchEstimates = runEstimates + contexts * 32;
const sameEstimates = matchEstimates + 32;
const nextEstimates = sameEstimates + 512;
const contextLimit = 20;
const otherLimit = 127;
const initialWeight = 3000;
const largestWeight = 131071;
const learningRate = 17;
/** Bytes taken to be before the first: zeros. */
const before = 8;

/** The bits of an index into the estimates of a context, for `length` bytes. */
function indexBits(length: number): number {
  return Math.min(Math.max(34 - Math.clz32(length), 16), 20);
}

export class ByteModel {
  readonly #seen: Uint8Array;
  #at = before;
  readonly #bits: number;
  readonly #estimates: Int32Array;
  /** The byte that came last in a context, times 256, and how often in a row. */
  readonly #runs: Uint16Array;
  readonly #expectations = new Int32Array(nextEstimates + 512).fill(evenOdds);
  readonly #weights = new Int32Array(64 * inputs).fill(initialWeight);
  readonly #match: MatchFinder;
  readonly #numbers = new NumberGuess();
  #word = 0;
  #wordBefore = 0;
  #tag = 0;
  #tagBefore = 0;
  // of the byte at hand
  readonly #hashes = new Int32Array(contexts);
  readonly #stretches = new Int32Array(inputs);
  /** Where the estimate behind each input is; -1 for an input that says nothing. */
  readonly #places = new Int32Array(inputs);

  /** For at most `most` bytes, of which `length` count for the size of tables. */
  constructor(length: number, most: number) {
    this.#bits = indexBits(length);
    this.#estimates = new Int32Array(contexts << this.#bits).fill(evenOdds);
    this.#runs = new Uint16Array(contexts << (this.#bits - 2));
    this.#seen = new Uint8Array(before + most);
    this.#match = new MatchFinder(this.#seen);
  }

  /** The last `length` bytes. */
  last(length: number): Uint8Array {
    return this.#seen.subarray(this.#at - length, this.#at);
  }

  /**
   * Codes a byte and learns it; decoding ignores `byte` and returns the one read. `above`: the next higher
   * byte of the same number, plus 256 times the one above that; undefined for bytes of structure.
   */
  code(coder: BinaryCoder, byte: number, above?: number): number {
    this.#hash(above);
    let node = 1;
    for (let shift = 7; shift >= 0; shift--) {
      node = 2 * node + this.#codeBit(coder, (byte >> shift) & 1, node, shift);
    }
    const read = node & 255;
    this.#learn(read);
    return read;
  }

  #hash(above: number | undefined): void {
    const seen = this.#seen;
    const at = this.#at;
    const h = this.#hashes;
    const two = seen[at - 1] | (seen[at - 2] << 8);
    const three = two | (seen[at - 3] << 16);
    const four = three | (seen[at - 4] << 24);
    h[0] = mix(1, seen[at - 1]);
    h[1] = mix(2, two);
    h[2] = mix(3, three);
    h[3] = mix(4, four);
    h[4] = mix(mix(5, four), seen[at - 5] | (seen[at - 6] << 8));
    h[5] = mix(mix(6, this.#word), this.#wordBefore);
    h[6] = above === undefined ? mix(7, this.#numbers.key) : mix(7, above & 255);
    h[7] = mix(8, (two >> 8) | (seen[at - 3] << 8));
    h[8] =
      above === undefined
        ? mix(mix(9, this.#tag), seen[at - 1] | (this.#tagBefore << 8))
        : mix(mix(9, above), seen[at - 1]);
  }

  #codeBit(coder: BinaryCoder, bit: number, node: number, shift: number): number {
    const set = this.#look(node, shift);
    const s = this.#stretches;
    const w = this.#weights;
    const first = set * inputs;
    let sum = 0;
    for (let i = 0; i < inputs; i++) sum += w[first + i] * s[i];
    let x = Math.floor(sum / 16384);
    if (x > stretchLimit) x = stretchLimit;
    else if (x < -stretchLimit) x = -stretchLimit;
    const p = mixedProbability[x + 2048];
    const coded = coder.code(bit, p);
    const error = (coded << 16) - p;
    const places = this.#places;
    for (let i = 0; i < inputs; i++) {
      const place = places[i];
      if (place < 0) continue;
      const next =
        w[first + i] + ((Math.imul(error, s[i]) + (1 << (learningRate - 1))) >> learningRate);
      w[first + i] =
        next > largestWeight ? largestWeight : next < -largestWeight ? -largestWeight : next;
      if (i < contexts)
        this.#estimates[place] = adaptBit(this.#estimates[place], coded, contextLimit);
      else this.#expectations[place] = adaptBit(this.#expectations[place], coded, otherLimit);
    }
    return coded;
  }

  /** Finds the estimate of each input at `node`, and which set of weights to mix them with. */
  #look(node: number, shift: number): number {
    const h = this.#hashes;
    const s = this.#stretches;
    const places = this.#places;
    const bits = this.#bits;
    for (let c = 0; c < contexts; c++) {
      const place = (c << bits) + (mix(h[c], node) >>> (32 - bits));
      places[c] = place;
      s[c] = stretchTable[this.#estimates[place] >> 19];
      const run = this.#runs[(c << (bits - 2)) + (h[c] >>> (34 - bits))];
      const from = runEstimates + c * 32 + 2 * Math.min(run & 255, 15);
      this.#expect(contexts + c, run === 0 ? -1 : run >> 8, from, node, shift);
    }
    places[bitInput] = node;
    s[bitInput] = stretchTable[this.#expectations[node] >> 19];
    const { expected, confidence } = this.#match;
    const from = matchEstimates + 2 * confidence;
    const matches = this.#expect(bitInput + 1, expected, from, node, shift);
    const { same, next, confidence: times } = this.#numbers;
    const again = this.#expect(bitInput + 2, same, sameEstimates + 2 * times, node, shift);
    const counts = this.#expect(bitInput + 3, next, nextEstimates + 2 * times, node, shift);
    return (matches ? confidence * 4 : 0) + (again ? 1 : 0) + (counts ? 2 : 0);
  }

  /** An input that expects `byte`: it has something to say while the bits so far are those of it. */
  #expect(input: number, byte: number, from: number, node: number, shift: number): boolean {
    if (byte < 0 || (byte | 256) >> (shift + 1) !== node) {
      this.#places[input] = -1;
      this.#stretches[input] = 0;
      return false;
    }
    const place = from + ((byte >> shift) & 1);
    this.#places[input] = place;
    this.#stretches[input] = stretchTable[this.#expectations[place] >> 19];
    return true;
  }

  #learn(byte: number): void {
    for (let c = 0; c < contexts; c++) {
      const slot = (c << (this.#bits - 2)) + (this.#hashes[c] >>> (34 - this.#bits));
      const run = this.#runs[slot];
      if (run === 0 || run >> 8 !== byte) this.#runs[slot] = (byte << 8) | 1;
      else if ((run & 255) < 255) this.#runs[slot] = run + 1;
    }
    this.#seen[this.#at++] = byte;
    this.#numbers.update(byte);
    this.#match.update(this.#at);
    if (byte >= 128 || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)) {
      this.#word = mix(this.#word, byte);
    } else if (this.#word !== 0) {
      this.#wordBefore = this.#word;
      this.#word = 0;
    }
    if (byte < 32) {
      this.#tagBefore = this.#tag;
      this.#tag = byte;
    }
  }
}
