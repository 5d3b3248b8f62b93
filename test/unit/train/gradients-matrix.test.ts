import test from 'node:test';
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
} from '../../../src/model/proto-attributes.ts';
import { broadcastShape, each, get, make, spread } from './array.ts';
import type { Nd } from './array.ts';
import { checkGradient } from './check.ts';
import { bothRuntimes } from './runtimes.ts';

const transpose2 = (x: Nd): Nd =>
  make([x.shape[1]!, x.shape[0]!], ([i = 0, j = 0]) => get(x, [j, i]));

/** numpy.matmul. */
function matmul(a: Nd, b: Nd): Nd {
  const A = a.shape.length === 1 ? { ...a, shape: [1, ...a.shape] } : a;
  const B = b.shape.length === 1 ? { ...b, shape: [...b.shape, 1] } : b;
  const batch = broadcastShape(A.shape.slice(0, -2), B.shape.slice(0, -2));
  const full = make([...batch, A.shape.at(-2)!, B.shape.at(-1)!], (at) => {
    const head = at.slice(0, -2);
    let sum = 0;
    for (let k = 0; k < A.shape.at(-1)!; k++) {
      const one = (x: Nd, i: number, j: number): number => {
        const lead = head.length - (x.shape.length - 2);
        return get(x, [
          ...x.shape.slice(0, -2).map((n, d) => (n === 1 ? 0 : head[lead + d]!)),
          i,
          j,
        ]);
      };
      sum += one(A, at.at(-2)!, k) * one(B, k, at.at(-1)!);
    }
    return sum;
  });
  const shape = [
    ...batch,
    ...(a.shape.length > 1 ? [A.shape.at(-2)!] : []),
    ...(b.shape.length > 1 ? [B.shape.at(-1)!] : []),
  ];
  return { shape, data: full.data };
}

for (const transA of [0, 1])
  for (const transB of [0, 1])
    test(`Gemm: gradients with transA ${transA}, transB ${transB}, alpha and beta`, async () => {
      for (const c of [[5], [3, 5], [3, 1], [1], []])
        await checkGradient(bothRuntimes, {
          op: 'Gemm',
          attributes: [
            intAttribute('transA', transA),
            intAttribute('transB', transB),
            floatAttribute('alpha', 0.5),
            floatAttribute('beta', 1.5),
          ],
          inputs: [
            { shape: transA ? [4, 3] : [3, 4] },
            { shape: transB ? [5, 4] : [4, 5] },
            { shape: c },
          ],
          reference: (A: Nd, B: Nd, C: Nd) => {
            const y = matmul(transA ? transpose2(A) : A, transB ? transpose2(B) : B);
            return make(y.shape, (at) => 0.5 * get(y, at) + 1.5 * spread(C, at));
          },
        });
    });

test('Gemm: gradients without a bias', async () => {
  await checkGradient(bothRuntimes, {
    op: 'Gemm',
    inputs: [{ shape: [3, 4] }, { shape: [4, 2] }],
    reference: matmul,
  });
});

for (const [a, b] of [
  [
    [3, 4],
    [4, 5],
  ],
  [
    [2, 3, 4],
    [4, 5],
  ],
  [
    [2, 6, 3, 4],
    [4, 5],
  ],
  [
    [2, 3, 4],
    [2, 4, 5],
  ],
  [
    [2, 1, 3, 4],
    [3, 4, 5],
  ],
  [
    [3, 4],
    [2, 4, 5],
  ],
  [[4], [4, 5]],
  [[3, 4], [4]],
  [[2, 3, 4], [4]],
  [[4], [2, 4, 5]],
  [[4], [4]],
] as const)
  test(`MatMul: gradients of ${a.join('x')} times ${b.join('x')}`, async () => {
    await checkGradient(bothRuntimes, {
      op: 'MatMul',
      inputs: [{ shape: a }, { shape: b }],
      reference: matmul,
    });
  });

