import test from 'node:test';
import {
  floatAttribute,
  intAttribute,
  stringAttribute,
} from '../../../src/model/proto-attributes.ts';
import { broadcastShape, elementwise, make, map, spread } from './array.ts';
import type { Nd } from './array.ts';
import { checkGradient } from './check.ts';
import type { Case, Input } from './check.ts';
import { bothRuntimes } from './runtimes.ts';

/** erf by its series, which converges everywhere and fast enough for |x| < 4. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.log1p(Math.exp(x));

interface Unary {
  readonly op: string;
  readonly f: (x: number) => number;
  readonly low?: number;
  readonly high?: number;
  readonly away?: readonly number[];
  readonly attributes?: Case['attributes'] & object;
  readonly opset?: number;
  readonly domain?: string;
  readonly tolerance?: number;
}

const alpha = 0.3;
const a = floatAttribute('alpha', alpha);
const af = Math.fround(alpha);
const selu = { alpha: Math.fround(1.6732632423543772), gamma: Math.fround(1.0507009873554805) };
const k = Math.sqrt(2 / Math.PI);

const unaries: readonly Unary[] = [
  { op: 'Relu', f: (x) => Math.max(0, x), away: [0] },
  { op: 'LeakyRelu', f: (x) => (x > 0 ? x : af * x), away: [0], attributes: [a] },
  { op: 'LeakyRelu', f: (x) => (x > 0 ? x : 0.01 * x), away: [0] },
  { op: 'ThresholdedRelu', f: (x) => (x > af ? x : 0), away: [alpha], attributes: [a] },
  { op: 'Elu', f: (x) => (x > 0 ? x : af * Math.expm1(x)), away: [0], attributes: [a] },
  { op: 'Selu', f: (x) => selu.gamma * (x > 0 ? x : selu.alpha * Math.expm1(x)), away: [0] },
  { op: 'Celu', f: (x) => (x > 0 ? x : af * Math.expm1(x / af)), away: [0], attributes: [a] },
  {
    op: 'HardSigmoid',
    f: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
    low: -4,
    high: 4,
    away: [-2.5, 2.5],
  },
  {
    op: 'HardSigmoid',
    f: (x) => Math.min(1, Math.max(0, af * x + 0.25)),
    low: -4,
    high: 4,
    away: [-0.25 / af, 0.75 / af],
    attributes: [a, floatAttribute('beta', 0.25)],
  },
  {
    op: 'HardSwish',
    f: (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
    low: -4,
    high: 4,
    away: [-3, 3],
  },
  { op: 'Sigmoid', f: sigmoid, low: -3, high: 3 },
  { op: 'Tanh', f: Math.tanh, low: -2, high: 2 },
  { op: 'Softplus', f: softplus, low: -3, high: 3 },
  { op: 'Softsign', f: (x) => x / (1 + Math.abs(x)), low: -3, high: 3, away: [0] },
  { op: 'Mish', f: (x) => x * Math.tanh(softplus(x)), low: -3, high: 3, opset: 18 },
  { op: 'Gelu', f: (x) => (x / 2) * (1 + erf(x * Math.SQRT1_2)), low: -3, high: 3, opset: 20 },
  {
    op: 'Gelu',
    f: (x) => (x / 2) * (1 + Math.tanh(k * (x + 0.044715 * x ** 3))),
    low: -3,
    high: 3,
    opset: 20,
    attributes: [stringAttribute('approximate', 'tanh')],
  },
  {
    op: 'Gelu',
    domain: 'com.microsoft',
    f: (x) => (x / 2) * (1 + erf(x * Math.SQRT1_2)),
    low: -3,
    high: 3,
  },
  { op: 'Erf', f: erf, low: -2, high: 2 },
  { op: 'Exp', f: Math.exp },
  { op: 'Log', f: Math.log, low: 0.3, high: 3 },
  { op: 'Sqrt', f: Math.sqrt, low: 0.3, high: 3 },
  { op: 'Reciprocal', f: (x) => 1 / x, low: 0.4, high: 3 },
  { op: 'Neg', f: (x) => -x },
  { op: 'Abs', f: Math.abs, away: [0] },
  { op: 'Sin', f: Math.sin, low: -3, high: 3 },
  { op: 'Cos', f: Math.cos, low: -3, high: 3 },
  { op: 'Identity', f: (x) => x },
  { op: 'Cast', f: (x) => x, attributes: [intAttribute('to', 1)] },
];

for (const {
  op,
  f,
  low = -1,
  high = 1,
  away = [],
  attributes = [],
  opset = 17,
  domain = '',
  tolerance = 1e-5,
} of unaries)
  test(`${domain}${domain ? '.' : ''}${op}: gradient${attributes.length ? ` with ${attributes.map((x) => x.name).join(', ')}` : ''}`, async () => {
    await checkGradient(bothRuntimes, {
      op,
      domain,
      opset,
      attributes,
      tolerance,
      inputs: [{ shape: [3, 4, 5], low, high, away }],
      reference: (x: Nd) => map(x, f),
    });
  });

test('Clip: gradient with both limits, with one and with none', async () => {
  const limit = (value: number): Input => ({ fixed: [value], shape: [] });
  const clip = (low: number, high: number) => (x: Nd) =>
    map(x, (v) => Math.min(high, Math.max(low, v)));
  const x: Input = { shape: [4, 6], away: [-0.5, 0.25] };
  await checkGradient(bothRuntimes, {
    op: 'Clip',
    inputs: [x, limit(-0.5), limit(0.25)],
    reference: clip(-0.5, 0.25),
  });
  await checkGradient(bothRuntimes, {
    op: 'Clip',
    inputs: [x, 'absent', limit(0.25)],
    reference: clip(-9, 0.25),
  });
  await checkGradient(bothRuntimes, {
    op: 'Clip',
    inputs: [x, limit(-0.5)],
    reference: clip(-0.5, 9),
  });
  await checkGradient(bothRuntimes, { op: 'Clip', inputs: [x], reference: clip(-9, 9) });
});

test('PRelu: gradients of input and slope, one slope a channel and one for all', async () => {
  for (const shape of [[3, 1, 1], [1], [2, 3, 4, 2]])
    await checkGradient(bothRuntimes, {
      op: 'PRelu',
      inputs: [{ shape: [2, 3, 4, 2], away: [0] }, { shape }],
      reference: (x: Nd, s: Nd) =>
        make(x.shape, (at) => {
          const v = spread(x, at);
          return v > 0 ? v : v * spread(s, at);
        }),
    });
});

const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 4],
    [3, 4],
  ],
  [[2, 3, 4], [4]],
  [[4], [2, 3, 4]],
  [
    [2, 1, 4],
    [3, 1],
  ],
  [[2, 3], []],
  [
    [1, 1],
    [2, 3],
  ],
];
const binaries: readonly [string, (x: number, y: number) => number, number, number][] = [
  ['Add', (x, y) => x + y, -1, 1],
  ['Sub', (x, y) => x - y, -1, 1],
  ['Mul', (x, y) => x * y, -1, 1],
  ['Div', (x, y) => x / y, 0.4, 2],
  ['Pow', (x, y) => x ** y, 0.4, 2],
  ['Sum', (x, y) => x + y, -1, 1],
  ['Mean', (x, y) => (x + y) / 2, -1, 1],
];
for (const [op, f, low, high] of binaries)
  test(`${op}: gradients of both inputs with every kind of broadcasting`, async () => {
    for (const [x, y] of shapes)
      await checkGradient(bothRuntimes, {
        op,
        inputs: [
          { shape: x, low, high },
          { shape: y, low, high },
        ],
        reference: elementwise(f),
      });
  });

test('Pow: gradient of negative numbers to a whole power', async () => {
  for (const power of [2, 3, 1])
    await checkGradient(bothRuntimes, {
      op: 'Pow',
      inputs: [
        { shape: [3, 4], low: -2, high: 2 },
        { fixed: [power], shape: [] },
      ],
      reference: elementwise((x, y) => x ** y),
    });
  await checkGradient(bothRuntimes, {
    op: 'Pow',
    inputs: [
      { shape: [3, 4], low: -2, high: 2 },
      { ints: [3], shape: [] },
    ],
    reference: (x: Nd) => map(x, (v) => v ** 3),
  });
});

test('Max and Min: gradients of three inputs', async () => {
  const inputs: Input[] = [
    { shape: [3, 4], low: 0, high: 1 },
    { shape: [4], low: -0.7, high: 1.3 },
    { shape: [3, 1], low: 0.1, high: 0.9 },
  ];
  await checkGradient(bothRuntimes, { op: 'Max', inputs, reference: elementwise(Math.max) }, 3);
  await checkGradient(bothRuntimes, { op: 'Min', inputs, reference: elementwise(Math.min) }, 3);
});

test('Where: each side gets the gradient where it was chosen', async () => {
  const bools = [1, 0, 0];
  for (const [a, b] of [
    [
      [2, 3],
      [2, 3],
    ],
    [[3], [2, 1]],
    [[], [2, 3]],
  ] as const)
    await checkGradient(bothRuntimes, {
      op: 'Where',
      inputs: [{ bools, shape: [3] }, { shape: a }, { shape: b }],
      reference: (x: Nd, y: Nd) =>
        make(broadcastShape(x.shape, y.shape, [3]), (at) => spread(bools[at.at(-1)!] ? x : y, at)),
    });
});
