/**
 * State that a sequence model hands from one run to the next: an input that an output takes the place
 * of. Names decide (state and stateN, h and hn, h0 and h_out, cache_in and cache_out, …), and where they
 * do not, the one float output left over that has the shape of the one float input left over.
 */
import type { ModelGraph, ValueInfo } from '../model/graph.ts';

export interface StatePair {
  readonly input: ValueInfo;
  readonly output: string;
}

const floats = new Set([1, 10, 11]);

/** @param data the input that samples are for */
export function statePairs(graph: ModelGraph, data: string): StatePair[] {
  const inputs = graph.inputs.filter(
    ({ name, elemType, shape }) =>
      name !== data &&
      floats.has(elemType) &&
      shape &&
      shape.length >= 2 &&
      !graph.initializers.has(name),
  );
  const outputs = graph.outputs.filter(({ elemType }) => floats.has(elemType) || elemType === 0);
  const pairs: StatePair[] = [];
  const taken = new Set<string>();
  const pair = (input: ValueInfo, output: ValueInfo): void => {
    pairs.push({ input, output: output.name });
    taken.add(output.name);
  };
  for (const input of inputs) {
    const stem = stemOf(input.name);
    const named = outputs.filter(
      (o) => stem !== '' && !taken.has(o.name) && stemOf(o.name) === stem && mayBe(input, o),
    );
    if (named.length === 1) pair(input, named[0]);
  }
  const left = inputs.filter((i) => !pairs.some((p) => p.input === i));
  if (left.length === 1) {
    const free = outputs.filter((o) => !taken.has(o.name) && o.shape && mayBe(left[0], o));
    const own = free.filter((o) => o.shape!.length > 0 && sameFixed(left[0], o));
    if (own.length === 1) pair(left[0], own[0]);
  }
  return pairs;
}

/** A name without what tells the state before from the one after. */
function stemOf(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(
      (w) =>
        w !== '' &&
        !/^(in|out|input|output|n|t|new|next|prev|previous|last|init|initial|old|present|past|0|1)$/.test(
          w,
        ),
    );
  const stem = words.join('_');
  // h0 and hn, c0 and cn; state and staten
  return stem.replace(/^([hcs]|state)[n0t]$/, '$1');
}

/** No fixed dimension of one contradicts the other's. */
function mayBe(a: ValueInfo, b: ValueInfo): boolean {
  if (!a.shape || !b.shape) return true;
  return (
    a.shape.length === b.shape.length &&
    a.shape.every((d, i) => {
      const other = b.shape![i];
      return (
        typeof d !== 'number' || typeof other !== 'number' || d < 1 || other < 1 || d === other
      );
    })
  );
}

function sameFixed(a: ValueInfo, b: ValueInfo): boolean {
  return a.shape!.some((d, i) => typeof d === 'number' && d > 1 && d === b.shape![i]);
}
