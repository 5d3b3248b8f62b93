/** Hashing of contexts in 32-bit integers, the same on every machine. docs/dcz-coding.md, section 8.1. */
export const hashFactor = 0x9e3779b1 | 0;

/** `a` with `b` mixed into it. */
export function mix(a: number, b: number): number {
  const x = Math.imul(a ^ (b + 0x5bd1e995), hashFactor);
  return x ^ (x >>> 15);
}
