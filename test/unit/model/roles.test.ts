/** What a tensor is for, and the matrix it is: one small graph a rule. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Geometry, Role } from '../../../src/model/model.ts';
import {
  constant,
  graph,
  model,
  node,
  tensor,
  value,
  type AttributeValue,
  type GraphInit,
  type NodeInit,
  type TensorInit,
} from '../../fixtures/onnx-writer.ts';
import { open, tensorOf } from './support.ts';

type Found = { role: Role; op: string; geometry: Geometry | undefined };

function use(main: GraphInit, name: string, rest: Parameters<typeof model>[1] = {}): Found {
  const { role, op, geometry } = tensorOf(open(model(main, rest)), name);
  return { role, op, geometry };
}

const ints = (name: string, values: number[]): TensorInit =>
  tensor(name, [values.length], { dtype: 'int64', values });

/** The geometry of `w`, the given input of one node, through nodes that make `v` of it. */
function geometry(
  op: string,
  shape: readonly number[],
  attributes: Record<string, AttributeValue> = {},
  index = 1,
  between: readonly NodeInit[] = [],
): Geometry | undefined {
  const inputs = ['x', 'x', 'x'].slice(0, Math.max(2, index + 1));
  inputs[index] = between.length > 0 ? 'v' : 'w';
  const found = use(
    graph([...between, node(op, inputs, ['y'], attributes)], {
      initializers: [tensor('w', shape)],
    }),
    'w',
  );
  assert.equal(found.role, 'weight', op);
  return found.geometry;
}

const fc = (rows: number, cols: number, transposed: boolean, matrices = 1): Geometry => ({
  kind: 'fc',
  rows,
  cols,
  matrices,
  transposed,
});

test('Gemm stores outputs x inputs with transB and inputs x outputs without', () => {
  assert.deepEqual(geometry('Gemm', [6, 8], { transB: 1 }), fc(6, 8, false));
  assert.deepEqual(geometry('Gemm', [8, 6]), fc(6, 8, true));
});

test('MatMul takes weights on either side, batches included', () => {
  assert.deepEqual(geometry('MatMul', [8, 6]), fc(6, 8, true));
  assert.deepEqual(geometry('MatMul', [6, 8], {}, 0), fc(6, 8, false));
  assert.deepEqual(geometry('MatMul', [2, 5, 8, 6]), fc(6, 8, true, 10));
  assert.deepEqual(geometry('MatMul', [8]), fc(1, 8, false));
});

test('a left operand is no weight where the right one is', () => {
  const both = graph([node('MatMul', ['q', 'w'], ['y'])], {
    initializers: [tensor('q', [3, 8]), tensor('w', [8, 6])],
  });
  assert.equal(use(both, 'q').role, 'other');
  assert.equal(use(both, 'w').role, 'weight');
});

test('a Transpose on the way turns the matrix, whatever it passes through', () => {
  const turned = node('Transpose', ['w'], ['v'], { perm: [1, 0] });
  assert.deepEqual(geometry('MatMul', [6, 8], {}, 1, [turned]), fc(6, 8, false));
  const bare = node('Transpose', ['w'], ['v']);
  assert.deepEqual(geometry('Gemm', [6, 8], {}, 1, [bare]), fc(6, 8, false));
  const chain = [
    node('Identity', ['w'], ['a']),
    node('Cast', ['a'], ['b'], { to: 1 }),
    node('Transpose', ['b'], ['v'], { perm: [0, 2, 1] }),
  ];
  assert.deepEqual(geometry('MatMul', [4, 6, 8], {}, 1, chain), fc(6, 8, false, 4));
  assert.equal(geometry('MatMul', [1, 8, 1, 6], {}, 1, [node('Squeeze', ['w'], ['v'])])?.rows, 6);
  const reshaped = geometry('MatMul', [8, 6, 1], {}, 1, [node('Reshape', ['w', 's'], ['v'])]);
  assert.deepEqual(reshaped, fc(6, 8, true));
});

