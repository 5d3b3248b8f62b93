/**
 * Two models side by side: which layers belong together, and how far apart the weights of two are.
 * Layers are matched by name, those of one name by their path; only layers of one shape compare.
 */
import { bitsOf, isNumeric } from '../model/dtype.ts';
import type { Tensor } from '../model/model.ts';
import type { Pace } from './pace.ts';
import type { LayerDifference, LayerPair, PairList } from './types.ts';
import { arrayFor, chunk, type LayerValues } from './values.ts';

export function pairLayers(here: readonly Tensor[], there: readonly Tensor[]): PairList {
  const byName = new Map<string, Tensor[]>();
  for (const tensor of there) {
    const same = byName.get(tensor.name);
    if (same) same.push(tensor);
    else byName.set(tensor.name, [tensor]);
  }
  const taken = new Set<number>();
  const pairs: LayerPair[] = [];
  const onlyHere: number[] = [];
  for (const tensor of here) {
    const same = byName.get(tensor.name) ?? [];
    const other =
      same.length === 1 ? same[0] : same.find((t) => t.path === tensor.path && !taken.has(t.id));
    if (other === undefined || taken.has(other.id)) {
      onlyHere.push(tensor.id);
      continue;
    }
    taken.add(other.id);
    pairs.push({ layer: tensor.id, other: other.id, why: whyNot(tensor, other) });
  }
  const onlyThere = there.filter((t) => !taken.has(t.id)).map((t) => t.id);
  return { pairs, onlyHere, onlyThere };
}

function whyNot(a: Tensor, b: Tensor): LayerPair['why'] {
  if (!isNumeric(a.dtype) || !isNumeric(b.dtype) || bitsOf[a.dtype] === 0) return 'no numbers';
  const same =
    a.parameters === b.parameters &&
    a.shape.length === b.shape.length &&
    a.shape.every((d, i) => d === b.shape[i]);
  return same ? '' : 'shape';
}

/** How `a` differs from `b`, in one pass over both. */
export async function difference(
  a: LayerValues,
  b: LayerValues,
  pace: Pace,
): Promise<Omit<LayerDifference, 'layer' | 'other'>> {
  const { weights } = a;
  const most = Math.min(chunk, weights);
  const left = arrayFor(a, most);
  const right = arrayFor(b, most);
  let changed = 0;
  let becameZero = 0;
  let becameNonzero = 0;
  let signFlips = 0;
  let nonFinite = 0;
  let l1 = 0;
  let squares = 0;
  let largest = 0;
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let start = 0; start < weights; start += chunk) {
    if (pace.due) await pace.rest();
    const n = Math.min(chunk, weights - start);
    await Promise.all([a.ready?.(start, weights), b.ready?.(start, weights)]);
    a.read(start, left.subarray(0, n));
    b.read(start, right.subarray(0, n));
    for (let i = 0; i < n; i++) {
      const x = left[i];
      const y = right[i];
      if (x === y && x - x === 0) {
        aa += x * x;
        bb += x * x;
        ab += x * x;
        continue;
      }
      if (x === y || (x !== x && y !== y)) continue;
      changed++;
      if (x === 0) becameZero++;
      else if (y === 0) becameNonzero++;
      else if (x < 0 !== y < 0 && x === x && y === y) signFlips++;
      const d = x - y;
      if (d - d !== 0) {
        nonFinite++;
        continue;
      }
      const size = Math.abs(d);
      l1 += size;
      squares += d * d;
      if (size > largest) largest = size;
      aa += x * x;
      bb += y * y;
      ab += x * y;
    }
    pace.onFraction((start + n) / weights);
  }
  const l2 = Math.sqrt(squares);
  return {
    ...{ weights, changed, becameZero, becameNonzero, signFlips, nonFinite, l1, l2, largest },
    rmse: weights > 0 ? Math.sqrt(squares / weights) : 0,
    relative: bb > 0 ? l2 / Math.sqrt(bb) : null,
    cosine: aa > 0 && bb > 0 ? Math.min(1, ab / Math.sqrt(aa * bb)) : null,
  };
}
