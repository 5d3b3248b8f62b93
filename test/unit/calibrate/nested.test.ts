/** Weights inside bodies and functions, in recurrent layers, tables, and what cannot be calibrated. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type GraphProto,
  type NodeProto,
} from 'onnx-buf';
import { intAttribute, stringAttribute } from '../../../src/model/proto-attributes.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { int64Tensor, valueInfo } from '../../../src/train/graph.ts';
import { model, node, normal } from '../train/models.ts';
import { bothRuntimes } from '../train/runtimes.ts';
import { calibrated, float, opened, tensorNamed } from './support.ts';

const graph = (g: string, body: GraphProto) =>
  create(AttributeProtoSchema, { name: g, type: AttributeProto_AttributeType.GRAPH, g: body });
const bodyOf = (init: Partial<GraphProto> & object): GraphProto =>
  create(GraphProtoSchema, { name: 'body', ...init } as never);
const ofShape = (name: string, type: number, shape: readonly number[]) =>
  valueInfo({ name, type, shape });
const rows = (x: Float32Array, width: number): number[][] =>
  Array.from({ length: x.length / width }, (_, i) => [...x.subarray(i * width, (i + 1) * width)]);
/** E[v v^T] in plain loops. */
const secondOf = (vectors: readonly (readonly number[])[]): number[] => {
  const n = vectors[0]!.length;
  return Array.from({ length: n * n }, (_, at) =>
    vectors.reduce((sum, v) => sum + (v[Math.floor(at / n)]! * v[at % n]!) / vectors.length, 0),
  );
};
const close = (actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(actual[i]! - expected[i]!) < 1e-5, `${i}: ${actual[i]} not ${expected[i]}`);
};
const random = mulberry32(5);
const matmul = (x: string, w: string, y: string): NodeProto => node('MatMul', [x, w], [y]);
const w = (name: string, dims: readonly number[]) => ({ ...normal(dims, 0.5, random), name });

test('the branch of an If that is taken is measured, the other is not', async () => {
  const branch = (weight: string, y: string) =>
    bodyOf({
      node: [matmul('x', weight, y)],
      initializer: [w(weight, [3, 2])],
      output: [ofShape(y, 1, [4, 2])],
    });
  const bytes = model({
    nodes: [
      node(
        'If',
        ['c'],
        ['y'],
        [graph('then_branch', branch('wa', 'ya')), graph('else_branch', branch('wb', 'yb'))],
      ),
    ],
    initializers: {},
    inputs: [
      { name: 'x', type: 1, shape: [4, 3] },
      { name: 'c', type: 9, shape: [] },
    ],
    outputs: ['y'],
  });
  const x = float([4, 3], random);
  const c = (on: number) => ({ type: 'bool', dims: [], data: Uint8Array.of(on) });
  for (const runtime of bothRuntimes) {
    const { calibration, without } = await calibrated(bytes, [{ x, c: c(1) }], runtime);
    const onnx = opened(bytes);
    const [a, b] = ['wa', 'wb'].map((name) => tensorNamed(onnx, name).id);
    close(calibration.get(a!)!.second, secondOf(rows(x.data as Float32Array, 3)));
    assert.equal(without.get(b!), 'no sample reaches it');
  }
});

test('a Loop gives what every iteration multiplies', async () => {
  const body = bodyOf({
    node: [node('Identity', ['go'], ['on']), matmul('s', 'w', 'p'), node('Tanh', ['p'], ['q'])],
    initializer: [w('w', [3, 3])],
    input: [ofShape('i', 7, []), ofShape('go', 9, []), ofShape('s', 1, [2, 3])],
    output: [ofShape('on', 9, []), ofShape('q', 1, [2, 3])],
  });
  const bytes = model({
    nodes: [node('Loop', ['n', '', 'x'], ['y'], [graph('body', body)])],
    initializers: { n: int64Tensor([], [3]) },
    inputs: [{ name: 'x', type: 1, shape: [2, 3] }],
    outputs: ['y'],
  });
  const onnx = opened(bytes);
  const tensor = tensorNamed(onnx, 'w');
  const weights = new Float32Array(9);
  onnx.reader.readValues(tensor, 0, weights);
  const x = float([2, 3], random);
  let state = rows(x.data as Float32Array, 3);
  const all: number[][] = [];
  for (let step = 0; step < 3; step++) {
    all.push(...state);
    state = state.map((v) =>
      [0, 1, 2].map((o) => Math.tanh(v.reduce((sum, a, i) => sum + a * weights[i * 3 + o]!, 0))),
    );
  }
  for (const runtime of bothRuntimes) {
    const { calibration } = await calibrated(bytes, [{ x }], runtime);
    const moments = calibration.get(tensor.id)!;
    assert.equal(moments.count[0], 6);
    close(moments.second, secondOf(all));
  }
});

