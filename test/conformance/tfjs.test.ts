/**
 * TensorFlow.js models that tfjs-layers 4.22 wrote (test/fixtures/formats/tfjs; values.json has what its CPU
 * backend computed): read with their graph, quantized weights as what they stand for.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import * as ort from 'onnxruntime-node';
import { compressJob } from '../../src/engine/jobs/compress.ts';
import { decompressJob } from '../../src/engine/jobs/decompress.ts';
import { importJob } from '../../src/engine/jobs/import.ts';
import { openInput } from '../../src/engine/input.ts';
import { DeepCompressionError } from '../../src/model/errors.ts';
import type { Model } from '../../src/model/model.ts';
import { flowOf } from '../../src/view/flow.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const fixtures = 'test/fixtures/formats/tfjs';
const folder = temporaryFolder();
const context = {
  signal: new AbortController().signal,
  onProgress: () => {},
  onEvent: () => {},
  runtime: { workerFile: undefined },
} as never;

function opened(path: string): Model {
  const input = openInput({ path });
  input.close();
  return input.model;
}

const about = ({ tensors }: Model): string[] =>
  tensors.map((t) => {
    const { kind, rows, cols } = t.geometry ?? { kind: '', rows: 0, cols: 0 };
    return `${t.name} ${t.dtype} ${t.op} ${t.role} ${kind} ${rows}x${cols}`;
  });

test('the layers of a model are its graph, and say what weights are for', () => {
  const model = opened(join(fixtures, 'cnn', 'model.json'));
  assert.equal(model.format, 'tfjs');
  const lines = about(model);
  for (const line of [
    'conv_a/kernel float32 Conv2D weight conv 6x27',
    'bn_a/moving_variance float32 BatchNormalization normalisation  0x0',
    'dw/depthwise_kernel float32 DepthwiseConv2D weight conv 12x9',
    'sep/pointwise_kernel float32 SeparableConv2D weight conv 5x12',
    'probs/kernel float32 Dense weight fc 4x5',
    'probs/bias float32 Dense bias  0x0',
  ])
    assert.ok(lines.includes(line), `${line} in ${lines.join('; ')}`);
  const { graph } = model;
  assert.deepEqual(
    graph?.inputs.map(({ shape }) => shape),
    [['N', 13, 11, 3]],
  );
  assert.deepEqual(
    graph?.outputs.map(({ name }) => name),
    ['probs', 'side', 'sep'],
  );
  const sum = graph?.nodes.find(({ opType }) => opType === 'Add');
  assert.deepEqual(sum?.inputs, ['relu_a', 'pw']);
  const drawn = flowOf(model).nodes;
  for (const op of ['Conv2D', 'DepthwiseConv2D', 'Add', 'Dense'])
    assert.ok(
      drawn.some((n) => n.op === op),
      op,
    );
});

test('a model inside a model is laid open, and both calls read the same weights', () => {
  const model = opened(join(fixtures, 'nested', 'model.json'));
  const calls = model.graph!.nodes.map(
    (n) => `${n.opType} ${n.inputs.join()} > ${n.outputs.join()}`,
  );
  const dense = calls.filter((call) => call.startsWith('Dense') && call.includes('i1/kernel'));
  assert.equal(dense.length, 2, calls.join('; '));
  assert.ok(model.tensors.every(({ dtype }) => dtype === 'float16'));
});

test('quantized weights in several files read as what they stand for, and restore byte for byte', async () => {
  const from = join(fixtures, 'sequential');
  const home = join(folder, 'sequential');
  mkdirSync(join(home, 'back'), { recursive: true });
  const json = JSON.parse(readFileSync(join(from, 'model.json'), 'utf8')) as {
    weightsManifest: [{ paths: string[]; weights: { name: string; shape: number[] }[] }];
  };
  const kernel = json.weightsManifest[0].weights.find(({ name }) => name === 'c1/kernel')!;
  const { scale, min } = (kernel as unknown as { quantization: { scale: number; min: number } })
    .quantization;
  const model = opened(join(from, 'model.json'));
  const tensor = model.tensors.find(({ name }) => name === 'c1/kernel')!;
  assert.equal(tensor.dtype, 'uint8');
  const values = new Float64Array(tensor.parameters);
  const input = openInput({ path: join(from, 'model.json') });
  input.model.reader.readValues(tensor, 0, values);
  input.close();
  const first = readFileSync(join(from, 'group1-shard1.bin'));
  const zero = Math.round(-min / scale);
  values.forEach((value, i) => {
    const byte = first[i]!;
    assert.equal(value, byte === zero ? 0 : Math.fround(byte * scale + min));
  });
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(home, name));
  const wide = readdirSync(home).filter((name) => name.endsWith('.bin'));
  const options = { overwrite: true, recipe: 'keep', seed: 1, threads: 1 };
  const out = join(home, 'm.dcz');
  await compressJob.run({ file: { path: join(home, 'model.json') }, out, ...options }, context);
  const back = join(home, 'back', 'model.json');
  await decompressJob.run({ file: { path: out }, out: back, overwrite: true, threads: 1 }, context);
  for (const name of [...wide, 'model.json'])
    assert.deepEqual(readFileSync(join(home, 'back', name)), readFileSync(join(home, name)));
});

test('shards that are missing are said, and a topology that bites its tail is refused', () => {
  const home = join(folder, 'absent');
  mkdirSync(home);
  copyFileSync(join(fixtures, 'cnn', 'model.json'), join(home, 'model.json'));
  copyFileSync(join(fixtures, 'cnn', 'group1-shard1.bin'), join(home, 'group1-shard1.bin'));
  assert.deepEqual(opened(join(home, 'model.json')).notes, ['group1-shard2.bin is missing']);
  rmSync(home, { recursive: true });
  const layer = (name: string, from: string): object => ({
    class_name: 'ReLU',
    name,
    config: { name },
    inbound_nodes: [[[from, 0, 0, {}]]],
  });
  const refused = (layers: readonly object[], output: string): void => {
    const path = join(folder, 'loop.json');
    const config = { layers, input_layers: [], output_layers: [[output, 0, 0]] };
    const modelTopology = { class_name: 'Model', config };
    writeFileSync(path, JSON.stringify({ modelTopology, weightsManifest: [] }));
    assert.throws(
      () => opened(path),
      (e) => e instanceof DeepCompressionError && !e.message.includes('\n'),
    );
  };
  refused([layer('a', 'b'), layer('b', 'a')], 'a');
  refused([layer('a', 'a')], 'a');
  // each is listed before what it takes
  const count = 3000;
  refused(
    Array.from({ length: count }, (_, i) => layer(`l${i}`, `l${i + 1}`)),
    'l0',
  );
});

test('a graph model has the nodes of TensorFlow, and weights through Identity', () => {
  const path = join(folder, 'graph.json');
  const node = [
    { name: 'x', op: 'Placeholder' },
    { name: 'w', op: 'Const' },
    { name: 'read', op: 'Identity', input: ['w'] },
    { name: 'conv', op: '_FusedConv2D', input: ['x', 'read', 'b', '^x'] },
    { name: 'b', op: 'Const' },
    { name: 'y', op: 'Softmax', input: ['conv:0'] },
  ];
  const weights = [
    { name: 'w', shape: [3, 3, 2, 4], dtype: 'float32' },
    { name: 'b', shape: [4], dtype: 'float32' },
  ];
  writeFileSync(join(folder, 'g.bin'), new Uint8Array(4 * 76));
  writeFileSync(
    path,
    JSON.stringify({ modelTopology: { node }, weightsManifest: [{ paths: ['g.bin'], weights }] }),
  );
  const model = opened(path);
  assert.deepEqual(about(model), [
    'w float32 _FusedConv2D weight conv 4x18',
    'b float32 _FusedConv2D bias  0x0',
  ]);
  assert.deepEqual(
    model.graph?.outputs.map(({ name }) => name),
    ['y'],
  );
});

interface Values {
  readonly shape: number[];
  readonly values: number[];
}

for (const name of ['cnn', 'sequential', 'nested'])
  test(`${name} imported to ONNX computes what tfjs computes`, async () => {
    const out = join(folder, `${name}.onnx`);
    const weights = { path: join(fixtures, name, 'model.json') };
    const { layers } = await importJob.run({ weights, out, overwrite: true }, context);
    assert.ok(layers.length >= 2);
    const golden = JSON.parse(readFileSync(join(fixtures, name, 'values.json'), 'utf8')) as {
      inputs: Values[];
      outputs: Values[];
    };
    const session = await ort.InferenceSession.create(out, { intraOpNumThreads: 1 });
    const feeds = golden.inputs.map(
      ({ shape, values }, i) =>
        [
          session.inputNames[i]!,
          new ort.Tensor('float32', Float32Array.from(values), shape),
        ] as const,
    );
    const results = await session.run(Object.fromEntries(feeds));
    golden.outputs.forEach(({ shape, values }, i) => {
      const result = results[session.outputNames[i]!]!;
      assert.deepEqual([...result.dims], shape);
      const own = result.data as Float32Array;
      values.forEach((value, k) =>
        assert.ok(Math.abs(value - own[k]!) < 1e-5 * (1 + Math.abs(value)), `${value} ${own[k]}`),
      );
    });
    await session.release();
  });

test('what is not imported is said by layer, and a graph model has its own line', async () => {
  const refused = async (modelTopology: object, says: RegExp): Promise<void> => {
    const path = join(folder, 'refused.json');
    writeFileSync(path, JSON.stringify({ modelTopology, weightsManifest: [] }));
    const out = join(folder, 'refused.onnx');
    await assert.rejects(importJob.run({ weights: { path }, out, overwrite: true }, context), says);
  };
  const lambda = { class_name: 'Lambda', config: { name: 'odd', batch_input_shape: [null, 4] } };
  await refused(
    { class_name: 'Sequential', config: { name: 'm', layers: [lambda] } },
    /layer odd \(Lambda\) is of another kind, which is not imported/,
  );
  await refused({ node: [] }, /only layers models are imported/);
});
