/** A preset that distills does not lose to no training; too few samples are said before it starts. */
import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { JobContext } from '../../../src/engine/jobs/define.ts';
import type { RetrainInput } from '../../../src/engine/protocol-train.ts';
import { withoutTraining } from '../../../src/engine/train/without-training.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import type { Score } from '../../../src/train/methods/score.ts';
import { averageCnn } from '../../fixtures/more-networks.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));
const model = join(folder, 'cnn.onnx');
writeFileSync(model, averageCnn(3));
const random = mulberry32(4);
const row = (): string => Array.from({ length: 784 }, () => random().toFixed(3)).join(',');
const data = join(folder, 'inputs.csv');
writeFileSync(data, `${Array.from({ length: 24 }, row).join('\n')}\n`);

const input: RetrainInput = {
  ...{ file: { path: model }, data: { file: { path: data } } },
  ...{ out: join(folder, 'out.dcz'), overwrite: false, seed: 1, threads: 1 },
  recipe: 'deep-compression-distill',
};
const context = {
  runtime: { workerFile: undefined, native: true },
  signal: new AbortController().signal,
  onProgress: () => {},
} as unknown as JobContext;
const score = (top1: number): Score => ({ samples: 10, top1, top5: null, loss: 1 });

test('a trained file that lost its answers is made again without training, which is said first', async () => {
  const scores = { before: score(1), after: score(0.486) };
  const made = await withoutTraining(input, {}, scores, context);
  assert.match(
    made?.note ?? '',
    /^training kept 48\.6 % of the held-out answers, 100\.0 % before:/,
  );
  assert.ok(existsSync(input.out));
  assert.equal(made?.compressed?.recipe, 'calibrated');
  assert.ok(made.compressed.fidelity);
});

test('one that kept them stays, and so does what a recipe of the own says', async () => {
  const kept = { before: score(1), after: score(0.97) };
  assert.equal(await withoutTraining(input, {}, kept, context), undefined);
  const own = { ...input, recipe: { name: 'mine' } };
  const lost = { before: score(1), after: score(0.3) };
  assert.equal(await withoutTraining(own, {}, lost, context), undefined);
});

test('where there is no way without training either, the trained file stays and both are said', async () => {
  const few = join(folder, 'few.csv');
  writeFileSync(few, `${[row(), row(), row()].join('\n')}\n`);
  const poor = { ...input, data: { file: { path: few } } };
  const scores = { before: score(1), after: score(0.5) };
  const made = await withoutTraining(poor, {}, scores, context);
  assert.equal(made?.compressed, undefined);
  assert.match(made?.note ?? '', /training kept 50\.0 %.*3 samples are too few/);
});

test('too few samples to distill from are refused with a number before training', async () => {
  const jobs = allJobs({ workerFile: undefined, native: true });
  const out = join(folder, 'few.dcz');
  await assert.rejects(
    jobs.retrain({ ...input, out }, context.signal, () => {}),
    {
      code: 'invalid-input',
      message: /\d+ samples are too few to distill from: give at least 32, better 1,000/,
    },
  );
  assert.ok(!existsSync(out));
});