test('Conv is outputs x inputs x kernel, one matrix a group, in any number of dimensions', () => {
  const base = { kind: 'conv', transposed: false } as const;
  assert.deepEqual(
    geometry('Conv', [4, 2, 3, 5], { group: 2, strides: [2, 1], dilations: [1, 3] }),
    {
      ...base,
      rows: 2,
      cols: 30,
      matrices: 2,
      kernel: [3, 5],
      groups: 2,
      strides: [2, 1],
      dilations: [1, 3],
    },
  );
  const one = { matrices: 1, groups: 1 };
  assert.deepEqual(geometry('Conv', [4, 2, 3]), {
    ...base,
    ...one,
    rows: 4,
    cols: 6,
    kernel: [3],
    strides: [1],
    dilations: [1],
  });
  const cube = geometry('Conv', [4, 2, 3, 3, 3]);
  assert.deepEqual(cube?.kernel, [3, 3, 3]);
  assert.equal(cube?.cols, 54);
  const fromTensorFlow = node('Transpose', ['w'], ['v'], { perm: [3, 2, 0, 1] });
  const hwio = geometry('Conv', [3, 5, 2, 4], {}, 1, [fromTensorFlow]);
  assert.deepEqual([hwio?.rows, hwio?.cols, hwio?.transposed, hwio?.kernel], [4, 30, true, [3, 5]]);
});

test('ConvTranspose stores inputs x outputs', () => {
  const found = geometry('ConvTranspose', [6, 2, 3, 3], { group: 2 });
  assert.deepEqual(found, {
    kind: 'conv',
    rows: 18,
    cols: 3,
    matrices: 2,
    transposed: true,
    kernel: [3, 3],
    groups: 2,
    strides: [1, 1],
    dilations: [1, 1],
  });
});

test('recurrent layers hold a matrix a gate and direction', () => {
  const rnn = (rows: number, cols: number, matrices: number, gates: string[]): Geometry => ({
    kind: 'recurrent',
    rows,
    cols,
    matrices,
    transposed: false,
    gates,
  });
  assert.deepEqual(geometry('LSTM', [2, 16, 3]), rnn(4, 3, 8, ['i', 'o', 'f', 'c']));
  assert.deepEqual(geometry('LSTM', [2, 16, 4], {}, 2), rnn(4, 4, 8, ['i', 'o', 'f', 'c']));
  assert.deepEqual(geometry('GRU', [1, 12, 3]), rnn(4, 3, 3, ['z', 'r', 'h']));
  assert.deepEqual(geometry('RNN', [1, 4, 3]), rnn(4, 3, 1, ['i']));
});

test("PyTorch's recurrent weights are found though their gates are cut and joined anew", () => {
  const cut = (from: string, to: string): NodeInit => node('Slice', [from, 's', 's'], [to]);
  const main = graph(
    [
      cut('w', 'p'),
      cut('w', 'q'),
      node('Concat', ['p', 'q'], ['joined'], { axis: 0 }),
      node('Unsqueeze', ['joined', 's'], ['v']),
      node('LSTM', ['x', 'v', 'v'], ['y']),
    ],
    { initializers: [tensor('w', [16, 3]), ints('s', [0])] },
  );
  const found = use(main, 'w');
  assert.equal(found.role, 'weight');
  assert.deepEqual(found.geometry, {
    kind: 'recurrent',
    rows: 4,
    cols: 3,
    matrices: 4,
    transposed: false,
  });
});

test('a tensor joined to what varies is no weight', () => {
  const main = graph(
    [
      node('Concat', ['token', 'x'], ['joined'], { axis: 1 }),
      node('MatMul', ['joined', 'w'], ['y']),
    ],
    { initializers: [tensor('token', [1, 1, 8]), tensor('w', [8, 6])] },
  );
  assert.equal(use(main, 'token').role, 'other');
});

test('Einsum operands are matrices when their letters say so', () => {
  const einsum = (equation: string, shape: number[]): Geometry | undefined =>
    geometry('Einsum', shape, { equation });
  assert.deepEqual(einsum('bi,ij->bj', [8, 6]), fc(6, 8, true));
  assert.deepEqual(einsum('bi,ji->bj', [6, 8]), fc(6, 8, false));
  assert.deepEqual(einsum('bhi,hij->bhj', [2, 8, 6]), fc(6, 8, true, 2));
  assert.deepEqual(einsum('bi,ihj->bhj', [8, 2, 3]), fc(6, 8, true));
});

test('quantized weights are found behind DequantizeLinear and in the integer operators', () => {
  const scaled = [node('DequantizeLinear', ['w', 'scale', 'zero'], ['v'])];
  assert.deepEqual(geometry('Gemm', [6, 8], { transB: 1 }, 1, scaled), fc(6, 8, false));
  const main = graph([...scaled, node('MatMul', ['x', 'v'], ['y'])], {
    initializers: [tensor('w', [8, 6]), tensor('scale', []), tensor('zero', [])],
  });
  assert.equal(use(main, 'scale').role, 'scale');
  assert.equal(use(main, 'zero').role, 'zero point');
  const qlinear = graph(
    [node('QLinearConv', ['x', 'a', 'b', 'w', 'c', 'd', 'e', 'f', 'bias'], ['y'])],
    {
      initializers: ['a', 'b', 'c', 'd', 'e', 'f', 'bias']
        .map((n) => tensor(n, [1]))
        .concat(tensor('w', [4, 2, 3, 3])),
    },
  );
  const roles = open(model(qlinear)).tensors.map((t) => t.role);
  const [q, z] = ['scale', 'zero point'];
  assert.deepEqual(roles, [q, z, q, z, q, z, 'bias', 'weight']);
});

