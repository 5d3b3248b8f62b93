/** Stop, pause and resume, in the real worker: a training on onnxruntime-web, as the extension runs it. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { EngineClient } from '../../../src/engine/client.ts';
import { threadHost } from '../../../src/engine/job-host.ts';
import type { TrainingEpoch } from '../../../src/engine/protocol-accuracy.ts';
import type { Steering } from '../../../src/engine/protocol.ts';
import { Steered } from '../../../src/engine/steered.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { stripes } from '../../fixtures/stripes.ts';
import { buildEngine, temporaryFolder } from './support.ts';

test('a job waits from pause to resume, and is stopped for good', async () => {
  const steered = new Steered();
  assert.equal(steered.paused(), undefined);
  steered.steer('pause');
  steered.steer('pause');
  let woke = false;
  const waiting = steered.paused()!.then(() => (woke = true));
  await new Promise((next) => setImmediate(next));
  assert.equal(woke, false);
  steered.steer('resume');
  await waiting;
  assert.equal(steered.paused(), undefined);
  steered.steer('pause');
  steered.steer('stop'); // also wakes it
  assert.equal(steered.paused(), undefined);
  assert.equal(steered.stopped(), true);
});

test('a training in the worker is paused, resumed, and stopped with its best kept', async () => {
  const folder = temporaryFolder();
  const { worker } = await buildEngine(folder);
  const model = join(folder, 'm.onnx');
  writeFileSync(model, lenet300(1, [16, 8]));
  const data = join(folder, 'd.csv');
  writeFileSync(data, stripes(120, 4));
  const client = new EngineClient(threadHost(worker));
  try {
    let steer: (what: Steering) => void = () => {};
    const epochs: TrainingEpoch[] = [];
    const running = client.run(
      'retrain',
      {
        file: { path: model },
        data: { file: { path: data } },
        out: join(folder, 'out.dcz'),
        overwrite: false,
        recipe: {
          name: 'long',
          train: { stages: [{ kind: 'train', epochs: 10000, schedule: 'constant' }] },
        },
        seed: 1,
        threads: 1,
      },
      { onProgress: (p) => void (p.epoch && epochs.push(p.epoch)), onStart: (s) => (steer = s) },
    );
    const until = async (count: number): Promise<void> => {
      while (epochs.length < count) await new Promise((next) => setTimeout(next, 5));
    };
    await until(3);
    steer('pause');
    await new Promise((next) => setTimeout(next, 150));
    const paused = epochs.length;
    await new Promise((next) => setTimeout(next, 250));
    assert.equal(epochs.length, paused);
    steer('resume');
    await until(paused + 3);
    steer('stop');
    const result = await running;
    assert.equal(result.end, 'stopped');
    assert.equal(result.runtime, 'onnxruntime-web');
    assert.ok(result.compressed!.verified);
    assert.ok(result.after!.top1! >= result.before!.top1!);
    assert.deepEqual(
      epochs.map((e) => e.epoch),
      epochs.map((_, i) => i),
    );
  } finally {
    await client.dispose();
  }
});
