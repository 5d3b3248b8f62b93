/** Moments of two sets of samples of one model as those of all of them. */
import type { Calibration, Moments } from '../compress/moments.ts';

/** Each by the number of vectors that it saw; tensors that only one knows are as that one has them. */
export function mergeCalibrations(a: Calibration, b: Calibration): Map<number, Moments> {
  const merged = new Map(a);
  // tensors with the same inputs share their moments, and go on to
  const made = new Map<Moments['second'], Moments>();
  for (const [id, one] of b) {
    const other = a.get(id);
    let both = made.get(one.second);
    if (!both) made.set(one.second, (both = other ? mergeMoments(one, other) : one));
    merged.set(id, { ...both, setOf: one.setOf });
  }
  return merged;
}

function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.columns !== b.columns || a.sets !== b.sets || a.block !== b.block) return a;
  const count = a.count.map((n, set) => n + b.count[set]!);
  const shares = count.map((n, set) => (n > 0 ? a.count[set]! / n : 0));
  const mean = (x: Float64Array, y: Float64Array): Float64Array =>
    x.map((v, i) => {
      const share = shares[Math.floor((i * a.sets) / x.length)]!;
      return share * v + (1 - share) * y[i]!;
    });
  return { ...a, count, second: mean(a.second, b.second), mean: mean(a.mean, b.mean) };
}
