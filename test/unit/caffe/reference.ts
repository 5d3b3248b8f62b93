/**
 * Slow float64 loops for Caffe's layers, one image at a time, written from Caffe's definition and
 * sharing nothing with the importer.
 */
export interface Blob {
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly data: Float64Array;
}

export const blob = (c: number, h: number, w: number): Blob => ({
  c,
  h,
  w,
  data: new Float64Array(c * h * w),
});

export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly pad: readonly [number, number];
}

export const square = (kernel: number, stride = 1, pad = 0): Window => ({
  kernel: [kernel, kernel],
  stride: [stride, stride],
  pad: [pad, pad],
});

export function convolution(
  x: Blob,
  weights: Float32Array,
  bias: Float32Array,
  { kernel: [kh, kw], stride: [sh, sw], pad: [ph, pw] }: Window,
  group = 1,
  [dh, dw]: readonly [number, number] = [1, 1],
): Blob {
  const out = bias.length;
  const perGroup = x.c / group;
  const h = Math.floor((x.h + 2 * ph - (dh * (kh - 1) + 1)) / sh) + 1;
  const w = Math.floor((x.w + 2 * pw - (dw * (kw - 1) + 1)) / sw) + 1;
  const y = blob(out, h, w);
  for (let o = 0; o < out; o++) {
    const plane = y.data.subarray(o * h * w, (o + 1) * h * w).fill(bias[o]!);
    const first = Math.floor(o / (out / group)) * perGroup;
    for (let c = 0; c < perGroup; c++)
      for (let ky = 0; ky < kh; ky++)
        for (let kx = 0; kx < kw; kx++) {
          const weight = weights[((o * perGroup + c) * kh + ky) * kw + kx]!;
          if (weight === 0) continue;
          for (let i = 0; i < h; i++) {
            const row = i * sh - ph + ky * dh;
            if (row < 0 || row >= x.h) continue;
            for (let j = 0; j < w; j++) {
              const column = j * sw - pw + kx * dw;
              if (column < 0 || column >= x.w) continue;
              plane[i * w + j]! += weight * x.data[((first + c) * x.h + row) * x.w + column]!;
            }
          }
        }
  }
  return y;
}

/** NaN where a window holds no cell of the input. */
export function pooling(
  x: Blob,
  kind: 'MAX' | 'AVE',
  { kernel: [kh, kw], stride: [sh, sw], pad: [ph, pw] }: Window,
): Blob {
  let h = Math.ceil((x.h + 2 * ph - kh) / sh) + 1;
  let w = Math.ceil((x.w + 2 * pw - kw) / sw) + 1;
  if (ph > 0 || pw > 0) {
    if ((h - 1) * sh >= x.h + ph) h--;
    if ((w - 1) * sw >= x.w + pw) w--;
  }
  const y = blob(x.c, Math.max(h, 0), Math.max(w, 0));
  for (let c = 0; c < x.c; c++)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++) {
        const bottom = Math.min(i * sh - ph + kh, x.h + ph);
        const right = Math.min(j * sw - pw + kw, x.w + pw);
        const cells = (bottom - (i * sh - ph)) * (right - (j * sw - pw));
        let max = -Infinity;
        let sum = 0;
        for (let r = Math.max(0, i * sh - ph); r < Math.min(bottom, x.h); r++)
          for (let s = Math.max(0, j * sw - pw); s < Math.min(right, x.w); s++) {
            const value = x.data[(c * x.h + r) * x.w + s]!;
            max = Math.max(max, value);
            sum += value;
          }
        y.data[(c * h + i) * w + j] = max === -Infinity ? NaN : kind === 'MAX' ? max : sum / cells;
      }
  return y;
}

export function relu(x: Blob, slope = 0): Blob {
  return { ...x, data: x.data.map((v) => (v > 0 ? v : slope * v)) };
}

export function concat(...parts: readonly Blob[]): Blob {
  const first = parts[0]!;
  const y = blob(
    parts.reduce((sum, p) => sum + p.c, 0),
    first.h,
    first.w,
  );
  let at = 0;
  for (const part of parts) {
    y.data.set(part.data, at);
    at += part.data.length;
  }
  return y;
}

export function globalAverage(x: Blob): Blob {
  const y = blob(x.c, 1, 1);
  const area = x.h * x.w;
  for (let c = 0; c < x.c; c++)
    y.data[c] = x.data.subarray(c * area, (c + 1) * area).reduce((a, b) => a + b, 0) / area;
  return y;
}

export function innerProduct(x: Blob, weights: Float32Array, bias: Float32Array): Blob {
  const y = blob(bias.length, 1, 1);
  for (let o = 0; o < bias.length; o++) {
    let sum = bias[o]!;
    for (let i = 0; i < x.data.length; i++) sum += weights[o * x.data.length + i]! * x.data[i]!;
    y.data[o] = sum;
  }
  return y;
}

/** Across channels. */
export function lrn(x: Blob, size: number, alpha: number, beta: number, k: number): Blob {
  const y = blob(x.c, x.h, x.w);
  const area = x.h * x.w;
  for (let c = 0; c < x.c; c++)
    for (let i = 0; i < area; i++) {
      let sum = 0;
      for (let d = c - (size - 1) / 2; d <= c + (size - 1) / 2; d++)
        if (d >= 0 && d < x.c) sum += x.data[d * area + i]! ** 2;
      y.data[c * area + i] = x.data[c * area + i]! / (k + (alpha / size) * sum) ** beta;
    }
  return y;
}

export function softmax(values: ArrayLike<number>): Float64Array {
  const x = Float64Array.from(values);
  const max = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const e = x.map((v) => Math.exp(v - max));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** Largest |a - b| over the largest |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let error = 0;
  let scale = 0;
  for (let i = 0; i < a.length; i++) {
    if (!Number.isFinite(a[i]!)) return Infinity;
    error = Math.max(error, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return error / (scale || 1);
}