test('biases are the third operand, or a vector added to a product', () => {
  const main = graph(
    [
      node('Gemm', ['x', 'w', 'c'], ['a']),
      node('MatMul', ['a', 'w'], ['p']),
      node('Add', ['b', 'p'], ['q']),
      node('Relu', ['q'], ['r']),
      node('Add', ['r', 'position'], ['s']),
      node('Add', ['p', 'matrix'], ['t']),
    ],
    {
      initializers: [
        tensor('w', [4, 4]),
        tensor('c', [4]),
        tensor('b', [1, 1, 4]),
        tensor('position', [4]),
        tensor('matrix', [4, 4]),
      ],
    },
  );
  const roles = Object.fromEntries(open(model(main)).tensors.map((t) => [t.name, t.role]));
  assert.deepEqual(roles, {
    w: 'weight',
    c: 'bias',
    b: 'bias',
    position: 'other',
    matrix: 'other',
  });
});

test('normalisation, embedding and shape tensors are told apart', () => {
  const main = graph(
    [
      node('BatchNormalization', ['x', 'g1', 'g2', 'g3', 'g4'], ['a']),
      node('LayerNormalization', ['a', 'g5', 'g6'], ['b']),
      node('Gather', ['table', 'ids'], ['c']),
      node('Gather', ['sizes', 'which'], ['d']),
      node('Concat', ['d', 'rest'], ['dims'], { axis: 0 }),
      node('Reshape', ['b', 'dims'], ['e']),
      node('Slice', ['e', 'from', 'to'], ['f']),
      node('Pad', ['f', 'pads', 'fill'], ['g']),
      node('com.microsoft:SkipLayerNormalization', ['g', 'f', 'g7', 'g8', 'b9'], ['y']),
    ],
    {
      initializers: [
        ...['g1', 'g2', 'g3', 'g4', 'g5', 'g6', 'g7', 'g8', 'b9'].map((n) => tensor(n, [4])),
        tensor('table', [10, 4]),
        ...['sizes', 'which', 'rest', 'from', 'to', 'pads'].map((n) => ints(n, [1])),
        tensor('fill', []),
      ],
    },
  );
  for (const { name, role } of open(model(main)).tensors) {
    const expected = /^g/.test(name)
      ? 'normalisation'
      : name === 'table'
        ? 'embedding'
        : name === 'b9'
          ? 'bias'
          : name === 'fill'
            ? 'other'
            : 'shape';
    assert.equal(role, expected, name);
  }
});

test('a table that also multiplies is a weight: tied embeddings', () => {
  const main = graph(
    [
      node('Gather', ['table', 'ids'], ['a']),
      node('Transpose', ['table'], ['v'], { perm: [1, 0] }),
      node('MatMul', ['a', 'v'], ['y']),
    ],
    { initializers: [tensor('table', [10, 4])] },
  );
  assert.deepEqual(use(main, 'table'), {
    role: 'weight',
    op: 'MatMul',
    geometry: fc(10, 4, false),
  });
});

test('subgraphs see the names around them, and their own first', () => {
  const branch = (...nodes: NodeInit[]): GraphInit =>
    graph(nodes, { outputs: [value('y', [2, 6])] });
  const main = graph(
    [
      node('If', ['c'], ['y'], {
        then_branch: { graph: branch(node('MatMul', ['x', 'outer'], ['y'])) },
        else_branch: {
          graph: branch(constant(tensor('inner', [8, 6]), 'k'), node('MatMul', ['x', 'k'], ['y'])),
        },
      }),
    ],
    { initializers: [tensor('outer', [8, 6])] },
  );
  const opened = open(model(main));
  for (const name of ['outer', 'inner']) assert.equal(tensorOf(opened, name).role, 'weight');
  assert.equal(
    tensorOf(opened, 'inner').path,
    'graph.node[0].attribute[else_branch].g.node[0].attribute[value].t',
  );
});

