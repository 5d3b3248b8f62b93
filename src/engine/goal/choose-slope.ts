/**
 * The one number that all layers share: the cost of a bit. Where the goal is a size, or answers are counted,
 * the largest that keeps it is looked for by steps of a constant factor from a guess, then by halving the
 * last step on a logarithmic scale. A loss that is measured does not grow evenly: of two roundings whose
 * slopes differ by a tenth, one may lose six times what the other does. There a line through the logarithms
 * of several losses says where the goal is reached, and of the roundings from there on down the first that
 * keeps it is taken.
 */

export interface SizeSearch {
  /** Where to begin. */
  readonly guess: number;
  /** Whether the goal is kept at a slope; evaluating it is expensive. */
  readonly evaluate: (lambda: number) => Promise<boolean>;
  /** Evaluations, at most. */
  readonly most: number;
}

const stride = 3;
/** Finer steps than 12 % of the slope change a file by less than 1 %. */
const finest = 1.12;

/** The largest slope that was seen to keep the goal; undefined when none did. */
export async function largestSlope({
  guess,
  evaluate,
  most,
}: SizeSearch): Promise<number | undefined> {
  let low = 0;
  let high = Infinity;
  let lambda = guess;
  for (let i = 0; i < most; i++) {
    if (await evaluate(lambda)) low = lambda;
    else high = lambda;
    if (low > 0 && high < Infinity && high / low <= finest) break;
    lambda = low === 0 ? high / stride : high === Infinity ? low * stride : Math.sqrt(low * high);
  }
  return low > 0 ? low : undefined;
}

export interface LossSearch {
  readonly guess: number;
  /** The loss over what is allowed, at least 0. */
  readonly evaluate: (lambda: number) => Promise<number>;
}

/** Steps of `stride` from the guess, at most, and evaluations between the last two. */
const mostStrides = 6;
const between = 2;
/** How a loss may grow with the slope: as its power. */
const leastPower = 0.5;
const mostPower = 2;
/** Losses this many times smaller than the goal say nothing of where it is reached. */
const farBelow = 30;

/** The slope at which the loss, by a line through several, is what is allowed; undefined when none is. */
export async function likelySlope({ guess, evaluate }: LossSearch): Promise<number | undefined> {
  /** Logarithms. */
  const points: Point[] = [];
  const evaluated = async (lambda: number): Promise<boolean> => {
    const loss = Math.max(1 / farBelow, await evaluate(lambda));
    points.push({ x: Math.log(lambda), y: Math.log(loss) });
    return loss <= 1;
  };
  let lambda = guess;
  const first = await evaluated(lambda);
  for (let i = 1; i < mostStrides; i++) {
    lambda *= first ? stride : 1 / stride;
    if ((await evaluated(lambda)) !== first) break;
  }
  if (points.every(({ y }) => y > 0)) return undefined;
  const low = first ? lambda / stride : lambda;
  for (let i = 1; i <= between; i++) await evaluated(low * stride ** (i / (between + 1)));
  return Math.exp(zeroOf(points));
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Where a line through the points, as steep as a loss can be, is zero; not beyond the points. */
function zeroOf(points: readonly Point[]): number {
  const floor = -Math.log(farBelow);
  const near = points.filter(({ y }) => y > floor);
  const used = near.length > 1 ? near : points;
  const mean = (of: 'x' | 'y'): number => used.reduce((sum, p) => sum + p[of], 0) / used.length;
  const [x, y] = [mean('x'), mean('y')];
  let products = 0;
  let squares = 0;
  for (const p of used) {
    products += (p.x - x) * (p.y - y);
    squares += (p.x - x) ** 2;
  }
  const power = Math.max(leastPower, Math.min(mostPower, products / squares || 1));
  const low = points.reduce((least, p) => Math.min(least, p.x), Infinity);
  const high = points.reduce((most, p) => Math.max(most, p.x), -Infinity);
  return Math.max(low, Math.min(high, x - y / power));
}

/**
 * Shares of the likely slope: small steps at first, as another rounding of nearly as many bits may keep what
 * one does not, then large ones, as a file is wanted that does.
 */
const triedShares = [1, 0.95, 0.9, 0.85, 0.8, 0.7, 0.5, 0.25];

/** The first that `evaluate` gives at a slope around `lambda`, the largest first. */
export async function firstKept<T>(
  lambda: number,
  evaluate: (lambda: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const share of triedShares) {
    const kept = await evaluate(lambda * share);
    if (kept !== undefined) return kept;
  }
  return undefined;
}
