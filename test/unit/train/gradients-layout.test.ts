import test from 'node:test';
import {
  intAttribute,
  intsAttribute,
  stringAttribute,
} from '../../../src/model/proto-attributes.ts';
import { get, make } from './array.ts';
import type { Nd } from './array.ts';
import { checkGradient } from './check.ts';
import type { Case } from './check.ts';
import { bothRuntimes } from './runtimes.ts';

const check = (c: Case): Promise<void> => checkGradient(bothRuntimes, c);
const reshaped =
  (shape: readonly number[]) =>
  (x: Nd): Nd => ({ ...x, shape });

test('Reshape, Flatten, Squeeze and Unsqueeze: gradients', async () => {
  const inputs = [{ shape: [2, 3, 4] }];
  await check({
    op: 'Reshape',
    inputs: [...inputs, { ints: [0, -1] }],
    reference: reshaped([2, 12]),
  });
  await check({
    op: 'Flatten',
    attributes: [intAttribute('axis', 2)],
    inputs,
    reference: reshaped([6, 4]),
  });
  await check({ op: 'Flatten', inputs, reference: reshaped([2, 12]) });
  await check({
    op: 'Squeeze',
    inputs: [{ shape: [2, 1, 3, 1] }, { ints: [1] }],
    reference: reshaped([2, 3, 1]),
  });
  await check({ op: 'Squeeze', inputs: [{ shape: [2, 1, 3, 1] }], reference: reshaped([2, 3]) });
  await check({
    op: 'Unsqueeze',
    inputs: [...inputs, { ints: [0, -1] }],
    reference: reshaped([1, 2, 3, 4, 1]),
  });
});

test('Transpose: gradient with and without a permutation', async () => {
  const permuted =
    (perm: readonly number[]) =>
    (x: Nd): Nd =>
      make(
        perm.map((p) => x.shape[p]!),
        (at) => {
          const from: number[] = [];
          perm.forEach((p, i) => (from[p] = at[i]!));
          return get(x, from);
        },
      );
  for (const perm of [
    [2, 0, 1],
    [0, 2, 1],
    [1, 2, 0],
  ])
    await check({
      op: 'Transpose',
      attributes: [intsAttribute('perm', perm)],
      inputs: [{ shape: [2, 3, 4] }],
      reference: permuted(perm),
    });
  await check({ op: 'Transpose', inputs: [{ shape: [2, 3, 4] }], reference: permuted([2, 1, 0]) });
});

const along = (x: Nd, axis: number, from: number, to: number): Nd =>
  make(
    x.shape.map((n, i) => (i === axis ? to - from : n)),
    (at) =>
      get(
        x,
        at.map((v, i) => (i === axis ? v + from : v)),
      ),
  );

test('Concat: gradients of every part', async () => {
  for (const axis of [1, -2])
    await check({
      op: 'Concat',
      attributes: [intAttribute('axis', axis)],
      inputs: [{ shape: [2, 3, 2] }, { shape: [2, 1, 2] }, { shape: [2, 2, 2] }],
      reference: (...parts: Nd[]) =>
        make([2, 6, 2], ([i = 0, j = 0, k = 0]) => {
          let row = j;
          for (const part of parts) {
            if (row < part.shape[1]!) return get(part, [i, row, k]);
            row -= part.shape[1]!;
          }
          return NaN;
        }),
    });
});

test('Split: gradient from all outputs, with given and with equal sizes', async () => {
  await check({
    op: 'Split',
    outputs: 3,
    attributes: [intAttribute('axis', 1)],
    inputs: [{ shape: [2, 6] }, { ints: [1, 3, 2] }],
    reference: (x: Nd) => [along(x, 1, 0, 1), along(x, 1, 1, 4), along(x, 1, 4, 6)],
  });
  await check({
    op: 'Split',
    outputs: 2,
    inputs: [{ shape: [6, 2] }],
    reference: (x: Nd) => [along(x, 0, 0, 3), along(x, 0, 3, 6)],
  });
});

