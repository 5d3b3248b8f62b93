/**
 * Song Han's published SqueezeNet, against the figures that an independent decoder took from the
 * same file, and against the network computed by plain float64 loops.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { TestContext } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { importHan } from '../../src/model/caffe/import.ts';
import { mulberry32 } from '../../src/model/random.ts';
import * as ref from '../unit/caffe/reference.ts';
import { memory, refuses, runModel } from '../unit/caffe/support.ts';

const folder = join(process.env['DC_SHARED'] ?? join('..', 'shared'), 'data', 'squeezenet');

interface Expected {
  readonly layers: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly byteOffset: number;
    readonly entries: number;
    readonly nonzeroWeights: number;
    readonly weightSum?: number;
    readonly biasSum?: number;
    readonly sha256Weights?: string;
  }[];
}

function load(
  t: TestContext,
): { net: Uint8Array; prototxt: string; expected: Expected } | undefined {
  if (!existsSync(folder)) {
    t.skip(`${folder} is absent`);
    return undefined;
  }
  return {
    net: new Uint8Array(readFileSync(join(folder, 'compressed_SqueezeNet.net'))),
    prototxt: readFileSync(join(folder, 'SqueezeNet_deploy.prototxt'), 'utf8'),
    expected: JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Expected,
  };
}

/** Initializers of the imported model: float32 by name. */
function initializers(onnx: Uint8Array): Map<string, Float32Array> {
  const { graph } = fromBinary(ModelProtoSchema, onnx);
  return new Map(
    graph!.initializer.map((t) => [t.name, new Float32Array(t.rawData.slice().buffer)]),
  );
}

test('every layer has the shape, entries, non-zeros, sums and checksums of the published file', (t) => {
  const data = load(t);
  if (!data) return;
  const { onnx, layers } = importHan(memory('compressed_SqueezeNet.net', data.net), data.prototxt);
  assert.deepEqual(
    layers,
    data.expected.layers.map(({ name, shape, entries, nonzeroWeights }) => ({
      name,
      shape,
      entries,
      nonzeros: nonzeroWeights,
    })),
  );
  const tensors = initializers(onnx);
  let checksums = 0;
  for (const want of data.expected.layers) {
    const weights = tensors.get(`${want.name}.weight`)!;
    if (want.sha256Weights === undefined) continue;
    checksums++;
    const bytes = new Uint8Array(weights.buffer);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), want.sha256Weights, want.name);
    const sum = (values: Float32Array): number => values.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum(weights) - want.weightSum!) < 1e-9, want.name);
    assert.ok(Math.abs(sum(tensors.get(`${want.name}.bias`)!) - want.biasSum!) < 1e-9, want.name);
  }
  assert.equal(checksums, 4);
});

test('the imported network equals plain loops within 1e-5 of its largest output', async (t) => {
  const data = load(t);
  if (!data) return;
  const { onnx } = importHan(memory('compressed_SqueezeNet.net', data.net), data.prototxt);
  const random = mulberry32(1);
  const x = ref.blob(3, 227, 227);
  x.data.forEach((_, i) => (x.data[i] = Math.fround(random() * 255 - 118)));
  const want = squeezeNet(x, initializers(onnx));

  const outputs = await runModel(onnx, Float32Array.from(x.data), [1, 3, 227, 227]);
  assert.deepEqual(Object.keys(outputs), ['pool_final']);
  const got = outputs['pool_final']!;
  assert.equal(got.length, 1000);
  const error = ref.relativeError(got, want.data);
  t.diagnostic(`largest difference ${error.toExponential(2)} of the largest output`);
  assert.ok(error < 1e-5, String(error));
  const total = ref.softmax(got).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total - 1) < 1e-12);
  assert.ok(Math.max(...want.data) > 1, 'the network does not answer with zeros');
});

test('a truncated or wrong published file is refused in one line', (t) => {
  const data = load(t);
  if (!data) return;
  for (const length of [0, 103, 104, 5000, data.net.length - 1])
    refuses('invalid-model', /^x\.net: /, () =>
      importHan(memory('x.net', data.net.subarray(0, length)), data.prototxt),
    );
  const other = data.prototxt.replace('num_output: 64', 'num_output: 65');
  refuses('invalid-model', /x\.net|joins|prototxt/, () =>
    importHan(memory('x.net', data.net), other),
  );
});

/** SqueezeNet 1.0 as in the paper's Figure 2, with the published file's layer names. */
function squeezeNet(x: ref.Blob, tensors: ReadonlyMap<string, Float32Array>): ref.Blob {
  const conv = (input: ref.Blob, name: string, window: ref.Window): ref.Blob =>
    ref.relu(
      ref.convolution(input, tensors.get(`${name}.weight`)!, tensors.get(`${name}.bias`)!, window),
    );
  const fire = (input: ref.Blob, n: number): ref.Blob => {
    const squeeze = conv(input, `fire${n}/conv1x1_1`, ref.square(1));
    return ref.concat(
      conv(squeeze, `fire${n}/conv1x1_2`, ref.square(1)),
      conv(squeeze, `fire${n}/conv3x3_2`, ref.square(3, 1, 1)),
    );
  };
  const pool = (input: ref.Blob): ref.Blob => ref.pooling(input, 'MAX', ref.square(3, 2));
  let y = pool(conv(x, 'conv1', ref.square(7, 2)));
  y = pool(fire(fire(fire(y, 2), 3), 4));
  y = pool(fire(fire(fire(fire(y, 5), 6), 7), 8));
  return ref.globalAverage(conv(fire(y, 9), 'conv_final', ref.square(1, 1, 1)));
}
