/**
 * The one source of randomness: mulberry32 (T. Ettinger), 32 bits of state, so that a seed printed
 * in a report gives the same bytes on every machine. Not for cryptography.
 */

/** A generator of numbers in [0, 1), equally spaced by 2^-32; the same seed, the same sequence. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