test('a Scan gives what every iteration multiplies', async () => {
  const body = bodyOf({
    node: [matmul('e', 'w', 'p')],
    initializer: [w('w', [3, 2])],
    input: [ofShape('e', 1, [2, 3])],
    output: [ofShape('p', 1, [2, 2])],
  });
  const bytes = model({
    nodes: [node('Scan', ['x'], ['y'], [intAttribute('num_scan_inputs', 1), graph('body', body)])],
    initializers: {},
    inputs: [{ name: 'x', type: 1, shape: [5, 2, 3] }],
    outputs: ['y'],
  });
  const x = float([5, 2, 3], random);
  const { calibration } = await calibrated(bytes, [{ x }]);
  const moments = calibration.get(tensorNamed(opened(bytes), 'w').id)!;
  close(moments.second, secondOf(rows(x.data as Float32Array, 3)));
});

test('a function is measured at each of its calls, whatever it is called with', async () => {
  const bytes = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [
        { domain: '', version: 15n },
        { domain: 'own', version: 1n },
      ],
      functions: [
        {
          ...{ name: 'Layer', domain: 'own', input: ['a', 'k'], output: ['b'] },
          opsetImport: [{ domain: '', version: 15n }],
          node: [node('Relu', ['a'], ['r']), matmul('r', 'k', 'b')],
        },
      ],
      graph: {
        name: 'g',
        node: [
          { ...node('Layer', ['x', 'k1'], ['h']), domain: 'own' },
          { ...node('Layer', ['h', 'k2'], ['y']), domain: 'own' },
        ],
        initializer: [w('k1', [3, 4]), w('k2', [4, 2])],
        input: [ofShape('x', 1, [5, 3])],
        output: [ofShape('y', 1, [5, 2])],
      },
    }),
  );
  const x = float([5, 3], random);
  const { calibration } = await calibrated(bytes, [{ x }]);
  const onnx = opened(bytes);
  const relu = rows(
    (x.data as Float32Array).map((v) => Math.max(0, v)),
    3,
  );
  close(calibration.get(tensorNamed(onnx, 'k1').id)!.second, secondOf(relu));
  assert.equal(calibration.get(tensorNamed(onnx, 'k2').id)!.columns, 4);
});

test('recurrent layers see their inputs, and the hidden states that each step begins with', async () => {
  const [steps, batch, input, hidden] = [4, 2, 3, 5];
  for (const direction of ['forward', 'reverse', 'bidirectional'])
    for (const named of [true, false]) {
      const d = direction === 'bidirectional' ? 2 : 1;
      const bytes = model({
        nodes: [
          node('RNN', ['x', 'w', 'r', '', '', 'h0'], named ? ['all', 'y'] : ['', 'y'], [
            intAttribute('hidden_size', hidden),
            stringAttribute('direction', direction),
          ]),
        ],
        initializers: {
          w: normal([d, hidden, input], 0.5, random),
          r: normal([d, hidden, hidden], 0.5, random),
          h0: normal([d, batch, hidden], 0.5, random),
        },
        inputs: [{ name: 'x', type: 1, shape: [steps, batch, input] }],
        outputs: ['y'],
      });
      const onnx = opened(bytes);
      const read = (name: string): Float32Array => {
        const tensor = tensorNamed(onnx, name);
        const values = new Float32Array(tensor.parameters);
        onnx.reader.readValues(tensor, 0, values);
        return values;
      };
      const x = float([steps, batch, input], random);
      const { calibration } = await calibrated(bytes, [{ x }]);
      const ofW = calibration.get(tensorNamed(onnx, 'w').id)!;
      close(ofW.second, secondOf(rows(x.data as Float32Array, input)));
      assert.deepEqual([...ofW.setOf], new Array(d).fill(0));
      const ofR = calibration.get(tensorNamed(onnx, 'r').id)!;
      assert.deepEqual([...ofR.setOf], [0, 1].slice(0, d));
      const [ws, rs, h0s] = ['w', 'r', 'h0'].map((name) =>
        rows(read(name), name === 'w' ? input : hidden),
      );
      for (let k = 0; k < d; k++) {
        const begins: number[][] = [];
        for (let b = 0; b < batch; b++) {
          let h = h0s![k * batch + b]!;
          for (let s = 0; s < steps; s++) {
            begins.push(h);
            const t = direction === 'reverse' || k === 1 ? steps - 1 - s : s;
            const v = rows(x.data as Float32Array, input)[t * batch + b]!;
            const before = h;
            h = Array.from({ length: hidden }, (_, o) => {
              const a = ws![k * hidden + o]!.reduce((sum, q, i) => sum + q * v[i]!, 0);
              const c = rs![k * hidden + o]!.reduce((sum, q, i) => sum + q * before[i]!, 0);
              return Math.tanh(a + c);
            });
          }
        }
        const size = hidden * hidden;
        close(ofR.second.subarray(k * size, (k + 1) * size), secondOf(begins));
      }
    }
});