test('Slice: gradients for positive, negative and larger steps, clamped ends and several axes', async () => {
  const pick = (x: Nd, rows: readonly number[], columns: readonly number[]): Nd =>
    make([rows.length, columns.length], ([i = 0, j = 0]) => get(x, [rows[i]!, columns[j]!]));
  const all = [0, 1, 2, 3, 4, 5, 6];
  const x = { shape: [5, 7] };
  const cases: [
    number[],
    number[],
    number[] | undefined,
    number[] | undefined,
    number[],
    number[],
  ][] = [
    [[1], [4], undefined, undefined, [1, 2, 3], all],
    [[1, 2], [4, 100], [0, 1], undefined, [1, 2, 3], [2, 3, 4, 5, 6]],
    [[-3], [-1], [1], undefined, [0, 1, 2, 3, 4], [4, 5]],
    [
      [0, 1],
      [5, 7],
      [0, 1],
      [2, 3],
      [0, 2, 4],
      [1, 4],
    ],
    [[-1], [-100], [1], [-1], [0, 1, 2, 3, 4], [6, 5, 4, 3, 2, 1, 0]],
    [
      [10, 4],
      [0, -6],
      [0, -1],
      [-2, -1],
      [4, 2],
      [4, 3, 2],
    ],
  ];
  for (const [starts, ends, axes, steps, rows, columns] of cases)
    await check({
      op: 'Slice',
      inputs: [
        x,
        { ints: starts },
        { ints: ends },
        ...(axes ? [{ ints: axes }] : []),
        ...(steps ? [{ ints: steps }] : []),
      ],
      reference: (a: Nd) => pick(a, rows, columns),
    });
});

test('Expand and Tile: gradients sum the copies', async () => {
  await check({
    op: 'Expand',
    inputs: [{ shape: [3, 1] }, { ints: [2, 3, 4] }],
    reference: (x: Nd) => make([2, 3, 4], ([, j = 0]) => get(x, [j, 0])),
  });
  await check({
    op: 'Tile',
    inputs: [{ shape: [2, 3] }, { ints: [3, 2] }],
    reference: (x: Nd) => make([6, 6], ([i = 0, j = 0]) => get(x, [i % 2, j % 3])),
  });
});

test('Pad: gradient for zeros around, for cropping, and for named axes', async () => {
  const padded = (
    x: Nd,
    [top, left, bottom, right]: readonly [number, number, number, number],
  ): Nd =>
    make([x.shape[0]! + top + bottom, x.shape[1]! + left + right], ([i = 0, j = 0]) => {
      const at = [i - top, j - left];
      return at.every((v, d) => v >= 0 && v < x.shape[d]!) ? get(x, at) : 0;
    });
  for (const pads of [
    [1, 2, 0, 3],
    [-1, 1, 2, -2],
    [0, 0, -1, 0],
  ] as const)
    await check({
      op: 'Pad',
      inputs: [{ shape: [4, 5] }, { ints: pads }],
      reference: (x: Nd) => padded(x, pads),
    });
  await check({
    op: 'Pad',
    opset: 18,
    inputs: [{ shape: [4, 5] }, { ints: [2, 1] }, 'absent', { ints: [-1] }],
    reference: (x: Nd) => padded(x, [0, 2, 0, 1]),
  });
});

test('Gather: gradient with repeated and negative indices, on every axis, from data or constant', async () => {
  for (const fed of [false, true])
    for (const [axis, ints, shape] of [
      [0, [0, 2, 2, -1], [4]],
      [1, [1, 0, 1, 1, 2, 0], [2, 3]],
      [2, [3], []],
      [-1, [0, 0], [2]],
    ] as const) {
      const at0 = axis < 0 ? axis + 3 : axis;
      const n = [3, 3, 4][at0]!;
      await check({
        op: 'Gather',
        attributes: [intAttribute('axis', axis)],
        inputs: [{ shape: [3, 3, 4] }, { ints, shape, fed }],
        reference: (x: Nd) =>
          make([...x.shape.slice(0, at0), ...shape, ...x.shape.slice(at0 + 1)], (at) => {
            const inner = at.slice(at0, at0 + shape.length);
            const flat = inner.reduce((f, v, i) => f * shape[i]! + v, 0);
            const index = (ints[flat]! + n) % n;
            return get(x, [...at.slice(0, at0), index, ...at.slice(at0 + shape.length)]);
          }),
      });
    }
});

