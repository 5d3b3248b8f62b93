import assert from 'node:assert/strict';
import test from 'node:test';
import {
  floatAttribute,
  intAttribute,
  intsAttribute,
} from '../../../src/model/proto-attributes.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { compileTraining } from '../../../src/train/compile.ts';
import type { CompileOptions, TrainingGraph } from '../../../src/train/compile.ts';
import { decodeGraph, floatTensor } from '../../../src/train/graph.ts';
import { maskOf, Optimizer } from '../../../src/train/optimizer.ts';
import type { Feeds, HostTensor } from '../../../src/train/runtime.ts';
import { model, node, normal, zeros } from './models.ts';
import { bothRuntimes, nodeRuntime } from './runtimes.ts';

const float = (dims: readonly number[], data: ArrayLike<number>): HostTensor => ({
  type: 'float32',
  dims,
  data: Float32Array.from(data),
});
const labelsOf = (classes: readonly number[]): HostTensor => ({
  type: 'int64',
  dims: [classes.length],
  data: BigInt64Array.from(classes, BigInt),
});
const parameterFeeds = (graph: TrainingGraph): Feeds =>
  Object.fromEntries(
    [...graph.parameters, ...graph.states].map(({ name, shape, values }) => [
      name,
      { type: 'float32', dims: shape, data: values },
    ]),
  );
const standard = {
  batch: 4,
  batchNorm: 'frozen',
  dropout: false,
  freezeUnsupported: false,
  loss: { kind: 'cross-entropy' },
} as const;

