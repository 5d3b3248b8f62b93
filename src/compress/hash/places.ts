/**
 * Hashed layers (Chen et al., HashedNets, 2015): every weight is one of a few shared values, picked by a
 * hash of its place in the matrix, times a sign from another hash, so that nothing is stored a weight. Keys
 * and tags are those of the authors' code: XXH32 of an ASCII text, places counted from 1.
 */
import { xxh32 } from './xxh32.ts';

/** Of a matrix, or of a bias, which is a matrix of one input with hashes of its own. */
export interface HashedLayout {
  /** Shared values. */
  readonly values: number;
  readonly outputs: number;
  readonly inputs: number;
  /** Whether the weights of one input lie together, not those of one output. */
  readonly transposed: boolean;
  readonly bias: boolean;
  /** Of both hashes, 32 bits. */
  readonly seed: number;
}

/** The authors' seed. */
export const hashSeed = 1691;

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const tags = {
  weights: { value: ascii('idxW'), sign: ascii('xi_W') },
  bias: { value: ascii('idxB'), sign: ascii('xi_B') },
};
const underscore = 0x5f;
/** Two times three numbers of up to ten digits, what joins them and a tag. */
const longestKey = 2 * 30 + 1 + 4;

/**
 * Where the weights from `from` on, in the order they are stored, get their values: k for shared value k
 * (from 0), `layout.values` + k for its negative.
 */
export function hashedPlaces(layout: HashedLayout, from: number, target: Int32Array): void {
  const { values, outputs, inputs, transposed, seed } = layout;
  const { value, sign } = layout.bias ? tags.bias : tags.weights;
  const inner = transposed ? outputs : inputs;
  const key = new Uint8Array(longestKey);
  for (let n = 0; n < target.length; n++) {
    const outer = Math.floor((from + n) / inner);
    const within = from + n - outer * inner;
    let end = putPlace(key, 0, (transposed ? within : outer) + 1);
    key[end++] = underscore;
    end = putPlace(key, end, (transposed ? outer : within) + 1);
    key.set(value, end);
    const place = xxh32(key, end + value.length, seed) % values;
    key.set(sign, end);
    const positive = xxh32(key, end + sign.length, seed) % 2 === 1;
    target[n] = positive ? place : values + place;
  }
}

/** The weights from `from` on, in the order they are stored. */
export function hashedWeights(
  layout: HashedLayout,
  values: Float32Array,
  from: number,
  target: Float32Array,
): void {
  const places = new Int32Array(Math.min(4096, target.length));
  for (let done = 0; done < target.length; done += places.length) {
    const part = places.subarray(0, target.length - done);
    hashedPlaces(layout, from + done, part);
    for (let i = 0; i < part.length; i++) {
      const place = part[i]!;
      target[done + i] = place < values.length ? values[place]! : -values[place - values.length]!;
    }
  }
}

/** A place as keys have it: the number, the next and the one after, in decimal. */
function putPlace(key: Uint8Array, at: number, place: number): number {
  return putNumber(key, putNumber(key, putNumber(key, at, place), place + 1), place + 2);
}

function putNumber(key: Uint8Array, at: number, number: number): number {
  let digits = 1;
  for (let ten = 10; ten <= number; ten *= 10) digits++;
  for (let left = number, i = at + digits - 1; i >= at; i--) {
    const rest = Math.floor(left / 10);
    key[i] = 48 + left - 10 * rest;
    left = rest;
  }
  return at + digits;
}
