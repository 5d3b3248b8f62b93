/** Quantized TensorFlow Lite models, written table by table: scales and zero points, a channel or all. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { compressJob } from '../../../src/engine/jobs/compress.ts';
import { decompressJob } from '../../../src/engine/jobs/decompress.ts';
import { inspectJob } from '../../../src/engine/jobs/inspect.ts';
import { memorySource } from '../../../src/model/bytes.ts';
import { openModel } from '../../../src/model/formats.ts';
import { quantizedTflite } from '../../fixtures/tflite-writer.ts';
import { plainValues } from '../../../src/view/values.ts';
import { statedZeroPoint } from '../../../src/view/zero-point.ts';
import { temporaryFolder } from '../engine/support.ts';

const byte = (i: number): number => (i * i * 7 + (i >> 3)) % 40;
const data = Array.from({ length: 512 }, (_, i) => 100 + byte(i));
const channels = {
  type: 9,
  data: data.map((b) => b & 255),
  scales: Array.from({ length: 8 }, (_, i) => (i + 1) / 64),
  zeroPoints: [0, 1, -2, 3, 0, 0, 5, 6],
  axis: 0,
};
const whole = { type: 3, data, scales: [0.5], zeroPoints: [120], axis: 0 };

test('values are shown less the zero point, of a channel or of all', () => {
  const model = openModel(
    'q.tflite',
    memorySource('q', quantizedTflite([channels, whole]).file),
    () => assert.fail(),
  );
  assert.deepEqual(
    model.tensors.map(({ name, dtype, role }) => [name, dtype, role]),
    [
      ['w0', 'int8', 'weight'],
      ['w1', 'uint8', 'weight'],
    ],
  );
  model.tensors.forEach((tensor, i) => {
    const { scales, zeroPoints, axis } = [channels, whole][i]!;
    assert.deepEqual(tensor.quantization, { scales, zeroPoints, axis });
    const values = new Float64Array(512);
    plainValues(model, tensor, statedZeroPoint(tensor)).read(0, values);
    values.forEach((value, k) => {
      const stored = i === 0 ? (data[k]! << 24) >> 24 : data[k]!;
      assert.equal(value, stored - zeroPoints[zeroPoints.length === 1 ? 0 : k >> 6]!);
    });
  });
});

test('a zero point that does not fit the shape is none', () => {
  const odd = { ...channels, zeroPoints: [1, 2], scales: [1, 1] };
  const bytes = quantizedTflite([odd]).file;
  const { tensors } = openModel('q.tflite', memorySource('q', bytes), () => assert.fail());
  assert.equal(tensors[0]!.quantization, undefined);
});

test('a quantized model is inspected with its scales, compressed and restored byte for byte', async () => {
  const context = {
    signal: new AbortController().signal,
    onProgress: () => {},
    onEvent: () => {},
    runtime: { workerFile: undefined },
  } as never;
  const path = join(temporaryFolder(), 'q.tflite');
  writeFileSync(path, quantizedTflite([channels, whole]).file);
  const { layers } = await inspectJob.run({ file: { path }, statistics: false }, context);
  assert.deepEqual(layers[1]!.quantization, { scales: [0.5], zeroPoints: [120], axis: 0 });
  const out = `${path}.dcz`;
  const input = { file: { path }, out, overwrite: true, recipe: 'safe', seed: 1, threads: 1 };
  const result = await compressJob.run(input, context);
  assert.deepEqual(
    result.layers.map(({ name }) => name),
    ['w0', 'w1'],
  );
  await decompressJob.run(
    { file: { path: out }, out: `${path}.back`, overwrite: true, threads: 1 },
    context,
  );
  assert.deepEqual(readFileSync(`${path}.back`), readFileSync(path));
});
