import assert from 'node:assert/strict';
import test from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { importHan } from '../../../src/model/caffe/import.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { denseWeights, makeNet, randomLayer } from './make-net.ts';
import * as ref from './reference.ts';
import { memory, refuses, runModel } from './support.ts';

const alexLike = `name: "small"
layer { name: "data" type: "Input" top: "data" input_param { shape: { dim: 10 dim: 4 dim: 17 dim: 13 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1 } convolution_param { num_output: 6 kernel_h: 3 kernel_w: 2 stride: 2 pad_h: 1 pad_w: 2 group: 2
    weight_filler { type: "gaussian" std: 0.01 } } }
layer { name: "relu1" type: "ReLU" bottom: "conv1" top: "conv1" relu_param { negative_slope: 0.1 } }
layer { name: "norm1" type: "LRN" bottom: "conv1" top: "norm1" lrn_param { local_size: 5 alpha: 0.7 beta: 0.75 k: 2 } }
layer { name: "pool1" type: "Pooling" bottom: "norm1" top: "pool1" pooling_param { pool: MAX kernel_size: 3 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param { num_output: 5 kernel_size: 3 pad: 2 dilation: 2 } }
layer { name: "join" type: "Concat" bottom: "pool1" bottom: "conv2" top: "join" }
layer { name: "fc3" type: "InnerProduct" bottom: "join" top: "fc3" inner_product_param { num_output: 9 } }
layer { name: "relu3" type: "ReLU" bottom: "fc3" top: "fc3" }
layer { name: "drop3" type: "Dropout" bottom: "fc3" top: "fc3" dropout_param { dropout_ratio: 0.5 } }
layer { name: "ip4" type: "InnerProduct" bottom: "fc3" top: "ip4" inner_product_param { num_output: 7 } }
layer { name: "accuracy" type: "Accuracy" bottom: "ip4" top: "accuracy" include { phase: TRAIN } }
layer { name: "prob" type: "Softmax" bottom: "ip4" top: "prob" }`;

const random = mulberry32(11);
const layers = [
  randomLayer('conv1', 6 * 2 * 3 * 2, 6, random),
  randomLayer('conv2', 5 * 6 * 3 * 3, 5, random),
  randomLayer('fc3', 9 * 11 * 4 * 4, 9, random),
  randomLayer('ip4', 7 * 9, 7, random),
];
const net = makeNet(layers);

test('a network with every supported layer equals float64 loops, and its softmax sums to 1', async () => {
  const { onnx, layers: report } = importHan(memory('a.net', net), alexLike);
  const x = ref.blob(4, 17, 13);
  x.data.forEach((_, i) => (x.data[i] = Math.fround(random() * 2 - 1)));
  const [c1, c2, f3, i4] = layers.map((l) => ({ w: denseWeights(l), b: l.bias }));
  let y = ref.convolution(x, c1!.w, c1!.b, { kernel: [3, 2], stride: [2, 2], pad: [1, 2] }, 2);
  y = ref.lrn(ref.relu(y, 0.1), 5, 0.7, 0.75, 2);
  const pool = ref.pooling(y, 'MAX', ref.square(3, 2));
  assert.deepEqual([pool.h, pool.w], [4, 4], 'the sizes need rounding up');
  const conv2 = ref.convolution(pool, c2!.w, c2!.b, ref.square(3, 1, 2), 1, [2, 2]);
  y = ref.relu(ref.innerProduct(ref.concat(pool, conv2), f3!.w, f3!.b));
  const want = ref.softmax(ref.innerProduct(y, i4!.w, i4!.b).data);

  const outputs = await runModel(onnx, Float32Array.from(x.data), [1, 4, 17, 13]);
  assert.deepEqual(Object.keys(outputs), ['prob']);
  const sum = outputs['prob']!.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 1) < 1e-6, `sum ${sum}`);
  assert.ok(ref.relativeError(outputs['prob']!, want) < 2e-6);
  const two = await runModel(onnx, Float32Array.from([...x.data, ...x.data]), [2, 4, 17, 13]);
  assert.deepEqual([...two['prob']!.subarray(7)], [...outputs['prob']!], 'any batch runs');
  assert.deepEqual(
    report.map(({ name, shape }) => ({ name, shape })),
    [
      { name: 'conv1', shape: [6, 2, 3, 2] },
      { name: 'conv2', shape: [5, 6, 3, 3] },
      { name: 'fc3', shape: [9, 176] },
      { name: 'ip4', shape: [7, 9] },
    ],
  );
  report.forEach((layer, l) =>
    assert.equal(layer.nonzeros, denseWeights(layers[l]!).filter((v) => v !== 0).length),
  );
});

test('the model states IR 8, opset 17 and nothing that is not needed', () => {
  const model = fromBinary(ModelProtoSchema, importHan(memory('a.net', net), alexLike).onnx);
  assert.equal(model.irVersion, 8n);
  assert.deepEqual(
    model.opsetImport.map((o) => [o.domain, o.version]),
    [['', 17n]],
  );
  assert.equal(model.producerName, 'deep-compression');
  assert.equal(model.graph?.valueInfo.length, 0);
  assert.equal(model.graph.initializer.length, 8);
  assert.ok(model.graph.initializer.every((t) => t.rawData.length > 0));
  const names = model.graph.node.flatMap((node) => node.output);
  assert.equal(new Set(names).size, names.length, 'every value has one name');
});

