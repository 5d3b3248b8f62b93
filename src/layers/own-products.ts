/**
 * The machine the simulator runs on, as one more platform: its own dense and sparse matrix-vector
 * products of a layer, so that a speed-up can be read that is real for the user. One core, plain
 * JavaScript over float32 arrays, batch 1, caches warm: not what a tuned BLAS would reach, and said so
 * where it is shown. The dense matrix of a large layer is measured on as many rows as 64 MB hold and
 * scaled to all of them (`denseRows`).
 */
import type { Layer } from './layer.ts';

export interface HostTimes {
  /** Dense product, every weight and input, microseconds. */
  readonly denseUs: number;
  /** Sparse (row-compressed) product, non-zero weights and every input, microseconds. */
  readonly sparseUs: number;
  /** Rows the dense product was measured on; fewer than the layer's: the time is scaled up. */
  readonly denseRows: number;
}

const denseLimit = 1 << 24; // weights

function denseProduct(w: Float32Array, x: Float32Array, y: Float32Array): void {
  const cols = x.length;
  const even = cols - (cols % 4);
  for (let r = 0, at = 0; r < y.length; r++, at += cols) {
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < even; i += 4) {
      a += w[at + i] * x[i];
      b += w[at + i + 1] * x[i + 1];
      c += w[at + i + 2] * x[i + 2];
      d += w[at + i + 3] * x[i + 3];
    }
    for (let i = even; i < cols; i++) a += w[at + i] * x[i];
    y[r] = a + b + c + d;
  }
}

function sparseProduct(
  start: Int32Array,
  column: Int32Array,
  value: Float32Array,
  x: Float32Array,
  y: Float32Array,
): void {
  for (let r = 0; r < y.length; r++) {
    let sum = 0;
    for (let i = start[r]; i < start[r + 1]; i++) sum += value[i] * x[column[i]];
    y[r] = sum;
  }
}

/** The layer's weights by rows. */
function byRows({ matrix, codebook, rowScales }: Layer): {
  start: Int32Array;
  column: Int32Array;
  value: Float32Array;
} {
  const { rows, cols, columnStart, row, code } = matrix;
  const start = new Int32Array(rows + 1);
  for (let i = 0; i < row.length; i++) start[row[i] + 1]++;
  for (let r = 0; r < rows; r++) start[r + 1] += start[r];
  const next = start.slice(0, rows);
  const column = new Int32Array(row.length);
  const value = new Float32Array(row.length);
  for (let c = 0; c < cols; c++)
    for (let i = columnStart[c]; i < columnStart[c + 1]; i++) {
      const at = next[row[i]]++;
      column[at] = c;
      value[at] = codebook[code[i]] * (rowScales?.[row[i]] ?? 1);
    }
  return { start, column, value };
}

/**
 * Median time of `run` over at least three repetitions and about `budgetMs`, in microseconds. What ran
 * before, for half of that and at least twice, does not count: caches and the compiler are cold then.
 */
function medianTime(run: () => void, now: () => number, budgetMs: number): number {
  const start = now();
  for (let i = 0; i < 2 || now() - start < budgetMs / 2; i++) run();
  const times: number[] = [];
  for (const begin = now(); times.length < 3 || now() - begin < budgetMs;) {
    const from = now();
    run();
    times.push(now() - from);
  }
  times.sort((a, b) => a - b);
  return times[times.length >> 1] * 1000;
}

/**
 * Times both products. `now` is a clock in milliseconds (performance.now); `budgetMs` is spent on
 * each, after its arrays are made and it has run for half of that.
 */
export function measureHost(layer: Layer, now: () => number, budgetMs = 50): HostTimes {
  const { rows, cols } = layer.matrix;
  const x = layer.activations;
  const { start, column, value } = byRows(layer);
  const sparse = new Float32Array(rows);
  const sparseUs = medianTime(() => sparseProduct(start, column, value, x, sparse), now, budgetMs);

  const denseRows = Math.min(rows, Math.max(1, Math.floor(denseLimit / cols)));
  const weights = new Float32Array(denseRows * cols);
  for (let r = 0; r < denseRows; r++)
    for (let i = start[r]; i < start[r + 1]; i++) weights[r * cols + column[i]] = value[i];
  const dense = new Float32Array(denseRows);
  const denseUs = medianTime(() => denseProduct(weights, x, dense), now, budgetMs);
  for (let r = 0; r < denseRows; r++)
    if (Math.abs(dense[r] - sparse[r]) > 1e-3 * (1 + Math.abs(sparse[r])))
      throw new Error(`dense and sparse product differ in row ${r}`);
  return { denseUs: (denseUs * rows) / denseRows, sparseUs, denseRows };
}
