/**
 * Files as strangers have them, evaluated: the right accuracy, and what was taken is told. Each file
 * of test/fixtures/cases once gave a wrong figure, or none.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { encode } from 'fast-png';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { EvaluateInput } from '../../../src/engine/protocol-train.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { npy, npz } from './eie-models.ts';
import { temporaryFolder } from './support.ts';

const cases = 'test/fixtures/cases';
const folder = temporaryFolder();
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const jobs = allJobs({ workerFile: undefined, ortFolder });
const never = new AbortController().signal;
const none = (): void => {};

const evaluate = (model: string, data: string, more: Partial<EvaluateInput> = {}) =>
  jobs.evaluate(
    { file: { path: join(cases, model) }, data: { file: { path: join(cases, data) } }, ...more },
    never,
    none,
  );

const table: readonly (readonly [string, string, number, RegExp])[] = [
  ['npz/m.onnx', 'npz/classes.npz', 44 / 60, /^array x array y class_names$/],
  ['npz/m.onnx', 'npz/strs.npz', 44 / 60, /^array x array y $/],
  ['csv/m13.onnx', 'csv/pandas_numheader13.csv', 1, /^columns 1 to 8 column 9 \(label\) $/],
  ['csv/m13.onnx', 'csv/ok13.csv', 1, /label/],
  ['npz/m.onnx', 'csv/utf16.csv', 44 / 60, /label/],
  ['npz/m.onnx', 'csv/index.csv', 44 / 60, /^columns 2 to 9 .* column 1, which counts the rows$/],
  ['npz/m.onnx', 'csv/comment.csv', 44 / 60, /1 line of comments$/],
  ['batch/dimneg.onnx', 'batch/d.npz', 44 / 60, /x/],
  ['batch/noshape.onnx', 'batch/d.npz', 44 / 60, /x/],
  ['batch/reshape1.onnx', 'batch/d.npz', 44 / 60, /x/],
  ['inputs/label_prob.onnx', 'batch/d.npz', 44 / 60, /x/],
  ['inputs/f16.onnx', 'batch/d.npz', 43 / 60, /x/],
  ['inputs/ids.onnx', 'inputs/ids.npz', 1, /x/],
  ['dot-location/multi.onnx', 'dot-location/d.npz', -1, /x/],
];

for (const [model, data, top1, parts] of table)
  test(`${data} on ${model} is scored on what it holds`, async () => {
    const { taken, ...score } = await evaluate(model, data);
    if (top1 >= 0) assert.equal(score.top1, top1);
    assert.equal(taken.count, score.samples);
    const unused = taken.unused.map((part) => part.replace(/^array /, '')).join(' ');
    assert.match(`${taken.samples} ${taken.labels} ${unused}`, parts);
  });

test('"./" before a location changes nothing', async () => {
  const [dotted, plain] = await Promise.all(
    ['multi', 'nodot'].map((m) => evaluate(`dot-location/${m}.onnx`, 'dot-location/d.npz')),
  );
  assert.equal(dotted!.loss, plain!.loss);
});

test('parts of an .npz are told apart: test to score, train to train', async () => {
  const keras = await evaluate('csv/m13.onnx', 'npz/keras_order.npz');
  assert.deepEqual([keras.taken.samples, keras.taken.labels], ['array x_test', 'array y_test']);
  assert.deepEqual([keras.taken.split, keras.samples], ['test', 20]);
  const file = { path: join(cases, 'npz/keras_order.npz') };
  const train = await evaluate('csv/m13.onnx', '', { data: { file, split: 'train' } });
  assert.deepEqual([train.taken.samples, train.samples], ['array x_train', 40]);
});

test('the output that was scored is told, and --output names another', async () => {
  const { scored } = await evaluate('inputs/label_prob.onnx', 'batch/d.npz');
  assert.deepEqual(scored, { name: 'probabilities', among: ['label', 'probabilities'] });
  await assert.rejects(
    evaluate('inputs/label_prob.onnx', 'batch/d.npz', { output: 'label' }),
    /output is int64, not floating-point/,
  );
  await assert.rejects(
    evaluate('inputs/label_prob.onnx', 'batch/d.npz', { output: 'nope' }),
    /no output nope: it has label, probabilities/,
  );
});

test('a model that fixes the batch inside says so when it is retrained', async () => {
  const recipe = { name: 'r', train: { stages: [{ kind: 'train', epochs: 1 }] } };
  const input = {
    file: { path: join(cases, 'batch/reshape1.onnx') },
    data: { file: { path: join(cases, 'batch/d.npz') } },
    ...{ out: join(folder, 'r.dcz'), overwrite: false, recipe, seed: 1, threads: 1 },
  };
  await assert.rejects(jobs.retrain(input, never, none), /set train\.batch of the recipe to 1/);
  const one = { ...recipe, minimumWeights: 0, train: { ...recipe.train, batch: 1 } };
  const { taken, after } = await jobs.retrain({ ...input, recipe: one }, never, none);
  assert.equal(taken?.samples, 'array x');
  assert.equal(after?.samples, 6);
  const open = { ...input, file: { path: join(cases, 'batch/dimneg.onnx') } };
  const left = { ...open, out: join(folder, 'open.dcz'), recipe: { ...recipe, minimumWeights: 0 } };
  assert.equal((await jobs.retrain(left, never, none)).after?.samples, 6);
});

test('pictures without class folders take the labels of a file, in the order of their names', async () => {
  const pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  const data = new Uint8Array(784).fill(7);
  for (const name of ['b', 'a', 'c'])
    writeFileSync(
      join(pictures, `${name}.png`),
      encode({ width: 28, height: 28, channels: 1, depth: 8, data }),
    );
  writeFileSync(join(folder, 'labels.txt'), 'label\n3\n1\n2\n');
  writeFileSync(join(folder, 'm.onnx'), lenet300(1, [16, 8]));
  const input = { file: { path: join(folder, 'm.onnx') } };
  const labels = { path: join(folder, 'labels.txt') };
  const { taken } = await jobs.evaluate(
    { ...input, data: { file: { path: pictures }, labels } },
    never,
    none,
  );
  assert.deepEqual([taken.samples, taken.kind, taken.count], ['its images', 'class numbers', 3]);
  writeFileSync(labels.path, '1\n2\n');
  await assert.rejects(
    jobs.evaluate({ ...input, data: { file: { path: pictures }, labels } }, never, none),
    /3 images but 2 labels/,
  );
});

test('arrays whose names say nothing are told by which one fits, or asked for', async () => {
  const x = npy(
    [4, 8],
    Float32Array.from({ length: 32 }, (_, i) => i),
  );
  const y = npy([4], Float32Array.of(0, 1, 2, 3));
  const path = join(folder, 'unnamed.npz');
  const file = { path: join(cases, 'npz/m.onnx') };
  const run = (arrays: Record<string, Uint8Array>) => {
    writeFileSync(path, npz(arrays));
    return jobs.evaluate({ file, data: { file: { path } } }, never, none);
  };
  const { taken } = await run({ arr_0: y, arr_1: x });
  assert.deepEqual([taken.samples, taken.labels], ['array arr_1', 'array arr_0']);
  await assert.rejects(run({ arr_0: x, arr_1: x, arr_2: y }), (error: Error) => {
    assert.ok(error instanceof DeepCompressionError);
    assert.match(error.message, /arr_0, arr_1, arr_2 are samples and labels is not clear/);
    return true;
  });
});
