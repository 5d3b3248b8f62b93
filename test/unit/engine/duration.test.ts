/** How long a compression takes is said before it: from the model's size, and from samples where it trains. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { DurationInput } from '../../../src/engine/protocol-train.ts';

const cases = 'test/fixtures/cases/npz';
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const jobs = allJobs({ workerFile: undefined, ortFolder });
const foreseen = (more: Omit<DurationInput, 'file'>) =>
  jobs.duration(
    { file: { path: join(cases, 'm.onnx') }, ...more },
    new AbortController().signal,
    () => {},
  );

test('a compression is foreseen from the weights, a retraining from samples, epochs and steps', async () => {
  const data = { file: { path: join(cases, 'strs.npz') } };
  const coded = await foreseen({ recipe: 'safe', data });
  assert.deepEqual([coded.epochs, coded.samples], [0, 0]);
  assert.ok(coded.seconds > 0);
  const stages = [
    { kind: 'prune', steps: 3, epochs: 2 },
    { kind: 'share', epochs: 5 },
  ];
  const trained = await foreseen({ recipe: { name: 'mine', train: { stages } }, data });
  assert.deepEqual([trained.epochs, trained.samples], [11, 60]);
  assert.ok(trained.seconds > coded.seconds);
});
