/** Convolutions and pools by the definition, any number of spatial axes. */
import { each, get, make, nd, size } from './array.ts';
import type { Nd } from './array.ts';

export interface Geometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begins, then ends. */
  readonly pads: readonly number[];
}

export function geometry(kernel: readonly number[], more: Partial<Geometry> = {}): Geometry {
  const fill = (value: number, times = 1): number[] =>
    new Array<number>(kernel.length * times).fill(value);
  return { kernel, strides: fill(1), dilations: fill(1), pads: fill(0, 2), ...more };
}

/** Windows along each axis. */
export function outputSizes(input: readonly number[], g: Geometry, ceil = false): number[] {
  return input.map((n, i) => {
    const padded = n + g.pads[i]! + g.pads[i + input.length]!;
    const steps = (padded - (g.dilations[i]! * (g.kernel[i]! - 1) + 1)) / g.strides[i]!;
    let windows = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    if (ceil && (windows - 1) * g.strides[i]! >= n + g.pads[i]!) windows--;
    return windows;
  });
}

/** Input coordinates of window `o`, cell `k`; undefined outside the input. */
function cell(
  o: number[],
  k: number[],
  g: Geometry,
  input: readonly number[],
): number[] | undefined {
  const at = o.map((p, i) => p * g.strides[i]! - g.pads[i]! + k[i]! * g.dilations[i]!);
  return at.every((p, i) => p >= 0 && p < input[i]!) ? at : undefined;
}

export function conv(x: Nd, w: Nd, b: Nd | undefined, g: Geometry, group = 1): Nd {
  const input = x.shape.slice(2);
  const [out = 0, perGroup = 0] = w.shape;
  return make([x.shape[0]!, out, ...outputSizes(input, g)], ([n = 0, m = 0, ...o]) => {
    let sum = b ? b.data[m]! : 0;
    const first = Math.floor(m / (out / group)) * perGroup;
    for (const k of each(g.kernel)) {
      const at = cell(o, k, g, input);
      if (!at) continue;
      for (let c = 0; c < perGroup; c++)
        sum += get(x, [n, first + c, ...at]) * get(w, [m, c, ...k]);
    }
    return sum;
  });
}

/** `w` is [C, M / group, k…]. */
export function convTranspose(
  x: Nd,
  w: Nd,
  b: Nd | undefined,
  g: Geometry,
  group: number,
  outputPadding: readonly number[],
): Nd {
  const [n = 0, channels = 0, ...input] = x.shape;
  const perGroup = w.shape[1]!;
  const output = input.map(
    (s, i) =>
      (s - 1) * g.strides[i]! +
      outputPadding[i]! +
      g.dilations[i]! * (g.kernel[i]! - 1) +
      1 -
      g.pads[i]! -
      g.pads[i + input.length]!,
  );
  const shape = [n, perGroup * group, ...output];
  const y = make(shape, ([, m = 0]) => (b ? b.data[m]! : 0));
  for (const [batch = 0, c = 0, ...p] of each(x.shape))
    for (const k of each(g.kernel)) {
      const at = cell(p, k, g, output);
      if (!at) continue;
      const first = Math.floor(c / (channels / group)) * perGroup;
      for (let m = 0; m < perGroup; m++) {
        const flat = [batch, first + m, ...at].reduce((f, v, i) => f * shape[i]! + v, 0);
        y.data[flat]! += get(x, [batch, c, ...p]) * get(w, [c, m, ...k]);
      }
    }
  return y;
}

export function maxPool(x: Nd, g: Geometry, ceil = false): Nd {
  const input = x.shape.slice(2);
  return make([...x.shape.slice(0, 2), ...outputSizes(input, g, ceil)], ([n = 0, c = 0, ...o]) => {
    let max = -Infinity;
    for (const k of each(g.kernel)) {
      const at = cell(o, k, g, input);
      if (at) max = Math.max(max, get(x, [n, c, ...at]));
    }
    return max;
  });
}

export function averagePool(x: Nd, g: Geometry, includePad: boolean, ceil = false): Nd {
  const input = x.shape.slice(2);
  return make([...x.shape.slice(0, 2), ...outputSizes(input, g, ceil)], ([n = 0, c = 0, ...o]) => {
    let sum = 0;
    let count = 0;
    for (const k of each(g.kernel)) {
      const at = cell(o, k, g, input);
      if (at) sum += get(x, [n, c, ...at]);
      const within = o.every(
        (p, i) =>
          p * g.strides[i]! - g.pads[i]! + k[i]! * g.dilations[i]! <
          input[i]! + g.pads[i + input.length]!,
      );
      if (includePad ? within : at) count++;
    }
    return sum / count;
  });
}

export function globalAverage(x: Nd): Nd {
  const [n = 0, c = 0, ...rest] = x.shape;
  const area = size(rest);
  const y = nd([n, c, ...rest.map(() => 1)]);
  y.data.forEach(
    (_, i) =>
      (y.data[i] = x.data.subarray(i * area, (i + 1) * area).reduce((a, b) => a + b, 0) / area),
  );
  return y;
}
