/**
 * Models with local functions against what they stand for: the same values forwards, the same gradients
 * as the model written out by hand, and training only of what the main graph holds.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { AttributeProtoSchema, AttributeProto_AttributeType, ModelProtoSchema } from 'onnx-buf';
import type { AttributeProto, FunctionProtoSchema, NodeProto, TensorProtoSchema } from 'onnx-buf';
import {
  checkHasWeights,
  mainTensors,
  trainableTensors,
} from '../../../src/engine/train/trainable.ts';
import { floatAttribute } from '../../../src/model/proto-attributes.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import { openOnnx } from '../../../src/model/onnx/open.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { compileTraining } from '../../../src/train/compile.ts';
import { decodeGraph, encodeGraph, floatTensor, makeNode } from '../../../src/train/graph.ts';
import { inlineFunctions } from '../../../src/train/inline-functions.ts';
import { normal } from './models.ts';
import { nodeRuntime } from './runtimes.ts';

type Body = MessageInitShape<typeof FunctionProtoSchema>;

const opsets = [
  { domain: '', version: 17n },
  { domain: 'my', version: 1n },
];

function call(opType: string, input: string[], output: string[], attribute: AttributeProto[] = []) {
  const node = makeNode(opType, input, output, attribute);
  node.domain = 'my';
  return node;
}

/** An attribute of a body that stands for one of the call. */
function reference(name: string, refAttrName: string): AttributeProto {
  const type = AttributeProto_AttributeType.FLOAT;
  return create(AttributeProtoSchema, { name, refAttrName, type });
}

function constant(name: string, t: MessageInitShape<typeof TensorProtoSchema>): NodeProto {
  const type = AttributeProto_AttributeType.TENSOR;
  return makeNode(
    'Constant',
    [],
    [name],
    [create(AttributeProtoSchema, { name: 'value', type, t })],
  );
}

function branch(name: string, nodes: NodeProto[], output: string): AttributeProto {
  const type = AttributeProto_AttributeType.GRAPH;
  const g = { name, node: nodes, output: [{ name: output }] };
  return create(AttributeProtoSchema, { name, type, g });
}

function modelOf(nodes: NodeProto[], functions: Body[]): Uint8Array<ArrayBuffer> {
  const random = mulberry32(1);
  const tensor = (dims: number[]) => normal(dims, 0.5, random);
  const value = (name: string, dims: bigint[]) => ({
    name,
    type: {
      value: {
        case: 'tensorType' as const,
        value: {
          elemType: 1,
          shape: { dim: dims.map((d) => ({ value: { case: 'dimValue' as const, value: d } })) },
        },
      },
    },
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: opsets,
      functions,
      graph: {
        name: 'g',
        node: nodes,
        initializer: [
          { ...tensor([6, 5]), name: 'W' },
          { ...tensor([5, 5]), name: 'V' },
          { ...tensor([5]), name: 'b' },
        ],
        input: [value('x', [4n, 6n])],
        output: [{ name: 'y' }],
      },
    }),
  );
}

/** A layer with a leaky activation whose slope the call may say; the bias may be left out. */
const layer: Body = {
  ...{ domain: 'my', name: 'Layer', opsetImport: opsets },
  input: ['x', 'w', 'bias'],
  output: ['h', 'again', 'given'],
  attributeProto: [floatAttribute('slope', 0.25)],
  node: [
    makeNode('Gemm', ['x', 'w', 'bias'], ['t']),
    makeNode('LeakyRelu', ['t'], ['h'], [reference('alpha', 'slope')]),
    makeNode('Identity', ['h'], ['again']),
    makeNode('Identity', ['x'], ['given']),
  ],
};
const two: Body = {
  ...{ domain: 'my', name: 'Two', opsetImport: opsets },
  input: ['x', 'w', 'v', 'bias'],
  output: ['t'],
  node: [
    call('Layer', ['x', 'w', 'bias'], ['h', 'k', 'g'], [floatAttribute('slope', 0.5)]),
    call('Layer', ['h', 'v'], ['l', 't', 'm']),
  ],
};
const withFunctions = modelOf(
  [call('Two', ['x', 'W', 'V', 'b'], ['t']), makeNode('Tanh', ['t'], ['y'])],
  [two, layer],
);
const byHand = modelOf(
  [
    makeNode('Gemm', ['x', 'W', 'b'], ['a']),
    makeNode('LeakyRelu', ['a'], ['h'], [floatAttribute('alpha', 0.5)]),
    makeNode('Gemm', ['h', 'V'], ['c']),
    makeNode('LeakyRelu', ['c'], ['t'], [floatAttribute('alpha', 0.25)]),
    makeNode('Tanh', ['t'], ['y']),
  ],
  [],
);
const x = {
  type: 'float32',
  dims: [4, 6],
  data: Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
};

