/**
 * What is said of a layer's values: statistics, different values, entropy and a meter, all from one
 * pass; for a layer with a codebook the counts of its codes are enough.
 */
import { entropyBound, EntropyCounter } from '../measure/entropy.ts';
import type { Meter } from '../measure/meter.ts';
import {
  merged,
  noStatistics,
  spreadOf,
  statisticsOf,
  statisticsOfRepeated,
  type ValueStatistics,
  type Numbers,
} from '../measure/statistics.ts';
import type { Pace } from './pace.ts';
import type { LayerMeasure } from './types.ts';
import { countInto, type LayerValues } from './values.ts';

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
  load: Meter | undefined,
  pace: Pace,
): Promise<Measured> {
  let seen = noStatistics;
  const entropy = new EntropyCounter(values.weights, values.wide);
  const add = (part: Numbers): void => {
    seen = merged(seen, statisticsOf(part));
    entropy.add(part);
    load?.add(part);
  };
  await countInto(values, { add }, pace);
  const few = entropy.values();
  return {
    measure: {
      ...toldOf(seen),
      distinct: few === undefined ? null : withoutTwin(few.values),
      entropy: entropy.bound(bits, seen.zeros),
      peBalance: load?.result() ?? null,
    },
    few: few !== undefined && few.values.length <= fewest ? few : undefined,
  };
}

/** The same from shared values and how many weights have each. */
export function measureCounted(
  codebook: Float64Array,
  counts: Float64Array,
  bits: number,
  load: Meter | undefined,
): Omit<LayerMeasure, 'layer'> {
  const seen = codebook.reduce(
    (sum, value, code) => merged(sum, statisticsOfRepeated(value, counts[code])),
    noStatistics,
  );
  const used = new Set<number>();
  codebook.forEach((value, code) => counts[code] > 0 && used.add(value));
  return {
    ...toldOf(seen),
    distinct: used.size,
    entropy: entropyBound(counts, bits, seen.zeros),
    peBalance: load?.result() ?? null,
  };
}

function toldOf(
  seen: ValueStatistics,
): Omit<LayerMeasure, 'layer' | 'distinct' | 'entropy' | 'peBalance'> {
  const { values: weights, zeros, nan, infinite, negative, l1, squares } = seen;
  return {
    ...{ weights, zeros, nan, infinite, negative },
    sparsity: weights > 0 ? zeros / weights : 0,
    ...spreadOf(seen),
    ...{ l1, l2: Math.sqrt(squares) },
  };
}

/** -0 and +0 lie side by side and are one value. */
function withoutTwin(values: Float64Array): number {
  let count = values.length;
  for (let i = 1; i < values.length; i++) if (values[i] === values[i - 1]) count--;
  return count;
}
