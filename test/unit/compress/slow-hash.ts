/** Hashed layers as their formulas are written, in exact integers and texts: what the fast code is held to. */
import type { HashedLayout } from '../../../src/compress/hash/places.ts';

/** As the specification of XXH32 is written. */
export function slowXxh32(data: Uint8Array, seed: number): number {
  const [p1, p2, p3, p4, p5] = [
    ...[2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n],
  ] as const;
  const low = (x: bigint): bigint => BigInt.asUintN(32, x);
  const turned = (x: bigint, by: bigint): bigint => low((x << by) | (x >> (32n - by)));
  const lane = (at: number): bigint =>
    [0, 1, 2, 3].reduce((sum, i) => sum + (BigInt(data[at + i]!) << BigInt(8 * i)), 0n);
  const start = BigInt(seed);
  let at = 0;
  let sum = low(start + p5!);
  if (data.length >= 16) {
    const sums = [start + p1! + p2!, start + p2!, start, start - p1!].map(low);
    for (; at + 16 <= data.length; at += 16)
      sums.forEach((s, i) => {
        sums[i] = low(turned(low(s + lane(at + 4 * i) * p2!), 13n) * p1!);
      });
    sum = low(sums.reduce((all, s, i) => all + turned(s, [1n, 7n, 12n, 18n][i]!), 0n));
  }
  sum = low(sum + BigInt(data.length));
  for (; at + 4 <= data.length; at += 4) sum = low(turned(low(sum + lane(at) * p3!), 17n) * p4!);
  for (; at < data.length; at++) sum = low(turned(low(sum + BigInt(data[at]!) * p5!), 11n) * p1!);
  sum = low((sum ^ (sum >> 15n)) * p2!);
  sum = low((sum ^ (sum >> 13n)) * p3!);
  return Number(sum ^ (sum >> 16n));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** By the formula, a weight at a time: sign times the value of its bucket. */
function slowWeight(layout: HashedLayout, values: Float32Array, i: number, j: number): number {
  const three = (n: number): string => `${n}${n + 1}${n + 2}`;
  const key = `${three(i + 1)}_${three(j + 1)}`;
  const [value, sign] = layout.bias ? ['idxB', 'xi_B'] : ['idxW', 'xi_W'];
  const chosen = values[slowXxh32(bytes(key + value), layout.seed) % layout.values]!;
  return chosen * ((slowXxh32(bytes(key + sign), layout.seed) % 2) * 2 - 1);
}

/** All weights in the order they are stored. */
export function slowHashedWeights(
  layout: HashedLayout,
  values: Float32Array,
): Float32Array<ArrayBuffer> {
  const { outputs, inputs, transposed } = layout;
  return Float32Array.from({ length: outputs * inputs }, (_, n) =>
    transposed
      ? slowWeight(layout, values, n % outputs, Math.floor(n / outputs))
      : slowWeight(layout, values, Math.floor(n / inputs), n % inputs),
  );
}
