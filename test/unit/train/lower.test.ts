import test from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType, AttributeProtoSchema } from 'onnx-buf';
import type { AttributeProto } from 'onnx-buf';
import {
  floatAttribute,
  intAttribute,
  stringAttribute,
} from '../../../src/model/proto-attributes.ts';
import { each, get, make, nd } from './array.ts';
import type { Nd } from './array.ts';
import { checkGradient } from './check.ts';
import type { Case, Input } from './check.ts';
import { bothRuntimes } from './runtimes.ts';

const check = (c: Omit<Case, 'lower'>): Promise<void> =>
  checkGradient(bothRuntimes, { ...c, lower: { batchNorm: 'batch', dropout: false } });

/** (x - mean) / sqrt(variance + epsilon) over the cells that `group` names alike. */
function normalise(x: Nd, group: (at: number[]) => string, epsilon: number): Nd {
  const groups = new Map<string, number[]>();
  for (const at of each(x.shape)) {
    const list = groups.get(group(at)) ?? [];
    list.push(get(x, at));
    groups.set(group(at), list);
  }
  return make(x.shape, (at) => {
    const list = groups.get(group(at))!;
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    const variance = list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length;
    return (get(x, at) - mean) / Math.sqrt(variance + epsilon);
  });
}

test('BatchNormalization by batch statistics: gradients of input, scale and bias', async () => {
  for (const shape of [
    [4, 3, 2, 3],
    [6, 3],
    [3, 3, 5],
  ])
    await checkGradient(bothRuntimes, {
      op: 'BatchNormalization',
      attributes: [floatAttribute('epsilon', 0.001)],
      inputs: [
        { shape },
        { shape: [3], low: 0.5, high: 2 },
        { shape: [3] },
        { fixed: [0, 0, 0], shape: [3] },
        { fixed: [1, 1, 1], shape: [3] },
      ],
      // the stored statistics only matter in use, where the graph says mean 0 and variance 1
      lower: { batchNorm: 'batch', dropout: false },
      tolerance: 2e-5,
      reference: (x: Nd, scale: Nd, bias: Nd) => {
        const y = normalise(x, (at) => String(at[1]), Math.fround(0.001));
        return make(x.shape, (at) => get(y, at) * scale.data[at[1]!]! + bias.data[at[1]!]!);
      },
    });
});

test('LayerNormalization: gradients of input, scale and bias', async () => {
  for (const [axis, tail] of [
    [-1, [4]],
    [1, [3, 4]],
  ] as const)
    await check({
      op: 'LayerNormalization',
      attributes: [intAttribute('axis', axis)],
      inputs: [{ shape: [2, 3, 4] }, { shape: tail }, { shape: tail }],
      tolerance: 2e-5,
      reference: (x: Nd, scale: Nd, bias: Nd) => {
        const lead = 3 - tail.length;
        const y = normalise(x, (at) => at.slice(0, lead).join(), Math.fround(1e-5));
        return make(
          x.shape,
          (at) => get(y, at) * get(scale, at.slice(lead)) + get(bias, at.slice(lead)),
        );
      },
    });
});

test('InstanceNormalization: gradients of input, scale and bias', async () => {
  await check({
    op: 'InstanceNormalization',
    inputs: [{ shape: [2, 3, 3, 4] }, { shape: [3] }, { shape: [3] }],
    tolerance: 2e-5,
    reference: (x: Nd, scale: Nd, bias: Nd) => {
      const y = normalise(x, (at) => at.slice(0, 2).join(), Math.fround(1e-5));
      return make(x.shape, (at) => get(y, at) * scale.data[at[1]!]! + bias.data[at[1]!]!);
    },
  });
});

const [T, N, I, H] = [3, 2, 4, 3];
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

interface Options {
  readonly kind?: 'forward' | 'reverse' | 'bidirectional';
  readonly bias?: boolean;
  readonly initial?: boolean;
  readonly peepholes?: boolean;
  readonly resetLast?: boolean;
}

/**
 * A recurrent layer by ONNX's equations. `step` gets the input's and the state's product with the
 * weights of each gate (bias parts in `wb`, `rb`) and gives the new hidden and cell state.
 */
function recurrent(
  gates: number,
  options: Options,
  inputs: readonly Nd[],
  step: (a: {
    x: (gate: number, j: number) => number;
    h: (gate: number, j: number, state?: readonly number[]) => number;
    wb: (gate: number, j: number) => number;
    rb: (gate: number, j: number) => number;
    p: (which: number, j: number) => number;
    state: readonly number[];
    cell: readonly number[];
  }) => { h: number[]; c: number[] },
): Nd[] {
  const kind = options.kind ?? 'forward';
  const D = kind === 'bidirectional' ? 2 : 1;
  let next = 0;
  const [x, w, r] = [inputs[next++]!, inputs[next++]!, inputs[next++]!];
  const b = options.bias ? inputs[next++]! : nd([D, 2 * gates * H]);
  const h0 = options.initial ? inputs[next++]! : nd([D, N, H]);
  const c0 = options.initial && gates === 4 ? inputs[next++]! : nd([D, N, H]);
  const p = options.peepholes ? inputs[next++]! : nd([D, 3 * H]);
  const y = nd([T, D, N, H]);
  const yh = nd([D, N, H]);
  const yc = nd([D, N, H]);
  for (let d = 0; d < D; d++)
    for (let n = 0; n < N; n++) {
      const row = (from: Nd): number[] => Array.from({ length: H }, (_, j) => get(from, [d, n, j]));
      let [state, cell] = [row(h0), row(c0)];
      for (let s = 0; s < T; s++) {
        const t = kind === 'reverse' || d === 1 ? T - 1 - s : s;
        const product = (m: Nd, gate: number, j: number, v: (k: number) => number): number => {
          let sum = 0;
          for (let k = 0; k < m.shape[2]!; k++) sum += get(m, [d, gate * H + j, k]) * v(k);
          return sum;
        };
        const result = step({
          x: (gate, j) => product(w, gate, j, (k) => get(x, [t, n, k])),
          h: (gate, j, of = state) => product(r, gate, j, (k) => of[k]!),
          wb: (gate, j) => get(b, [d, gate * H + j]),
          rb: (gate, j) => get(b, [d, (gates + gate) * H + j]),
          p: (which, j) => get(p, [d, which * H + j]),
          state,
          cell,
        });
        [state, cell] = [result.h, result.c];
        state.forEach((v, j) => (y.data[((t * D + d) * N + n) * H + j] = v));
      }
      state.forEach((v, j) => (yh.data[(d * N + n) * H + j] = v));
      cell.forEach((v, j) => (yc.data[(d * N + n) * H + j] = v));
    }
  return gates === 4 ? [y, yh, yc] : [y, yh];
}