async function refuses(
  code: string,
  pattern: RegExp,
  bytes: Uint8Array,
  options: CompileOptions,
): Promise<void> {
  await assert.rejects(compileTraining(bytes, options, nodeRuntime), (error) => {
    assert.ok(error instanceof DeepCompressionError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

/** x [N, 6] -> Gemm -> Relu -> Gemm -> Softmax. */
function mlp(random = mulberry32(1), last = 'Softmax'): Uint8Array<ArrayBuffer> {
  return model({
    nodes: [
      node('Gemm', ['x', 'w1', 'b1'], ['h'], [intAttribute('transB', 1)]),
      node('Relu', ['h'], ['r']),
      node('MatMul', ['r', 'w2'], ['m']),
      node('Add', ['m', 'b2'], ['z']),
      node(last, ['z'], ['y']),
    ],
    initializers: {
      w1: normal([8, 6], 0.5, random),
      b1: zeros([8]),
      w2: normal([8, 3], 0.5, random),
      b2: zeros([3]),
    },
    inputs: [{ name: 'x', type: 1, shape: ['N', 6] }],
    outputs: ['y'],
  });
}
const mlpWeights = ['w1', 'b1', 'w2', 'b2'];

/** Three classes in six dimensions: the largest of three differences. */
function samples(count: number, random: () => number): { x: Float32Array; labels: number[] } {
  const x = new Float32Array(count * 6);
  const labels: number[] = [];
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < 6; i++) x[6 * n + i] = random() * 2 - 1;
    const sums = [0, 1, 2].map((k) => x[6 * n + k]! - x[6 * n + 3 + k]!);
    labels.push(sums.indexOf(Math.max(...sums)));
  }
  return { x, labels };
}

test('the loss and its gradients equal float64 arithmetic on both runtimes', async () => {
  const random = mulberry32(2);
  for (const last of ['Softmax', 'LogSoftmax', 'Identity'])
    for (const runtime of bothRuntimes) {
      const graph = await compileTraining(
        mlp(mulberry32(1), last),
        { ...standard, trainable: mlpWeights },
        runtime,
      );
      const { x, labels } = samples(4, random);
      const session = await runtime.open(graph.model);
      const out = await session.run({
        x: float([4, 6], x),
        [graph.labels!]: labelsOf(labels),
        ...parameterFeeds(graph),
      });
      await session.close();
      const value = (name: string): Float32Array =>
        graph.parameters.find((p) => p.name === name)!.values;
      const lossAt = (change: (name: string, i: number) => number): number => {
        const w = (name: string, i: number): number => value(name)[i]! + change(name, i);
        let total = 0;
        for (let n = 0; n < 4; n++) {
          const h = Array.from({ length: 8 }, (_, j) => {
            let sum = w('b1', j);
            for (let i = 0; i < 6; i++) sum += x[6 * n + i]! * w('w1', 6 * j + i);
            return Math.max(0, sum);
          });
          const z = [0, 1, 2].map((k) =>
            h.reduce((s, v, j) => s + v * w('w2', 3 * j + k), w('b2', k)),
          );
          total += Math.log(z.reduce((s, v) => s + Math.exp(v), 0)) - z[labels[n]!]!;
        }
        return total / 4;
      };
      assert.ok(Math.abs((out[graph.loss]!.data[0] as number) - lossAt(() => 0)) < 1e-6);
      for (const p of graph.parameters)
        for (let i = 0; i < p.values.length; i++) {
          const h = 1e-6;
          const side = (d: number): number =>
            lossAt((name, j) => (name === p.name && j === i ? d : 0));
          const want = (side(h) - side(-h)) / (2 * h);
          const got = out[p.gradient]!.data[i] as number;
          assert.ok(Math.abs(got - want) < 2e-6, `${p.name}[${i}] ${got} ${want}`);
        }
    }
});

test('training by the compiled graph lowers the loss, and pruned weights stay 0', async () => {
  const random = mulberry32(3);
  const { x, labels } = samples(64, random);
  for (const spec of [{ kind: 'sgd', momentum: 0.9 }, { kind: 'adam' }] as const) {
    const graph = await compileTraining(
      mlp(),
      { ...standard, batch: 64, trainable: mlpWeights },
      nodeRuntime,
    );
    const w1 = graph.parameters.find((p) => p.name === 'w1')!.values;
    for (let i = 0; i < w1.length; i += 3) w1[i] = 0;
    const mask = maskOf(w1);
    const optimizer = new Optimizer(
      spec,
      { l1: 0, l2: 1e-4 },
      graph.parameters.map((p) => ({
        values: p.values,
        regularised: true,
        mask: p.name === 'w1' ? mask : undefined,
      })),
    );
    const session = await nodeRuntime.open(graph.model);
    const losses: number[] = [];
    for (let step = 0; step < 300; step++) {
      const out = await session.run({
        x: float([64, 6], x),
        [graph.labels!]: labelsOf(labels),
        ...parameterFeeds(graph),
      });
      losses.push(out[graph.loss]!.data[0] as number);
      await optimizer.step(
        graph.parameters.map((p) => [out[p.gradient]!.data as Float32Array]),
        spec.kind === 'sgd' ? 0.1 : 0.02,
      );
    }
    await session.close();
    assert.ok(losses.at(-1)! < losses[0]! / 3, `${losses[0]} -> ${losses.at(-1)}`);
    assert.deepEqual(maskOf(w1), mask, 'pruned stays pruned, the others are trained');
  }
});

test('the evaluation graph gives the scores of the training graph, at any batch', async () => {
  const graph = await compileTraining(mlp(), { ...standard, trainable: mlpWeights }, nodeRuntime);
  const { x, labels } = samples(4, mulberry32(4));
  const training = await nodeRuntime.open(graph.model);
  const evaluation = await nodeRuntime.open(graph.evaluation);
  const parameters = parameterFeeds(graph);
  const a = await training.run({
    x: float([4, 6], x),
    [graph.labels!]: labelsOf(labels),
    ...parameters,
  });
  const b = await evaluation.run({ x: float([4, 6], x), ...parameters });
  const one = await evaluation.run({ x: float([1, 6], x.subarray(0, 6)), ...parameters });
  assert.deepEqual(b['prediction']!.data, a[graph.prediction]!.data);
  [...one['prediction']!.data].forEach((v, i) =>
    assert.ok(Math.abs(Number(v) - Number(b['prediction']!.data[i])) < 1e-6),
  );
});

test('a final softmax is looked through and needs no gradient', async () => {
  const graph = await compileTraining(mlp(), { ...standard, trainable: mlpWeights }, nodeRuntime);
  const ops = decodeGraph(graph.model).nodes.map((n) => n.opType);
  assert.equal(ops.filter((op) => op === 'Softmax').length, 1, "the loss's own");
  assert.equal(
    decodeGraph(graph.evaluation).nodes.some((n) => n.opType === 'Softmax'),
    false,
  );
});

test('a tensor that is used twice gets the sum of both gradients', async () => {
  const random = mulberry32(5);
  const tied = (second: string): Uint8Array<ArrayBuffer> =>
    model({
      nodes: [
        node('MatMul', ['x', 'w'], ['h']),
        node('Tanh', ['h'], ['t']),
        node('MatMul', ['t', second], ['y']),
      ],
      initializers: {
        w: normal([3, 3], 1, mulberry32(6)),
        ...(second === 'v' ? { v: normal([3, 3], 1, mulberry32(6)) } : {}),
      },
      inputs: [{ name: 'x', type: 1, shape: ['N', 3] }],
      outputs: ['y'],
    });
  const x = float(
    [4, 3],
    Array.from({ length: 12 }, () => random()),
  );
  const target = float(
    [4, 3],
    Array.from({ length: 12 }, () => random()),
  );
  const gradients = async (bytes: Uint8Array, trainable: string[]): Promise<Float32Array[]> => {
    const graph = await compileTraining(
      bytes,
      { ...standard, loss: { kind: 'mse' }, trainable },
      nodeRuntime,
    );
    const session = await nodeRuntime.open(graph.model);
    const out = await session.run({ x, [graph.target!]: target, ...parameterFeeds(graph) });
    return graph.parameters.map((p) => out[p.gradient]!.data as Float32Array);
  };
  const [both] = await gradients(tied('w'), ['w']);
  const [first, second] = await gradients(tied('v'), ['w', 'v']);
  both!.forEach((g, i) => assert.ok(Math.abs(g - first![i]! - second![i]!) < 1e-6));
});

test('an operator without a rule is named, or what lies before it is frozen', async () => {
  const bytes = model({
    nodes: [
      node('MatMul', ['x', 'w1'], ['a']),
      node('CumSum', ['a', 'axis'], ['b']),
      node('MatMul', ['b', 'w2'], ['y']),
    ],
    initializers: {
      w1: normal([6, 5], 1, mulberry32(7)),
      w2: normal([5, 3], 1, mulberry32(8)),
      axis: { ...floatTensor([], Float32Array.of(0)), dataType: 6, rawData: new Uint8Array(4) },
    },
    inputs: [{ name: 'x', type: 1, shape: ['N', 6] }],
    outputs: ['y'],
  });
  await refuses('unsupported', /^operator CumSum \(b\) has no gradient rule/, bytes, {
    ...standard,
    trainable: ['w1', 'w2'],
  });
  const graph = await compileTraining(
    bytes,
    { ...standard, trainable: ['w1', 'w2'], freezeUnsupported: true },
    nodeRuntime,
  );
  assert.deepEqual(
    graph.parameters.map((p) => p.name),
    ['w2'],
  );
  assert.deepEqual(graph.untrained, ['w1']);
  assert.deepEqual(graph.stoppedAt, ['CumSum (b)']);
  await refuses('unsupported', /nothing can be trained: CumSum/, bytes, {
    ...standard,
    trainable: ['w1'],
    freezeUnsupported: true,
  });
});

test('names and shapes that do not fit are refused in one line', async () => {
  await refuses('not-found', /no tensor named w9/, mlp(), { ...standard, trainable: ['w9'] });
  await refuses('invalid-input', /named twice/, mlp(), { ...standard, trainable: ['w1', 'w1'] });
  await refuses('not-found', /no output named q/, mlp(), {
    ...standard,
    trainable: ['w1'],
    output: 'q',
  });
  await refuses('invalid-input', /input x does not have shape 4 x 7/, mlp(), {
    ...standard,
    trainable: ['w1'],
    inputShapes: { x: [4, 7] },
  });
  await refuses('invalid-model', /not an ONNX model/, new Uint8Array([1, 2, 3]), {
    ...standard,
    trainable: [],
  });
  const broken = model({
    nodes: [node('MatMul', ['x', 'w'], ['y'])],
    initializers: { w: zeros([5, 2]) },
    inputs: [{ name: 'x', type: 1, shape: ['N', 6] }],
    outputs: ['y'],
  });
  await refuses('invalid-model', /^the model does not run: /, broken, {
    ...standard,
    trainable: ['w'],
  });
});

/** Conv, BatchNormalization, Relu, MaxPool, Dropout, Flatten, Gemm. */
function cnn(): Uint8Array<ArrayBuffer> {
  const random = mulberry32(9);
  return model({
    nodes: [
      node('Conv', ['x', 'c', 'cb'], ['a'], [intsAttribute('pads', [1, 1, 1, 1])]),
      node('BatchNormalization', ['a', 's', 'b', 'm', 'v'], ['n']),
      node('Relu', ['n'], ['r']),
      node(
        'MaxPool',
        ['r'],
        ['p'],
        [intsAttribute('kernel_shape', [2, 2]), intsAttribute('strides', [2, 2])],
      ),
      node('Dropout', ['p', 'ratio'], ['d']),
      node('Flatten', ['d'], ['f']),
      node('Gemm', ['f', 'w'], ['y']),
    ],
    initializers: {
      c: normal([4, 1, 3, 3], 0.5, random),
      cb: zeros([4]),
      s: floatTensor([4], new Float32Array(4).fill(1)),
      b: zeros([4]),
      m: zeros([4]),
      v: floatTensor([4], new Float32Array(4).fill(1)),
      ratio: floatTensor([], Float32Array.of(0.25)),
      w: normal([36, 3], 0.2, random),
    },
    inputs: [{ name: 'x', type: 1, shape: ['N', 1, 6, 6] }],
    outputs: ['y'],
  });
}

test('batch statistics are kept as running ones, and dropout drops by the masks that are fed', async () => {
  const options = {
    ...standard,
    trainable: ['c', 's', 'b', 'w'],
    batchNorm: 'batch',
    dropout: true,
  } as const;
  const graph = await compileTraining(cnn(), options, nodeRuntime);
  assert.deepEqual(
    graph.states.map((s) => s.name),
    ['m', 'v'],
  );
  assert.deepEqual(graph.masks, [{ name: 'd_mask', shape: [4, 4, 3, 3], ratio: 0.25 }]);
  const random = mulberry32(10);
  const x = float(
    [4, 1, 6, 6],
    Array.from({ length: 144 }, () => random()),
  );
  const session = await nodeRuntime.open(graph.model);
  const run = (mask: number) =>
    session.run({
      x,
      d_mask: float([4, 4, 3, 3], new Float32Array(144).fill(mask)),
      [graph.labels!]: labelsOf([0, 1, 2, 0]),
      ...parameterFeeds(graph),
    });
  const out = await run(1);
  const silent = await run(0);
  assert.ok(
    [...silent[graph.prediction]!.data].every((v) => Number(v) === 0),
    'all dropped',
  );

  // the convolution's output by the runtime itself, and ONNX's update with momentum 0.9
  const conv = model({
    nodes: [node('Conv', ['x', 'c'], ['y'], [intsAttribute('pads', [1, 1, 1, 1])])],
    initializers: {
      c: floatTensor([4, 1, 3, 3], graph.parameters.find((p) => p.name === 'c')!.values),
    },
    inputs: [{ name: 'x', type: 1, shape: [4, 1, 6, 6] }],
    outputs: ['y'],
  });
  const a = (await (await nodeRuntime.open(conv)).run({ x }))['y']!.data as Float32Array;
  for (let k = 0; k < 4; k++) {
    const cells = [0, 1, 2, 3].flatMap((n) => [
      ...a.subarray((n * 4 + k) * 36, (n * 4 + k + 1) * 36),
    ]);
    const mean = cells.reduce((s, q) => s + q, 0) / cells.length;
    const variance = cells.reduce((s, q) => s + (q - mean) ** 2, 0) / cells.length;
    const next = (i: number): number => out[graph.states[i]!.next]!.data[k] as number;
    assert.ok(Math.abs(next(0) - 0.1 * mean) < 1e-6);
    assert.ok(Math.abs(next(1) - (0.9 + 0.1 * variance)) < 1e-6);
  }
  const frozen = await compileTraining(
    cnn(),
    { ...options, batchNorm: 'frozen', dropout: false },
    nodeRuntime,
  );
  assert.equal(frozen.states.length + frozen.masks.length, 0);
});

test('mean squared error and distillation equal their definitions', async () => {
  const random = mulberry32(11);
  const { x, labels } = samples(4, random);
  const teacher = Array.from({ length: 12 }, () => random() * 4 - 2);
  const soft = (z: ArrayLike<number>, n: number, t: number): number[] => {
    const e = [0, 1, 2].map((k) => Math.exp(z[3 * n + k]! / t));
    const sum = e.reduce((a, b) => a + b, 0);
    return e.map((v) => v / sum);
  };
  for (const weight of [1, 0.7]) {
    const loss = { kind: 'distillation', temperature: 3, weight } as const;
    const graph = await compileTraining(
      mlp(),
      { ...standard, loss, trainable: mlpWeights },
      nodeRuntime,
    );
    assert.equal(graph.labels !== undefined, weight < 1, 'labels only where they count');
    const session = await nodeRuntime.open(graph.model);
    const out = await session.run({
      x: float([4, 6], x),
      [graph.target!]: float([4, 3], teacher),
      ...(graph.labels ? { [graph.labels]: labelsOf(labels) } : {}),
      ...parameterFeeds(graph),
    });
    const z = out[graph.prediction]!.data as Float32Array;
    let want = 0;
    const bias = [0, 0, 0];
    for (let n = 0; n < 4; n++) {
      const [q, p, hard] = [soft(teacher, n, 3), soft(z, n, 3), soft(z, n, 1)];
      for (let k = 0; k < 3; k++) {
        want += (weight * 9 * q[k]! * Math.log(q[k]! / p[k]!)) / 4;
        bias[k]! += (weight * 3 * (p[k]! - q[k]!)) / 4;
        bias[k]! += ((1 - weight) * (hard[k]! - (labels[n] === k ? 1 : 0))) / 4;
      }
      want -= ((1 - weight) * Math.log(hard[labels[n]!]!)) / 4;
    }
    assert.ok(Math.abs((out[graph.loss]!.data[0] as number) - want) < 1e-6);
    const db = out[graph.parameters.find((p) => p.name === 'b2')!.gradient]!.data as Float32Array;
    bias.forEach((g, k) => assert.ok(Math.abs(db[k]! - g) < 1e-6, `${db[k]} ${g}`));
  }
});

test('an old opset is raised, and the raised model computes the same', async () => {
  const random = mulberry32(12);
  const bytes = model({
    opset: 9,
    nodes: [
      node('Pad', ['x'], ['pd'], [intsAttribute('pads', [0, 0, 1, 0, 0, 0, 0, 1])]),
      node(
        'Slice',
        ['pd'],
        ['sl'],
        [intsAttribute('starts', [1]), intsAttribute('ends', [5]), intsAttribute('axes', [2])],
      ),
      node('Conv', ['sl', 'c'], ['cv']),
      node('Clip', ['cv'], ['cl'], [floatAttribute('min', -0.4), floatAttribute('max', 0.5)]),
      node('Upsample', ['cl', 'scales'], ['up']),
      node(
        'Split',
        ['up'],
        ['s1', 's2'],
        [intAttribute('axis', 1), intsAttribute('split', [1, 1])],
      ),
      node('Add', ['s1', 's2'], ['ad']),
      node('Squeeze', ['ad'], ['sq'], [intsAttribute('axes', [1])]),
      node('Unsqueeze', ['sq'], ['un'], [intsAttribute('axes', [1])]),
      node('ReduceSum', ['un'], ['rs'], [intsAttribute('axes', [3]), intAttribute('keepdims', 1)]),
      node('Dropout', ['rs'], ['dr']),
      node('Softmax', ['dr'], ['sm'], [intAttribute('axis', 1)]),
      node('Flatten', ['sm'], ['y']),
    ],
    initializers: {
      c: normal([2, 1, 2, 2], 0.5, random),
      scales: floatTensor([4], Float32Array.of(1, 1, 2, 3)),
    },
    inputs: [{ name: 'x', type: 1, shape: ['N', 1, 6, 5] }],
    outputs: ['y'],
  });
  const graph = await compileTraining(
    bytes,
    { ...standard, batch: 2, loss: { kind: 'mse' }, trainable: ['c'] },
    nodeRuntime,
  );
  const x = float(
    [2, 1, 6, 5],
    Array.from({ length: 60 }, () => random() * 2 - 1),
  );
  const old = (await (await nodeRuntime.open(bytes)).run({ x }))['y']!;
  const now = (
    await (await nodeRuntime.open(graph.evaluation)).run({ x, ...parameterFeeds(graph) })
  )['prediction']!;
  assert.deepEqual([...now.dims], [...old.dims]);
  (now.data as Float32Array).forEach((v, i) =>
    assert.ok(Math.abs(v - (old.data as Float32Array)[i]!) < 1e-6),
  );
  assert.equal(decodeGraph(graph.model).opset, 17);
});

test('compiling twice gives the same bytes', async () => {
  const options = {
    ...standard,
    trainable: ['c', 's', 'b', 'w'],
    batchNorm: 'batch',
    dropout: true,
  } as const;
  const [a, b] = [
    await compileTraining(cnn(), options, nodeRuntime),
    await compileTraining(cnn(), options, nodeRuntime),
  ];
  assert.deepEqual(a.model, b.model);
  assert.deepEqual(a.evaluation, b.evaluation);
});
