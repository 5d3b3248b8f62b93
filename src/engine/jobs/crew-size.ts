/** How many threads are worth their start: below a quarter of a block each, work inline. */
const weightsPerThread = 1 << 18;

export function crewSize(wanted: number, weights: number): number {
  return Math.max(1, Math.min(wanted, Math.floor(weights / weightsPerThread)));
}