for (const axis of [0, 1, 2, -1])
  test(`Softmax and LogSoftmax: gradients along axis ${axis}`, async () => {
    const along = (x: Nd, of: (v: number, sum: number) => number): Nd => {
      const at0 = axis < 0 ? axis + x.shape.length : axis;
      return make(x.shape, (at) => {
        let sum = 0;
        for (let i = 0; i < x.shape[at0]!; i++)
          sum += Math.exp(
            get(
              x,
              at.map((v, d) => (d === at0 ? i : v)),
            ),
          );
        return of(get(x, at), sum);
      });
    };
    const common = {
      attributes: [intAttribute('axis', axis)],
      inputs: [{ shape: [3, 4, 2], low: -3, high: 3 }],
    };
    await checkGradient(bothRuntimes, {
      op: 'Softmax',
      ...common,
      reference: (x: Nd) => along(x, (v, s) => Math.exp(v) / s),
    });
    await checkGradient(bothRuntimes, {
      op: 'LogSoftmax',
      ...common,
      reference: (x: Nd) => along(x, (v, s) => v - Math.log(s)),
    });
  });

/** Reduces over axes with a function of the list of values. */
function reduce(
  x: Nd,
  axes: readonly number[],
  keep: boolean,
  f: (values: number[]) => number,
): Nd {
  const kept = x.shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const full = make(kept, (at) => {
    const values: number[] = [];
    for (const p of each(x.shape))
      if (p.every((v, i) => axes.includes(i) || v === at[i])) values.push(get(x, p));
    return f(values);
  });
  return keep ? full : { ...full, shape: x.shape.filter((_, i) => !axes.includes(i)) };
}

const sum = (v: number[]): number => v.reduce((a, b) => a + b, 0);
for (const keep of [true, false]) {
  const keepdims = intAttribute('keepdims', keep ? 1 : 0);
  test(`reductions over an attribute's axes: gradients, keepdims ${keep}`, async () => {
    for (const [op, f] of [
      ['ReduceMean', (v: number[]) => sum(v) / v.length],
      ['ReduceSumSquare', (v: number[]) => sum(v.map((x) => x * x))],
      ['ReduceL2', (v: number[]) => Math.hypot(...v)],
      ['ReduceMax', (v: number[]) => Math.max(...v)],
      ['ReduceMin', (v: number[]) => Math.min(...v)],
    ] as const)
      for (const axes of [[1], [0, 2], [-1]])
        await checkGradient(bothRuntimes, {
          op,
          attributes: [keepdims, intsAttribute('axes', axes)],
          inputs: [{ shape: [2, 3, 4], distinct: true }],
          reference: (x: Nd) =>
            reduce(
              x,
              axes.map((axis) => (axis < 0 ? axis + 3 : axis)),
              keep,
              f,
            ),
        });
  });
  test(`reductions over axes given as an input: gradients, keepdims ${keep}`, async () => {
    await checkGradient(bothRuntimes, {
      op: 'ReduceSum',
      attributes: [keepdims],
      inputs: [{ shape: [2, 3, 4] }, { ints: [0, -1] }],
      reference: (x: Nd) => reduce(x, [0, 2], keep, sum),
    });
    await checkGradient(bothRuntimes, {
      op: 'ReduceMean',
      opset: 18,
      attributes: [keepdims],
      inputs: [{ shape: [2, 3, 4] }, { ints: [1] }],
      reference: (x: Nd) => reduce(x, [1], keep, (v) => sum(v) / v.length),
    });
    await checkGradient(bothRuntimes, {
      op: 'ReduceSum',
      attributes: [keepdims],
      inputs: [{ shape: [2, 3] }],
      reference: (x: Nd) => reduce(x, [0, 1], keep, sum),
    });
  });
}

test('BatchNormalization with stored statistics: gradients of input, scale and bias', async () => {
  const mean = [0.1, -0.2, 0.3];
  const variance = [0.5, 1.5, 2];
  for (const shape of [
    [2, 3, 4, 2],
    [5, 3],
    [2, 3, 6],
  ])
    await checkGradient(bothRuntimes, {
      op: 'BatchNormalization',
      attributes: [floatAttribute('epsilon', 0.001)],
      inputs: [
        { shape },
        { shape: [3], low: 0.5, high: 2 },
        { shape: [3] },
        { fixed: mean, shape: [3] },
        { fixed: variance, shape: [3] },
      ],
      reference: (x: Nd, scale: Nd, bias: Nd, m: Nd, v: Nd) =>
        make(x.shape, (at) => {
          const c = at[1]!;
          return (
            (scale.data[c]! * (get(x, at) - m.data[c]!)) / Math.sqrt(v.data[c]! + 0.001) +
            bias.data[c]!
          );
        }),
    });
});
