/** Stop, pause and resume, in the real worker: a training on onnxruntime-web, as the extension runs it. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { EngineClient } from '../../../src/engine/client.ts';
import { threadHost } from '../../../src/engine/node/job-host.ts';
import type { TrainingEpoch } from '../../../src/engine/protocol-accuracy.ts';
import type { Jobs, Steering } from '../../../src/engine/protocol.ts';
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

/** Inputs of a training that goes on until it is ended. */
function longTraining(folder: string): Jobs['retrain']['input'] {
  const model = join(folder, 'm.onnx');
  writeFileSync(model, lenet300(1, [16, 8]));
  const data = join(folder, 'd.csv');
  writeFileSync(data, stripes(120, 4));
  const stages = [{ kind: 'train', epochs: 10000, schedule: 'constant' }];
  return {
    file: { path: model },
    data: { file: { path: data } },
    out: join(folder, 'out.dcz'),
    overwrite: false,
    recipe: { name: 'long', train: { stages } },
    seed: 1,
    threads: 2,
  };
}

test('a training in the worker is paused, resumed, and stopped with its best kept', async () => {
  const folder = temporaryFolder();
  const { worker } = await buildEngine(folder);
  const client = new EngineClient(threadHost(worker));
  try {
    let steer: (what: Steering) => void = () => {};
    const epochs: TrainingEpoch[] = [];
    const running = client.run(
      'retrain',
      { ...longTraining(folder), threads: 1 },
      {
        onEvent: (e) => void (e.kind === 'epoch' && epochs.push(e.epoch)),
        onStart: (s) => (steer = s),
      },
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
    assert.ok(result.compressed!.decodesExactly);
    assert.ok(result.after!.top1! >= result.before!.top1!);
    assert.deepEqual(
      epochs.map((e) => e.epoch),
      epochs.map((_, i) => i),
    );
  } finally {
    await client.dispose();
  }
});

test('a training on two threads that is ended by force takes them with it', async () => {
  const folder = temporaryFolder();
  const { worker } = await buildEngine(folder);
  const threads = (): number =>
    process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
  const left: number[] = [];
  for (let again = 0; again < 2; again++) {
    // no time to stop by itself: the worker is terminated, mostly inside a run of the graph
    const client = new EngineClient(threadHost(worker), { grace: 0 });
    const controller = new AbortController();
    let epochs = 0;
    let most = 0;
    await assert.rejects(
      client.run('retrain', longTraining(folder), {
        signal: controller.signal,
        onEvent: (e) => {
          most = Math.max(most, threads());
          if (e.kind === 'epoch' && ++epochs === 2) controller.abort();
        },
      }),
      (e: Error & { code?: string }) => e.code === 'cancelled',
    );
    assert.equal(epochs, 2);
    await client.dispose();
    for (let i = 0; i < 100 && threads() > most - 2; i++)
      await new Promise((next) => setTimeout(next, 20));
    left.push(threads());
  }
  // the first may have started threads that node keeps
  assert.ok(left[1]! <= left[0]!, `threads after each run: ${left.join(', ')}`);
});
