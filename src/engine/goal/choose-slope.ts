/**
 * The one number that all layers share: the cost of a bit. The largest that keeps the goal is looked for by
 * steps of a constant factor from a guess, then by halving the last step on a logarithmic scale.
 */

export interface Tried<T> {
  readonly lambda: number;
  readonly kept: boolean;
  readonly result: T;
}

export interface SlopeSearch<T> {
  /** Where to begin. */
  readonly guess: number;
  /** Whether the goal is kept at a slope; evaluating it is expensive. */
  readonly evaluate: (lambda: number) => Promise<{ readonly kept: boolean; readonly result: T }>;
  /** Evaluations, at most. */
  readonly most: number;
}

const stride = 3;
/** Finer steps than 12 % of the slope change a file by less than 1 %. */
const finest = 1.12;

/** The evaluation with the largest slope that keeps the goal; undefined when none did. */
export async function largestSlope<T>({
  guess,
  evaluate,
  most,
}: SlopeSearch<T>): Promise<Tried<T> | undefined> {
  let best: Tried<T> | undefined;
  let low = 0;
  let high = Infinity;
  let lambda = guess;
  for (let i = 0; i < most; i++) {
    const { kept, result } = await evaluate(lambda);
    if (kept) {
      low = lambda;
      best = { lambda, kept, result };
    } else high = lambda;
    if (low > 0 && high < Infinity && high / low <= finest) break;
    lambda = low === 0 ? high / stride : high === Infinity ? low * stride : Math.sqrt(low * high);
  }
  return best;
}
