/**
 * From the vectors that a layer multiplies to the one that is simulated: the one whose number of
 * non-zeros is nearest the mean over up to `mostVectors` of them, spread evenly, so that its statistics
 * stand for the layer.
 */
import type { Vectors } from '../../calibrate/vectors.ts';

export interface ChosenVector {
  readonly values: Float32Array;
  readonly density: number;
  readonly meanDensity: number | null;
  readonly note: string;
}

const mostVectors = 256;

/** @param part which of the layer's matrices (a group or direction); -1: all groups side by side */
export function chooseVector(vectors: Vectors, part: number): ChosenVector {
  const { count, sets, columns, unit, fill } = vectors;
  const looked = Math.min(count, mostVectors);
  const at = (k: number): number => Math.floor(((2 * k + 1) * count) / (2 * looked));
  const all = new Float32Array(sets * columns);
  const from = Math.max(0, sets > 1 ? part : 0) * columns;
  const values = part < 0 ? all : all.subarray(from, from + columns);
  const nonzeros = Int32Array.from({ length: looked }, (_, k) => {
    fill(at(k), all);
    let n = 0;
    for (let i = 0; i < values.length; i++) if (values[i] !== 0) n++;
    return n;
  });
  const mean = nonzeros.reduce((a, b) => a + b, 0) / looked;
  let best = 0;
  for (let k = 1; k < looked; k++)
    if (Math.abs(nonzeros[k] - mean) < Math.abs(nonzeros[best] - mean)) best = k;
  fill(at(best), all);
  return {
    values: values.slice(),
    density: nonzeros[best] / values.length,
    meanDensity: count > 1 ? mean / values.length : null,
    note:
      count > 1
        ? `${unit} ${at(best) + 1} of ${count}: its share of non-zeros is nearest the mean of ${looked} of them`
        : '',
  };
}
