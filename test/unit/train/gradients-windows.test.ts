import test from 'node:test';
import {
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../src/model/proto-attributes.ts';
import { checkGradient } from './check.ts';
import type { Case } from './check.ts';
import { bothRuntimes } from './runtimes.ts';
import {
  averagePool,
  conv,
  convTranspose,
  geometry,
  globalAverage,
  maxPool,
} from './windows-reference.ts';
import type { Geometry } from './windows-reference.ts';
import type { Nd } from './array.ts';

const attributes = (g: Geometry): Case['attributes'] & object => [
  intsAttribute('kernel_shape', g.kernel),
  intsAttribute('strides', g.strides),
  intsAttribute('dilations', g.dilations),
  intsAttribute('pads', g.pads),
];

interface ConvCase {
  readonly name: string;
  readonly x: readonly number[];
  readonly w: readonly number[];
  readonly group?: number;
  readonly g?: Partial<Geometry>;
}

const convCases: readonly ConvCase[] = [
  { name: 'plain', x: [2, 3, 6, 5], w: [4, 3, 3, 2] },
  { name: 'one by one', x: [2, 3, 4, 4], w: [5, 3, 1, 1] },
  { name: 'padded', x: [2, 2, 5, 5], w: [3, 2, 3, 3], g: { pads: [1, 1, 1, 1] } },
  {
    name: 'padded more than it reads',
    x: [1, 2, 4, 4],
    w: [3, 2, 2, 2],
    g: { pads: [2, 0, 1, 3] },
  },
  {
    name: 'strided with cells left over',
    x: [2, 2, 8, 7],
    w: [3, 2, 3, 2],
    g: { strides: [3, 2] },
  },
  {
    name: 'strided over unread padding',
    x: [2, 2, 7, 6],
    w: [3, 2, 2, 2],
    g: { strides: [3, 3], pads: [1, 1, 1, 2] },
  },
  {
    name: 'dilated',
    x: [2, 2, 8, 7],
    w: [3, 2, 3, 2],
    g: { dilations: [2, 3], pads: [1, 0, 2, 1] },
  },
  {
    name: 'strided and dilated',
    x: [2, 2, 11, 9],
    w: [3, 2, 3, 2],
    g: { strides: [2, 3], dilations: [2, 3], pads: [0, 1, 1, 0] },
  },
  {
    name: 'stride larger than dilation, much left over',
    x: [1, 1, 12, 12],
    w: [2, 1, 2, 2],
    g: { strides: [4, 5], dilations: [1, 2] },
  },
  {
    name: 'grouped',
    x: [2, 6, 5, 5],
    w: [4, 3, 3, 3],
    group: 2,
    g: { pads: [1, 1, 1, 1], strides: [2, 2] },
  },
  { name: 'depthwise', x: [2, 4, 6, 6], w: [4, 1, 3, 3], group: 4, g: { pads: [1, 1, 1, 1] } },
  {
    name: 'depthwise with multiplier',
    x: [2, 3, 6, 5],
    w: [6, 1, 3, 2],
    group: 3,
    g: { strides: [2, 1] },
  },
  { name: 'one-dimensional', x: [2, 3, 11], w: [4, 3, 4], g: { strides: [2], pads: [1, 2] } },
  {
    name: 'one-dimensional, grouped and dilated',
    x: [2, 4, 13],
    w: [6, 2, 3],
    group: 2,
    g: { strides: [2], dilations: [2], pads: [0, 1] },
  },
];

for (const { name, x, w, group = 1, g = {} } of convCases)
  test(`Conv: gradients of input, kernel and bias, ${name}`, async () => {
    const shape = geometry(w.slice(2), g);
    await checkGradient(bothRuntimes, {
      op: 'Conv',
      attributes: [...attributes(shape), intAttribute('group', group)],
      inputs: [{ shape: x }, { shape: w }, { shape: [w[0]!] }],
      reference: (a: Nd, b: Nd, c: Nd) => conv(a, b, c, shape, group),
    });
  });

for (const [mode, pads] of [
  ['SAME_UPPER', [0, 1, 1, 1]],
  ['SAME_LOWER', [1, 1, 0, 1]],
  ['VALID', [0, 0, 0, 0]],
] as const)
  test(`Conv: auto_pad ${mode} is resolved from the shapes`, async () => {
    const shape = geometry([2, 3], { strides: [2, 1], pads });
    await checkGradient(bothRuntimes, {
      op: 'Conv',
      attributes: [stringAttribute('auto_pad', mode), intsAttribute('strides', [2, 1])],
      inputs: [{ shape: [1, 2, 7, 6] }, { shape: [3, 2, 2, 3] }, 'absent'],
      reference: (a: Nd, b: Nd) => conv(a, b, undefined, shape),
    });
  });

const transposeCases: readonly (ConvCase & { outputPadding?: readonly number[] })[] = [
  { name: 'plain', x: [2, 3, 4, 3], w: [3, 2, 3, 2] },
  {
    name: 'strided and padded',
    x: [2, 3, 4, 3],
    w: [3, 2, 3, 3],
    g: { strides: [2, 2], pads: [1, 1, 1, 0] },
  },
  {
    name: 'with output padding',
    x: [1, 2, 3, 3],
    w: [2, 2, 3, 3],
    g: { strides: [2, 3], pads: [1, 1, 1, 1] },
    outputPadding: [1, 2],
  },
  { name: 'dilated', x: [1, 2, 4, 3], w: [2, 3, 2, 2], g: { dilations: [2, 3], strides: [2, 1] } },
  { name: 'grouped', x: [2, 4, 3, 3], w: [4, 3, 2, 2], group: 2, g: { strides: [2, 2] } },
  { name: 'one-dimensional', x: [2, 3, 5], w: [3, 2, 4], g: { strides: [2], pads: [1, 1] } },
];

for (const {
  name,
  x,
  w,
  group = 1,
  g = {},
  outputPadding = w.slice(2).map(() => 0),
} of transposeCases)
  test(`ConvTranspose: gradients of input, kernel and bias, ${name}`, async () => {
    const shape = geometry(w.slice(2), g);
    await checkGradient(bothRuntimes, {
      op: 'ConvTranspose',
      attributes: [
        ...attributes(shape),
        intAttribute('group', group),
        intsAttribute('output_padding', outputPadding),
      ],
      inputs: [{ shape: x }, { shape: w }, { shape: [w[1]! * group] }],
      reference: (a: Nd, b: Nd, c: Nd) => convTranspose(a, b, c, shape, group, outputPadding),
    });
  });

test('ConvTranspose: output_shape decides the padding', async () => {
  // stride 2, kernel 3, input 4: 9 without padding; 7 wanted, so 2 cells go
  const shape = geometry([3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] });
  await checkGradient(bothRuntimes, {
    op: 'ConvTranspose',
    attributes: [intsAttribute('strides', [2, 2]), intsAttribute('output_shape', [7, 7])],
    inputs: [{ shape: [1, 2, 4, 4] }, { shape: [2, 3, 3, 3] }],
    reference: (a: Nd, b: Nd) => convTranspose(a, b, undefined, shape, 1, [0, 0]),
  });
});

