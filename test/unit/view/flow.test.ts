/** The data flow between layers: what is a node, what is passed through, and in which rank it stands. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { flowOf, ranksOf } from '../../../src/view/flow.ts';
import { openBytes } from './support.ts';
import * as make from '../../fixtures/onnx-writer.ts';

const weight = (name: string) => make.tensor(name, [2, 2]);
const conv = (x: string, w: string, y: string) =>
  make.node('Conv', [x, w], [y], { kernel_shape: [1, 1] });

/** Nodes as `kind name`, and the edges between them by name. */
function told(main: make.GraphInit) {
  const { nodes, edges, outputs } = flowOf(openBytes(make.model(main)));
  const lines: string[] = [];
  for (let i = 0; i < edges.length; i += 2) {
    const [from, to] = [nodes[edges[i]], nodes[edges[i + 1]]];
    assert.ok(edges[i] < edges[i + 1] && from.rank < to.rank);
    lines.push(`${from.name}>${to.name}`);
  }
  assert.equal(outputs.length, nodes.length);
  return { nodes: nodes.map((n) => `${n.kind} ${n.name} ${n.rank}`), edges: lines, outputs };
}

test('the data flow joins layers through what lies between, weights through what prepares them', () => {
  const found = told(
    make.graph(
      [
        conv('x', 'w0', 'c'),
        make.node('Relu', ['c'], ['r']),
        make.node('Gemm', ['r', 'w1'], ['a']),
        make.node('Gemm', ['r', 'w2'], ['b']),
        make.node('Add', ['a', 'b'], ['s']),
        make.node('DequantizeLinear', ['w3', 'scale'], ['d']),
        make.node('MatMul', ['s', 'd'], ['y']),
      ],
      {
        initializers: [
          make.tensor('w0', [2, 2, 1, 1]),
          ...['w1', 'w2'].map(weight),
          make.tensor('w3', [2, 2], { values: [1, 2, 3, 4], dtype: 'int32' }),
          make.tensor('scale', [], { values: [0.5] }),
        ],
        inputs: [make.value('x', [1, 2])],
        outputs: [make.value('y', [1, 2])],
      },
    ),
  );
  assert.deepEqual(found.nodes, [
    'input x 0',
    'layers Conv 1',
    'layers Gemm 2',
    'layers Gemm 2',
    'join Add 3',
    'layers MatMul 4',
    'output y 5',
  ]);
  assert.deepEqual(found.edges, [
    'x>Conv',
    'Conv>Gemm',
    'Conv>Gemm',
    'Gemm>Add',
    'Gemm>Add',
    'Add>MatMul',
    'MatMul>y',
  ]);
  assert.deepEqual(found.outputs, ['', 'c', 'a', 'b', 's', 'y', '']);
});

test('what only passes on is no join, a shape is no data, and what is not used is not drawn', () => {
  const found = told(
    make.graph(
      [
        conv('x', 'w', 'c'),
        // a hard swish: both factors come from the same layer
        make.node('HardSigmoid', ['c'], ['h']),
        make.node('Mul', ['c', 'h'], ['m']),
        make.node('Shape', ['x'], ['size']),
        make.node('Reshape', ['m', 'size'], ['y']),
        make.node('Neg', ['unused'], ['n']),
      ],
      {
        initializers: [make.tensor('w', [2, 2, 1, 1])],
        inputs: [make.value('x', [1, 2, 1, 1]), make.value('unused', [1])],
        outputs: [make.value('y', [1, 2])],
      },
    ),
  );
  assert.deepEqual(found.nodes, ['input x 0', 'layers Conv 1', 'output y 2']);
});

test('branches of If meet in a join, a body of Loop is walked once with what it is given', () => {
  const branch = (w: string) =>
    make.graph([make.node('MatMul', ['x', w], [`o${w}`])], {
      initializers: [weight(w)],
      outputs: [make.value(`o${w}`, [2, 2])],
    });
  const body = make.graph([make.node('MatMul', ['state', 'w'], ['next'])], {
    initializers: [weight('w')],
    inputs: [make.value('i', []), make.value('go', []), make.value('state', [2, 2])],
    outputs: [make.value('go', []), make.value('next', [2, 2])],
  });
  const found = told(
    make.graph(
      [
        make.node('If', ['cond'], ['m'], {
          then_branch: { graph: branch('w1') },
          else_branch: { graph: branch('w2') },
        }),
        make.node('Loop', ['', 'cond', 'm'], ['y'], { body: { graph: body } }),
      ],
      {
        inputs: [make.value('cond', []), make.value('x', [2, 2])],
        outputs: [make.value('y', [2, 2])],
      },
    ),
  );
  assert.deepEqual(found.nodes, [
    'input x 0',
    'layers MatMul 1',
    'layers MatMul 1',
    'join If 2',
    'layers MatMul 3',
    'output y 4',
  ]);
  assert.deepEqual(found.edges.slice(-2), ['If>MatMul', 'MatMul>y']);
});

test('an input that is used late stands just before its use', () => {
  // 0 > 1 > 2 > 3, and 4 > 5 with 3 > 5
  assert.deepEqual(
    Array.from(ranksOf(6, Int32Array.of(0, 1, 1, 2, 2, 3, 3, 5, 4, 5))),
    [0, 1, 2, 3, 3, 4],
  );
  assert.deepEqual(Array.from(ranksOf(2, new Int32Array(0))), [0, 0]);
});