test('the gates of a direction share its set', async () => {
  for (const [op, gates] of [
    ['LSTM', 4],
    ['GRU', 3],
  ] as const) {
    const bytes = model({
      nodes: [
        node(
          op,
          ['x', 'w', 'r'],
          ['y'],
          [intAttribute('hidden_size', 5), stringAttribute('direction', 'bidirectional')],
        ),
      ],
      initializers: {
        w: normal([2, gates * 5, 3], 0.5, random),
        r: normal([2, gates * 5, 5], 0.5, random),
      },
      inputs: [{ name: 'x', type: 1, shape: [4, 2, 3] }],
      outputs: ['y'],
    });
    const { calibration } = await calibrated(bytes, [{ x: float([4, 2, 3], random) }]);
    const moments = calibration.get(tensorNamed(opened(bytes), 'r').id)!;
    assert.equal(moments.sets, 2);
    const expected = [...new Array<number>(gates).fill(0), ...new Array<number>(gates).fill(1)];
    assert.deepEqual([...moments.setOf], expected);
  }
});

test('a table counts how often each of its rows is looked up', async () => {
  const bytes = model({
    nodes: [node('Gather', ['table', 'ids'], ['y'])],
    initializers: { table: normal([6, 3], 1, random) },
    inputs: [{ name: 'ids', type: 7, shape: [1, 4] }],
    outputs: ['y'],
  });
  const ids = (...list: number[]) => ({
    ids: { type: 'int64', dims: [1, 4], data: BigInt64Array.from(list, BigInt) },
  });
  const { calibration } = await calibrated(bytes, [ids(0, 2, 2, -1), ids(0, 0, 5, 1)]);
  const moments = calibration.get(tensorNamed(opened(bytes), 'table').id)!;
  assert.deepEqual([moments.columns, moments.block, moments.count[0]], [6, 1, 8]);
  close(moments.second, [3 / 8, 1 / 8, 2 / 8, 0, 0, 2 / 8]);
});

test('wide matrices are the same in tiles as in one piece', async () => {
  const bytes = model({
    nodes: [matmul('x', 'w', 'y')],
    initializers: { w: normal([600, 1], 1, random) },
    inputs: [{ name: 'x', type: 1, shape: [7, 600] }],
    outputs: ['y'],
  });
  const x = float([7, 600], random);
  const { calibration } = await calibrated(bytes, [{ x }]);
  const { second } = calibration.get(tensorNamed(opened(bytes), 'w').id)!;
  close(second, secondOf(rows(x.data as Float32Array, 600)));
});

test('vectors that are not finite are left out and counted', async () => {
  const bytes = model({
    nodes: [matmul('x', 'w', 'y')],
    initializers: { w: normal([3, 2], 1, random) },
    inputs: [{ name: 'x', type: 1, shape: [2, 3] }],
    outputs: ['y'],
  });
  const x = (data: number[]) => ({ type: 'float32', dims: [2, 3], data: Float32Array.from(data) });
  const onnx = opened(bytes);
  const { id } = tensorNamed(onnx, 'w');
  const some = await calibrated(bytes, [{ x: x([1, 2, 3, NaN, 0, 0]) }]);
  close(some.calibration.get(id)!.second, secondOf([[1, 2, 3]]));
  assert.equal(some.seen.get(id)!.dropped, 1);
  const none = await calibrated(bytes, [{ x: x([Infinity, 2, 3, NaN, 0, 0]) }]);
  assert.equal(none.without.get(id), 'none of its inputs is finite');
});
