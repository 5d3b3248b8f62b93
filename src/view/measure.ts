/**
 * Statistics of a layer in one pass over its values, a chunk at a time: two passes over each chunk
 * (its mean first, so that nothing cancels in the squares), merged after Chan, Golub and LeVeque
 * (1979). For a layer with a codebook the counts of its codes are enough.
 */
import { entropyBound, EntropyCounter } from './entropy.ts';
import type { Pace } from './pace.ts';
import type { PeLoad } from './pe-load.ts';
import type { LayerMeasure } from './types.ts';
import { arrayFor, type LayerValues, type Numbers } from './values.ts';

/** Values read at a time. */
export const chunk = 1 << 17;

/** Most different values that are kept with their counts: what may be a codebook. */
const fewest = 257;

/** What was measured, and the different values where they are few. */
export interface Measured {
  readonly measure: Omit<LayerMeasure, 'layer'>;
  readonly few: { readonly values: Float64Array; readonly counts: Float64Array } | undefined;
}

/** `bits`: what a weight takes in the model; `load` counts along. */
export async function measureValues(
  values: LayerValues,
  bits: number,
  load: PeLoad | undefined,
  pace: Pace,
): Promise<Measured> {
  const moments = new Moments();
  const entropy = new EntropyCounter(values.weights, values.wide);
  const buffer = arrayFor(values, Math.min(chunk, values.weights));
  for (let start = 0; start < values.weights; start += chunk) {
    if (pace.due) await pace.rest();
    const part = buffer.subarray(0, Math.min(chunk, values.weights - start));
    await values.ready?.(start, values.weights);
    values.read(start, part);
    moments.add(part);
    entropy.add(part);
    load?.add(part);
    pace.onFraction((start + part.length) / values.weights);
  }
  const { zeros } = moments;
  const few = entropy.values();
  return {
    measure: {
      ...moments.result(),
      distinct: few === undefined ? null : withoutTwin(few.values),
      entropy: entropy.bound(bits, zeros),
      peBalance: load?.balance() ?? null,
    },
    few: few !== undefined && few.values.length <= fewest ? few : undefined,
  };
}

/** The same from shared values and how many weights have each. */
export function measureCounted(
  codebook: Float64Array,
  counts: Float64Array,
  bits: number,
  load: PeLoad | undefined,
): Omit<LayerMeasure, 'layer'> {
  const moments = new Moments();
  codebook.forEach((value, code) => moments.addTimes(value, counts[code]));
  const used = new Set<number>();
  codebook.forEach((value, code) => counts[code] > 0 && used.add(value));
  return {
    ...moments.result(),
    distinct: used.size,
    entropy: entropyBound(counts, bits, moments.zeros),
    peBalance: load?.balance() ?? null,
  };
}

/** -0 and +0 lie side by side and are one value. */
function withoutTwin(values: Float64Array): number {
  let count = values.length;
  for (let i = 1; i < values.length; i++) if (values[i] === values[i - 1]) count--;
  return count;
}

class Moments {
  weights = 0;
  zeros = 0;
  #nan = 0;
  #infinite = 0;
  #negative = 0;
  #finite = 0;
  #min = Infinity;
  #max = -Infinity;
  #mean = 0;
  #m2 = 0;
  #l1 = 0;
  #squares = 0;

  add(values: Numbers): void {
    const n = values.length;
    let zeros = 0;
    let negative = 0;
    let nonFinite = 0;
    let min = Infinity;
    let max = -Infinity;
    let sum = 0;
    let l1 = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const v = values[i];
      if (v - v !== 0) {
        nonFinite++;
        if (v !== v) this.#nan++;
        else {
          this.#infinite++;
          if (v < 0) negative++;
        }
        continue;
      }
      if (v === 0) zeros++;
      else if (v < 0) negative++;
      if (v < min) min = v;
      if (v > max) max = v;
      sum += v;
      l1 += Math.abs(v);
      squares += v * v;
    }
    this.weights += n;
    this.zeros += zeros;
    this.#negative += negative;
    this.#l1 += l1;
    this.#squares += squares;
    const finite = n - nonFinite;
    if (finite === 0) return;
    const mean = sum / finite;
    let m2 = 0;
    for (let i = 0; i < n; i++) {
      const d = values[i] - mean;
      if (d - d === 0) m2 += d * d;
    }
    this.#merge(finite, min, max, mean, m2);
  }

  addTimes(value: number, times: number): void {
    if (times === 0) return;
    this.weights += times;
    if (value - value !== 0) {
      if (value !== value) this.#nan += times;
      else this.#infinite += times;
    } else {
      this.#l1 += Math.abs(value) * times;
      this.#squares += value * value * times;
      this.#merge(times, value, value, value, 0);
    }
    if (value === 0) this.zeros += times;
    if (value < 0) this.#negative += times;
  }

  #merge(finite: number, min: number, max: number, mean: number, m2: number): void {
    const total = this.#finite + finite;
    const delta = mean - this.#mean;
    this.#m2 += m2 + (delta * delta * this.#finite * finite) / total;
    this.#mean += (delta * finite) / total;
    this.#finite = total;
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
  }

  result(): Omit<LayerMeasure, 'layer' | 'distinct' | 'entropy' | 'peBalance'> {
    const some = this.#finite > 0;
    return {
      weights: this.weights,
      zeros: this.zeros,
      nan: this.#nan,
      infinite: this.#infinite,
      negative: this.#negative,
      sparsity: this.weights > 0 ? this.zeros / this.weights : 0,
      min: some ? this.#min : null,
      max: some ? this.#max : null,
      mean: some ? this.#mean : null,
      std: some ? Math.sqrt(this.#m2 / this.#finite) : null,
      l1: this.#l1,
      l2: Math.sqrt(this.#squares),
    };
  }
}
