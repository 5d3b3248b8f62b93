/** Slow and obviously right: what the kernels of src/compress/rate are compared with. */
import { mulberry32 } from '../../../../src/model/random.ts';
import type { Moments } from '../../../../src/compress/moments.ts';

/** `n` values of about a normal distribution of deviation 1. */
export function normal(n: number, seed: number): Float64Array {
  const random = mulberry32(seed);
  return Float64Array.from({ length: n }, () => {
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += random();
    return sum - 6;
  });
}

/** `samples` input vectors of `columns` that have to do with each other, as samples x columns. */
export function inputs(samples: number, columns: number, seed: number): Float64Array {
  const noise = normal(samples * columns, seed);
  const x = new Float64Array(samples * columns);
  for (let s = 0; s < samples; s++) {
    for (let c = 0; c < columns; c++) {
      const before = c > 0 ? x[s * columns + c - 1] : 0;
      x[s * columns + c] = 0.3 + 0.8 * before + noise[s * columns + c] * (1 + (c % 3));
    }
  }
  return x;
}

/** Full moments of one set. */
export function momentsOf(x: Float64Array, samples: number, columns: number): Moments {
  const second = new Float64Array(columns * columns);
  const mean = new Float64Array(columns);
  for (let s = 0; s < samples; s++) {
    for (let i = 0; i < columns; i++) {
      mean[i] += x[s * columns + i] / samples;
      for (let j = 0; j < columns; j++) {
        second[i * columns + j] += (x[s * columns + i] * x[s * columns + j]) / samples;
      }
    }
  }
  return {
    columns,
    setOf: Uint32Array.of(0),
    sets: 1,
    block: columns,
    second,
    mean,
    count: Float64Array.of(samples),
  };
}

/** Mean over samples of the squared difference of w x and w' x, for one row. */
export function outputError(
  w: ArrayLike<number>,
  changed: ArrayLike<number>,
  x: Float64Array,
  samples: number,
): number {
  let sum = 0;
  for (let s = 0; s < samples; s++) {
    let difference = 0;
    for (let c = 0; c < w.length; c++) difference += (w[c] - changed[c]) * x[s * w.length + c];
    sum += difference * difference;
  }
  return sum / samples;
}

/** Inverse of a matrix by Gauss and Jordan, with pivoting. */
export function inverse(matrix: readonly (readonly number[])[]): number[][] {
  const n = matrix.length;
  const a = matrix.map((row, i) => [...row, ...Array.from({ length: n }, (_, j) => +(i === j))]);
  for (let c = 0; c < n; c++) {
    let p = c;
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r][c]) > Math.abs(a[p][c])) p = r;
    [a[c], a[p]] = [a[p], a[c]];
    a[c] = a[c].map((v) => v / a[c][c]);
    for (let r = 0; r < n; r++) {
      if (r === c) continue;
      const factor = a[r][c];
      a[r] = a[r].map((v, i) => v - factor * a[c][i]);
    }
  }
  return a.map((row) => row.slice(n));
}

/**
 * Optimal Brain Quantization (Frantar and Alistarh 2022) in a given order: round a weight, move all that
 * are left to where they make up for it best, by the inverse of what is left of H.
 * @returns levels in the places of the weights
 */
export function brainQuantize(
  row: ArrayLike<number>,
  h: readonly (readonly number[])[],
  order: ArrayLike<number>,
  step: number,
): number[] {
  const w = Array.from(row);
  const levels = new Array<number>(w.length);
  for (let j = 0; j < order.length; j++) {
    const left = Array.from(order).slice(j);
    const inverted = inverse(left.map((a) => left.map((b) => h[a][b])));
    const at = left[0];
    levels[at] = Math.sign(w[at]) * Math.round(Math.abs(w[at] / step));
    const error = w[at] - levels[at] * step;
    left.forEach((c, i) => (w[c] -= (error / inverted[0][0]) * inverted[0][i]));
  }
  return levels;
}