test('weights are followed out of If branches and into loop bodies', () => {
  const pick = (name: string): GraphInit =>
    graph([constant(tensor(name, [8, 6]), 'k')], { outputs: [value('k', [8, 6])] });
  const body = graph([node('MatMul', ['state', 'carried'], ['next'])], {
    inputs: [value('i', []), value('c', []), value('state', [2, 8]), value('carried', [8, 8])],
    outputs: [value('c', []), value('next', [2, 8]), value('carried', [8, 8])],
  });
  const main = graph(
    [
      node('If', ['c'], ['w'], {
        then_branch: { graph: pick('a') },
        else_branch: { graph: pick('b') },
      }),
      node('MatMul', ['x', 'w'], ['y']),
      node('Loop', ['n', 'c', 'x', 'loop'], ['z', 'last'], { body: { graph: body } }),
    ],
    { initializers: [tensor('loop', [8, 8]), ints('n', [3])] },
  );
  const opened = open(model(main));
  for (const name of ['a', 'b', 'loop']) {
    const { role, geometry } = tensorOf(opened, name);
    assert.deepEqual([role, geometry?.transposed], ['weight', true], name);
  }
  assert.equal(tensorOf(opened, 'n').role, 'shape');
});

test('functions give their formal inputs a use, through calls of calls', () => {
  const functions = [
    {
      name: 'Outer',
      domain: 'my',
      input: ['p', 'q'],
      output: ['r'],
      node: [node('my:Inner', ['q', 'p'], ['r'])],
    },
    {
      name: 'Inner',
      domain: 'my',
      input: ['q', 'p'],
      output: ['r'],
      node: [
        constant(tensor('deep', [6, 4]), 'k'),
        node('Transpose', ['q'], ['t']),
        node('MatMul', ['p', 't'], ['h']),
        node('MatMul', ['h', 'k'], ['r']),
      ],
    },
    {
      name: 'Loose',
      domain: 'my',
      input: ['p'],
      output: ['r'],
      node: [node('Identity', ['p'], ['r'])],
    },
  ];
  const main = graph(
    [
      node('my:Outer', ['x', 'w'], ['h']),
      node('my:Loose', ['u'], ['v']),
      node('Gemm', ['h', 'v'], ['y']),
    ],
    { initializers: [tensor('w', [6, 8]), tensor('u', [4, 3])] },
  );
  assert.deepEqual(use(main, 'w', { functions }), {
    role: 'weight',
    op: 'MatMul',
    geometry: fc(6, 8, false),
  });
  assert.deepEqual(use(main, 'deep', { functions }).geometry, fc(4, 6, true));
  assert.deepEqual(use(main, 'u', { functions }).geometry, fc(3, 4, true));
});

test('functions that call themselves, and graphs that feed themselves, end', () => {
  const functions = [
    { name: 'F', domain: 'my', input: ['p'], output: ['r'], node: [node('my:G', ['p'], ['r'])] },
    { name: 'G', domain: 'my', input: ['p'], output: ['r'], node: [node('my:F', ['p'], ['r'])] },
  ];
  const main = graph(
    [
      node('my:F', ['w'], ['v']),
      node('MatMul', ['x', 'v'], ['y']),
      node('Identity', ['b'], ['a']),
      node('Identity', ['a'], ['b']),
      node('MatMul', ['x', 'a'], ['z']),
      node('Concat', ['e', 'e'], ['e']),
      node('MatMul', ['x', 'e'], ['z2']),
    ],
    { initializers: [tensor('w', [4, 4])] },
  );
  assert.equal(use(main, 'w', { functions }).role, 'other');
});

test('operators of unknown domains say nothing about their operands', () => {
  const main = graph([node('acme:Conv', ['x', 'w'], ['y'])], {
    initializers: [tensor('w', [4, 2, 3, 3])],
  });
  assert.deepEqual(use(main, 'w'), { role: 'other', op: 'Conv', geometry: undefined });
  assert.deepEqual(use(graph([], { initializers: [tensor('w', [4])] }), 'w'), {
    role: 'other',
    op: '',
    geometry: undefined,
  });
});

test('training graphs see the initializers of the model', () => {
  const trainingInfo = [
    {
      algorithm: graph([node('MatMul', ['x', 'w'], ['y'])], { initializers: [tensor('rate', [])] }),
    },
  ];
  const main = graph([], { initializers: [tensor('w', [8, 6])] });
  assert.equal(use(main, 'w', { trainingInfo }).role, 'weight');
  assert.equal(
    open(model(main, { trainingInfo })).tensors[1].path,
    'training_info[0].algorithm.initializer[0]',
  );
});