test('old layers with enum types are read like new ones', () => {
  const old = `input: "d" input_dim: 1 input_dim: 2 input_dim: 3 input_dim: 3
    layers { name: "conv" type: CONVOLUTION bottom: "d" top: "c" convolution_param { num_output: 2 kernel_size: 1 } }
    layers { name: "r" type: RELU bottom: "c" top: "c" }`;
  const file = memory('o.net', makeNet([randomLayer('conv', 4, 2, random)]));
  assert.equal(importHan(file, old).layers.length, 1);
  refuses('unsupported', /layer "r" has a type other than/, () =>
    importHan(file, old.replace('RELU', 'SIGMOID')),
  );
});

test('a layer type without counterpart is named with its layer', () => {
  const odd = alexLike.replace('"LRN"', '"Slice"');
  refuses('unsupported', /layer "norm1" has type "Slice"/, () => importHan(memory('a', net), odd));
});

test('layers that the weights format cannot hold are refused', () => {
  const noBias = alexLike.replace('num_output: 5', 'num_output: 5 bias_term: false');
  refuses('unsupported', /layer "conv2" has no bias/, () => importHan(memory('a', net), noBias));
  const other = alexLike.replaceAll('fc3', 'dense3');
  refuses('unsupported', /layer "dense3" has weights, but/, () =>
    importHan(memory('a', net), other),
  );
});

test('a weights file cut anywhere, or with a byte too many, is refused in one line', () => {
  for (let length = 0; length < net.length; length += 1 + (length % 7))
    refuses('invalid-model', /^a\.net: (ends|layer|is too small)/, () =>
      importHan(memory('a.net', net.subarray(0, length)), alexLike),
    );
  refuses('invalid-model', /a\.net: has 1 bytes more/, () =>
    importHan(memory('a.net', new Uint8Array([...net, 0])), alexLike),
  );
});

test('a prototxt of another network is refused', () => {
  const wider = alexLike.replace('num_output: 9', 'num_output: 10');
  refuses('invalid-model', /^a\.net: /, () => importHan(memory('a.net', net), wider));
  const huge = alexLike.replace('num_output: 9', 'num_output: 999999999');
  refuses('invalid-model', /too large/, () => importHan(memory('a.net', net), huge));
});

test('flipped bytes of the weights file never do worse than one line or other weights', () => {
  const flip = mulberry32(5);
  for (let i = 0; i < 1500; i++) {
    const bytes = net.slice();
    for (let n = 0; n <= i % 3; n++)
      bytes[Math.floor(flip() * (i % 2 ? 16 : bytes.length))] = Math.floor(flip() * 256);
    try {
      importHan(memory('a.net', bytes), alexLike);
    } catch (error) {
      refuses('invalid-model', /^a\.net: /, () => {
        throw error;
      });
    }
  }
});

test('a changed prototxt never does worse than one line or another network', () => {
  const change = mulberry32(6);
  const pieces = [
    '{',
    '}',
    '0',
    '-1',
    '"',
    ':',
    '9999999999',
    'pad: 9 ',
    '#',
    'MAX',
    '\n',
    '[',
    '',
  ];
  for (let i = 0; i < 3000; i++) {
    const at = Math.floor(change() * alexLike.length);
    const piece = pieces[Math.floor(change() * pieces.length)]!;
    const text = alexLike.slice(0, at) + piece + alexLike.slice(at + Math.floor(change() * 4));
    try {
      importHan(memory('a.net', net), text);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      assert.ok(code === 'invalid-model' || code === 'unsupported', `${message} for ${text}`);
      assert.ok(!message.includes('\n'), message);
    }
  }
});

test('the graph must be whole: bottoms exist, tops are new, inputs have shapes', () => {
  const cases: [string, string, RegExp][] = [
    ['bottom: "norm1"', 'bottom: "norm9"', /layer "pool1" reads "norm9", which no layer made/],
    ['top: "join"', 'top: "norm1"', /layer "join" writes "norm1", which exists already/],
    ['top: "join"', '', /layer "join" must have one top/],
    ['bottom: "join" ', '', /layer "fc3" has 0 bottoms/],
    ['input_param { shape: { dim: 10 dim: 4 dim: 17 dim: 13 } }', '', /states no shape/],
    ['group: 2', 'group: 3', /do not divide into 3 groups/],
    [
      'kernel_size: 3 pad: 2',
      'kernel_siz: 3 pad: 2',
      /convolution_param has no field "kernel_siz"/,
    ],
    ['kernel_size: 3 pad: 2', 'pad: 2', /layer "conv2" needs kernel_size/],
    ['kernel_size: 3 pad: 2', 'kernel_size: 33', /would be empty/],
    ['local_size: 5', 'local_size: 4', /local_size must be an odd number/],
  ];
  for (const [from, to, pattern] of cases) {
    assert.ok(alexLike.includes(from));
    refuses('invalid-model', pattern, () =>
      importHan(memory('a.net', net), alexLike.replace(from, to)),
    );
  }
});
