/** Small float64 arrays with a shape, for slow references: written for clarity, never for speed. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export function nd(shape: readonly number[], data?: ArrayLike<number>): Nd {
  return { shape, data: data ? Float64Array.from(data) : new Float64Array(size(shape)) };
}

export function coordinates(flat: number, shape: readonly number[]): number[] {
  const at = new Array<number>(shape.length);
  for (let i = shape.length - 1, rest = flat; i >= 0; i--) {
    at[i] = rest % shape[i]!;
    rest = Math.floor(rest / shape[i]!);
  }
  return at;
}

export const flatIndex = (at: readonly number[], shape: readonly number[]): number =>
  shape.reduce((flat, n, i) => flat * n + at[i]!, 0);

/** An array made from a function of the coordinates. */
export function make(shape: readonly number[], value: (at: number[]) => number): Nd {
  const y = nd(shape);
  for (let i = 0; i < y.data.length; i++) y.data[i] = value(coordinates(i, shape));
  return y;
}

export const get = (x: Nd, at: readonly number[]): number => x.data[flatIndex(at, x.shape)]!;

export const map = (x: Nd, f: (v: number) => number): Nd => ({
  shape: x.shape,
  data: x.data.map(f),
});

export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) =>
    Math.max(...shapes.map((s) => s[i - rank + s.length] ?? 1)),
  );
}

/** The value of x at coordinates of a shape that it broadcasts to. */
export function spread(x: Nd, at: readonly number[]): number {
  const lead = at.length - x.shape.length;
  return get(
    x,
    x.shape.map((n, i) => (n === 1 ? 0 : at[lead + i]!)),
  );
}

export const elementwise =
  (f: (...values: number[]) => number) =>
  (...xs: Nd[]): Nd =>
    make(broadcastShape(...xs.map((x) => x.shape)), (at) => f(...xs.map((x) => spread(x, at))));

/** Every coordinate of a shape. */
export function* each(shape: readonly number[]): Generator<number[]> {
  const n = size(shape);
  for (let i = 0; i < n; i++) yield coordinates(i, shape);
}