interface PoolCase {
  readonly name: string;
  readonly x: readonly number[];
  readonly kernel: readonly number[];
  readonly g?: Partial<Geometry>;
  readonly ceil?: boolean;
}

const poolCases: readonly PoolCase[] = [
  { name: 'windows side by side', x: [2, 3, 6, 4], kernel: [2, 2], g: { strides: [2, 2] } },
  { name: 'windows apart', x: [2, 2, 8, 8], kernel: [2, 2], g: { strides: [3, 3] } },
  { name: 'overlapping windows', x: [2, 2, 7, 7], kernel: [3, 3], g: { strides: [2, 2] } },
  {
    name: 'overlapping and padded',
    x: [2, 2, 6, 7],
    kernel: [3, 3],
    g: { strides: [2, 1], pads: [1, 1, 1, 0] },
  },
  {
    name: 'padded side by side',
    x: [1, 2, 5, 5],
    kernel: [2, 2],
    g: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  { name: 'ceil mode', x: [2, 2, 8, 6], kernel: [3, 3], g: { strides: [2, 2] }, ceil: true },
  {
    name: 'ceil mode side by side',
    x: [2, 2, 7, 5],
    kernel: [2, 2],
    g: { strides: [2, 2] },
    ceil: true,
  },
  {
    name: 'ceil mode with padding',
    x: [1, 2, 8, 7],
    kernel: [3, 2],
    g: { strides: [3, 2], pads: [1, 0, 1, 1] },
    ceil: true,
  },
  { name: 'one-dimensional', x: [2, 3, 9], kernel: [3], g: { strides: [2] } },
];

for (const { name, x, kernel, g = {}, ceil = false } of poolCases) {
  const shape = geometry(kernel, g);
  const common = [
    intsAttribute('kernel_shape', shape.kernel),
    intsAttribute('strides', shape.strides),
    intsAttribute('pads', shape.pads),
    intAttribute('ceil_mode', ceil ? 1 : 0),
  ];
  for (const [values, low, high] of [
    ['mixed', -1, 1],
    ['only negative', -2, -0.5],
  ] as const)
    test(`MaxPool: gradient with ${name}, ${values} values`, async () => {
      await checkGradient(bothRuntimes, {
        op: 'MaxPool',
        attributes: common,
        inputs: [{ shape: x, low, high, distinct: true }],
        reference: (a: Nd) => maxPool(a, shape, ceil),
      });
    });
  for (const include of [false, true])
    test(`AveragePool: gradient with ${name}, padding ${include ? 'counted' : 'not counted'}`, async () => {
      await checkGradient(bothRuntimes, {
        op: 'AveragePool',
        attributes: [...common, intAttribute('count_include_pad', include ? 1 : 0)],
        inputs: [{ shape: x }],
        reference: (a: Nd) => averagePool(a, shape, include, ceil),
      });
    });
}

test('MaxPool: dilated windows', async () => {
  const shape = geometry([2, 3], { dilations: [2, 2], strides: [1, 2], pads: [0, 1, 1, 1] });
  await checkGradient(bothRuntimes, {
    op: 'MaxPool',
    attributes: attributes(shape),
    inputs: [{ shape: [2, 2, 6, 7], distinct: true }],
    reference: (a: Nd) => maxPool(a, shape),
  });
});

test('GlobalAveragePool and GlobalMaxPool: gradients', async () => {
  await checkGradient(bothRuntimes, {
    op: 'GlobalAveragePool',
    inputs: [{ shape: [2, 3, 4, 5] }],
    reference: globalAverage,
  });
  await checkGradient(bothRuntimes, {
    op: 'GlobalMaxPool',
    inputs: [{ shape: [2, 3, 4, 5], distinct: true }],
    reference: (x: Nd) => maxPool(x, geometry([4, 5])),
  });
});