function layerInputs(gates: number, options: Options): Input[] {
  const D = options.kind === 'bidirectional' ? 2 : 1;
  const some = (on: boolean | undefined, shape: readonly number[]): Input =>
    on ? { shape } : 'absent';
  return [
    { shape: [T, N, I] },
    { shape: [D, gates * H, I] },
    { shape: [D, gates * H, H] },
    some(options.bias, [D, 2 * gates * H]),
    'absent',
    some(options.initial, [D, N, H]),
    ...(gates === 4 ? [some(options.initial, [D, N, H]), some(options.peepholes, [D, 3 * H])] : []),
  ];
}

const range = Array.from({ length: H }, (_, j) => j);
const kinds: readonly Options[] = [
  {},
  { bias: true, initial: true },
  { kind: 'reverse', bias: true },
  { kind: 'bidirectional', bias: true, initial: true },
];
const described = (o: Options): string =>
  `${o.kind ?? 'forward'}${o.bias ? ', bias' : ''}${o.initial ? ', initial state' : ''}${o.peepholes ? ', peepholes' : ''}${o.resetLast ? ', reset after the product' : ''}`;

for (const options of [...kinds, { bias: true, initial: true, peepholes: true }])
  test(`LSTM: gradients of everything, ${described(options)}`, async () => {
    await check({
      op: 'LSTM',
      outputs: 3,
      attributes: [
        intAttribute('hidden_size', H),
        stringAttribute('direction', options.kind ?? 'forward'),
      ],
      inputs: layerInputs(4, options),
      reference: (...inputs) =>
        recurrent(4, options, inputs, ({ x, h, wb, rb, p, cell }) => {
          const gate = (g: number, j: number): number => x(g, j) + h(g, j) + wb(g, j) + rb(g, j);
          const c = range.map(
            (j) =>
              sigmoid(gate(2, j) + p(2, j) * cell[j]!) * cell[j]! +
              sigmoid(gate(0, j) + p(0, j) * cell[j]!) * Math.tanh(gate(3, j)),
          );
          return {
            c,
            h: range.map((j) => sigmoid(gate(1, j) + p(1, j) * c[j]!) * Math.tanh(c[j]!)),
          };
        }),
    });
  });

for (const options of [
  ...kinds,
  { bias: true, initial: true, resetLast: true },
  { resetLast: true },
])
  test(`GRU: gradients of everything, ${described(options)}`, async () => {
    await check({
      op: 'GRU',
      outputs: 2,
      attributes: [
        intAttribute('hidden_size', H),
        stringAttribute('direction', options.kind ?? 'forward'),
        intAttribute('linear_before_reset', options.resetLast ? 1 : 0),
      ],
      inputs: layerInputs(3, options),
      reference: (...inputs) =>
        recurrent(3, options, inputs, ({ x, h, wb, rb, state, cell }) => {
          const gate = (g: number, j: number): number =>
            sigmoid(x(g, j) + h(g, j) + wb(g, j) + rb(g, j));
          const reset = range.map((j) => gate(1, j));
          const candidate = range.map((j) =>
            Math.tanh(
              x(2, j) +
                wb(2, j) +
                (options.resetLast
                  ? reset[j]! * (h(2, j) + rb(2, j))
                  : h(
                      2,
                      j,
                      state.map((v, k) => reset[k]! * v),
                    ) + rb(2, j)),
            ),
          );
          return {
            c: [...cell],
            h: range.map((j) => (1 - gate(0, j)) * candidate[j]! + gate(0, j) * state[j]!),
          };
        }),
    });
  });

const activations = (...names: string[]): AttributeProto =>
  create(AttributeProtoSchema, {
    name: 'activations',
    type: AttributeProto_AttributeType.STRINGS,
    strings: names.map((name) => new TextEncoder().encode(name)),
  });

test('RNN: gradients of everything, with tanh and with named activations', async () => {
  for (const [options, f, names] of [
    [{ bias: true, initial: true }, Math.tanh, undefined],
    [{ kind: 'bidirectional', bias: true }, sigmoid, ['Sigmoid', 'Sigmoid']],
  ] as const)
    await check({
      op: 'RNN',
      outputs: 2,
      attributes: [
        intAttribute('hidden_size', H),
        stringAttribute('direction', (options as Options).kind ?? 'forward'),
        ...(names ? [activations(...names)] : []),
      ],
      inputs: layerInputs(1, options),
      reference: (...inputs) =>
        recurrent(1, options, inputs, ({ x, h, wb, rb, cell }) => ({
          c: [...cell],
          h: range.map((j) => f(x(0, j) + h(0, j) + wb(0, j) + rb(0, j))),
        })),
    });
});