test('GatherElements: gradient with repeated indices', async () => {
  const ints = [0, 1, 1, 2, 0, 0];
  await check({
    op: 'GatherElements',
    attributes: [intAttribute('axis', 1)],
    inputs: [{ shape: [2, 4] }, { ints, shape: [2, 3], fed: true }],
    reference: (x: Nd) => make([2, 3], ([i = 0, j = 0]) => get(x, [i, ints[3 * i + j]!])),
  });
});

test('DepthToSpace and SpaceToDepth: gradients in both modes', async () => {
  for (const mode of ['DCR', 'CRD'])
    await check({
      op: 'DepthToSpace',
      attributes: [intAttribute('blocksize', 2), stringAttribute('mode', mode)],
      inputs: [{ shape: [1, 8, 2, 3] }],
      reference: (x: Nd) =>
        make([1, 2, 4, 6], ([, c = 0, i = 0, j = 0]) => {
          const block = (i % 2) * 2 + (j % 2);
          return get(x, [0, mode === 'DCR' ? block * 2 + c : c * 4 + block, i >> 1, j >> 1]);
        }),
    });
  await check({
    op: 'SpaceToDepth',
    attributes: [intAttribute('blocksize', 2)],
    inputs: [{ shape: [2, 3, 4, 6] }],
    reference: (x: Nd) =>
      make([2, 12, 2, 3], ([n = 0, c = 0, i = 0, j = 0]) => {
        const block = Math.floor(c / 3);
        return get(x, [n, c % 3, 2 * i + (block >> 1), 2 * j + (block % 2)]);
      }),
  });
});

for (const transform of ['asymmetric', 'half_pixel', 'align_corners', 'pytorch_half_pixel'])
  for (const rounding of ['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'])
    test(`Resize: gradient of nearest, ${transform}, ${rounding}`, async () => {
      for (const [h, w] of [
        [6, 8],
        [5, 3],
        [7, 9],
      ] as const) {
        const shape = [1, 2, 3, 4];
        const to = [1, 2, h, w];
        const source = (o: number, from: number, n: number): number => {
          const scale = n / from;
          const x =
            transform === 'asymmetric'
              ? o / scale
              : transform === 'align_corners'
                ? (o * (from - 1)) / (n - 1)
                : (o + 0.5) / scale - 0.5;
          const r = {
            floor: Math.floor(x),
            ceil: Math.ceil(x),
            round_prefer_floor: Math.ceil(x - 0.5),
            round_prefer_ceil: Math.floor(x + 0.5),
          };
          return Math.min(from - 1, Math.max(0, r[rounding as keyof typeof r]));
        };
        await check({
          op: 'Resize',
          attributes: [
            stringAttribute('mode', 'nearest'),
            stringAttribute('coordinate_transformation_mode', transform),
            stringAttribute('nearest_mode', rounding),
          ],
          inputs: [{ shape }, 'absent', 'absent', { ints: to }],
          reference: (x: Nd) =>
            make(to, ([n = 0, c = 0, i = 0, j = 0]) =>
              get(x, [n, c, source(i, 3, h), source(j, 4, w)]),
            ),
        });
      }
    });

test('a matrix of 0 and 1 maps Resize back whatever the scale input says', async () => {
  await check({
    op: 'Resize',
    attributes: [
      stringAttribute('mode', 'nearest'),
      stringAttribute('coordinate_transformation_mode', 'asymmetric'),
      stringAttribute('nearest_mode', 'floor'),
    ],
    inputs: [{ shape: [1, 1, 3, 3] }, 'absent', { fixed: [1, 1, 2, 1.5], shape: [4] }],
    reference: (x: Nd, ..._scales: Nd[]) =>
      make([1, 1, 6, 4], ([, , i = 0, j = 0]) =>
        get(x, [0, 0, i >> 1, Math.min(2, Math.floor(j / 1.5))]),
      ),
  });
});