async function outputs(bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>> {
  const session = await nodeRuntime.open(bytes);
  try {
    const results = await session.run({ x });
    return Object.fromEntries(Object.entries(results).map(([k, { data }]) => [k, data]));
  } finally {
    await session.close();
  }
}

test('a graph with its functions put in place gives the outputs of the model', async () => {
  const graph = decodeGraph(withFunctions);
  inlineFunctions(graph);
  assert.equal(graph.model.functions.length, 0);
  assert.ok(graph.nodes.every(({ domain }) => domain === ''));
  assert.deepEqual(await outputs(encodeGraph(graph)), await outputs(withFunctions));
});

test('gradients through functions are those of the model written out', async () => {
  const gradients = async (bytes: Uint8Array): Promise<unknown[]> => {
    const graph = await compileTraining(
      bytes,
      {
        ...{ trainable: ['W', 'V', 'b'], batch: 4, loss: { kind: 'mse' } },
        ...{ batchNorm: 'frozen', dropout: false, freezeUnsupported: false },
      },
      nodeRuntime,
    );
    const feeds = Object.fromEntries(
      graph.parameters.map(({ name, shape, values }) => [
        name,
        { type: 'float32', dims: shape, data: values },
      ]),
    );
    const target = { type: 'float32', dims: [4, 5], data: new Float32Array(20).fill(0.3) };
    const session = await nodeRuntime.open(graph.model);
    const results = await session.run({ x, ...feeds, [graph.target!]: target });
    await session.close();
    return graph.parameters.map(({ name, gradient }) => [name, results[gradient]!.data]);
  };
  const expected = await gradients(byHand);
  assert.equal(expected.length, 3);
  assert.deepEqual(await gradients(withFunctions), expected);
  // an output that is an input, which ONNX Runtime does not take
  const passing = modelOf(
    [call('Two', ['x', 'W', 'V', 'b'], ['t', 'same']), makeNode('Tanh', ['t'], ['y'])],
    [{ ...two, output: ['t', 'w'] }, layer],
  );
  assert.deepEqual(await gradients(passing), expected);
});

test('values inside branches of a function keep apart from those of other calls', async () => {
  const chosen: Body = {
    ...{ domain: 'my', name: 'Chosen', opsetImport: opsets },
    ...{ input: ['x', 'flag'], output: ['r'] },
    node: [
      makeNode('Neg', ['x'], ['n']),
      makeNode(
        'If',
        ['flag'],
        ['r'],
        [
          branch('then_branch', [makeNode('Add', ['n', 'x'], ['in'])], 'in'),
          branch('else_branch', [makeNode('Exp', ['n'], ['in'])], 'in'),
        ],
      ),
    ],
  };
  const flag = (value: number, name: string) =>
    constant(name, { dataType: 9, rawData: Uint8Array.of(value) });
  const bytes = modelOf(
    [
      ...[flag(1, 'yes'), flag(0, 'no')],
      call('Chosen', ['x', 'yes'], ['in']),
      call('Chosen', ['in', 'no'], ['y']),
    ],
    [chosen],
  );
  const graph = decodeGraph(bytes);
  inlineFunctions(graph);
  assert.deepEqual(await outputs(encodeGraph(graph)), await outputs(bytes));
});

test('what a body takes from outside is not taken for a constant: gradients stop there, and it is said', async () => {
  const bytes = modelOf(
    [
      constant('yes', { dataType: 9, rawData: Uint8Array.of(1) }),
      makeNode('Gemm', ['x', 'W', 'b'], ['h']),
      makeNode(
        'If',
        ['yes'],
        ['t'],
        [
          branch('then_branch', [call('Layer', ['h', 'V'], ['in', 'k', 'g'])], 'in'),
          branch('else_branch', [makeNode('Neg', ['h'], ['in2'])], 'in2'),
        ],
      ),
      makeNode('Identity', ['t'], ['y']),
    ],
    [layer],
  );
  const compiled = (freezeUnsupported: boolean) =>
    compileTraining(
      bytes,
      {
        ...{ trainable: ['W', 'V', 'b'], batch: 4, loss: { kind: 'mse' } },
        ...{ batchNorm: 'frozen', dropout: false, freezeUnsupported },
      },
      nodeRuntime,
    );
  await assert.rejects(compiled(false), /operator If \(t\) has no gradient rule/);
  await assert.rejects(compiled(true), /nothing can be trained: If \(t\) has no gradient rule/);
});

test('functions that call each other again and again are refused before they are written out', () => {
  const functions = Array.from({ length: 25 }, (_, i): Body => ({
    ...{ domain: 'my', name: `F${i}`, opsetImport: opsets, input: ['x'], output: ['y'] },
    node: [call(`F${i + 1}`, ['x'], ['t']), call(`F${i + 1}`, ['t'], ['y'])],
  }));
  const last: Body = {
    domain: 'my',
    name: 'F25',
    opsetImport: opsets,
    input: ['x'],
    output: ['y'],
  };
  last.node = [makeNode('Neg', ['x'], ['y'])];
  const bytes = modelOf([call('F0', ['x'], ['y'])], [...functions, last]);
  assert.throws(() => inlineFunctions(decodeGraph(bytes)), /more than 100000 nodes/);
  const itself: Body = { ...functions[0], node: [call('F0', ['x'], ['y'])] };
  const round = modelOf([call('F0', ['x'], ['y'])], [itself]);
  assert.throws(() => inlineFunctions(decodeGraph(round)), /too deep/);
});

test('a function for another version of the operators stays a call', () => {
  const older: Body = { ...layer, opsetImport: [{ domain: '', version: 13n }] };
  const graph = decodeGraph(modelOf([call('Layer', ['x', 'W', 'b'], ['y'])], [older]));
  inlineFunctions(graph);
  assert.deepEqual(
    graph.nodes.map(({ opType }) => opType),
    ['Layer'],
  );
  assert.equal(graph.model.functions.length, 1);
});

const open = (bytes: Uint8Array) =>
  openOnnx('m.onnx', memorySource('m.onnx', bytes), () => assert.fail('nothing outside'));

test('a tensor inside a function is not taken for the one of the main graph with its name', () => {
  const own: Body = {
    ...{ domain: 'my', name: 'Own', opsetImport: opsets, input: ['x'], output: ['y'] },
    node: [
      constant('W', floatTensor([5, 5], new Float32Array(25).fill(2))),
      makeNode('MatMul', ['x', 'W'], ['y']),
    ],
  };
  const bytes = modelOf([makeNode('MatMul', ['x', 'W'], ['h']), call('Own', ['h'], ['y'])], [own]);
  const model = open(bytes);
  assert.deepEqual(mainTensors(model).get('W')!.shape, [6, 5]);
  const trainable = trainableTensors(model, decodeGraph(bytes));
  assert.deepEqual(trainable.byName.get('W')!.shape, [6, 5]);
  assert.deepEqual(trainable.notes, [
    'W is not trained: it lies in the body of a function or of an If, Loop or Scan',
  ]);
});

test('a model of int8 weights alone is refused in words before it is trained', () => {
  const weights = (dataType: number) =>
    modelOf(
      [
        constant('Q', { dims: [6n, 5n], dataType, rawData: new Uint8Array(30).fill(3) }),
        constant('s', floatTensor([], Float32Array.of(0.1))),
        makeNode('DequantizeLinear', ['Q', 's'], ['D']),
        makeNode('MatMul', ['x', 'D'], ['y']),
      ],
      [],
    );
  for (const [dataType, name] of [
    [3, 'int8'],
    [2, 'uint8'],
  ] as const) {
    const bytes = weights(dataType);
    const trainable = trainableTensors(open(bytes), decodeGraph(bytes));
    assert.throws(
      () => checkHasWeights(trainable),
      new RegExp(`all weights are quantized already \\(${name}\\): retrain the float32 model`),
    );
  }
  checkHasWeights(trainableTensors(open(byHand), decodeGraph(byHand)));
});
