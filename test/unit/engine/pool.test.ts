/** The crew against threads that count, crash and hang. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import { startCrew, type Crew } from '../../../src/engine/pool.ts';
import type { Work } from '../../../src/engine/workbench.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const model = join(folder, 'm.onnx');
writeFileSync(model, smallModel());

/** Answers with what it was asked; the tensor's number says how to misbehave. */
const workerFile = join(folder, 'thread.mjs');
writeFileSync(
  workerFile,
  `import { parentPort, threadId } from 'node:worker_threads';
   let done = 0;
   parentPort.on('message', ({ id, work }) => {
     const until = performance.now() + 2;
     while (performance.now() < until);
     if (work.tensor === 1001) throw new Error('boom');
     if (work.tensor === 1002) process.exit(7);
     if (work.tensor === 1003) for (;;);
     if (work.tensor === 1004) return parentPort.postMessage({ id, error: { code: 'io', message: 'gone', stack: '' } });
     parentPort.postMessage({ id, value: { tensor: work.tensor, threadId, done: ++done } });
   });`,
);

const work = (tensor: number): Work => ({ kind: 'distinct', tensor });
interface Answer {
  readonly tensor: number;
  readonly threadId: number;
  readonly done: number;
}

async function withCrew(
  threads: number,
  use: (crew: Crew, controller: AbortController) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const crew = startCrew({ path: model }, { threads, workerFile, signal: controller.signal });
  try {
    await use(crew, controller);
  } finally {
    await crew.dispose();
  }
}

const isError = (code: string, pattern: RegExp) => (error: unknown) =>
  error instanceof DeepCompressionError && error.code === code && pattern.test(error.message);

test('every piece is answered, by all threads, in whatever order', () =>
  withCrew(3, async (crew) => {
    assert.equal(crew.size, 3);
    const answers = (await Promise.all(
      Array.from({ length: 200 }, (_, i) => crew.perform(work(i))),
    )) as Answer[];
    assert.deepEqual(
      answers.map((a) => a.tensor),
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.equal(new Set(answers.map((a) => a.threadId)).size, 3);
  }));

test('performOnEach reaches every thread after all it had been given', () =>
  withCrew(2, async (crew) => {
    const before = Promise.all([0, 1, 2, 3].map((i) => crew.perform(work(i))));
    await before;
    const answers = (await crew.performOnEach(work(9))) as Answer[];
    assert.equal(new Set(answers.map((a) => a.threadId)).size, 2);
    assert.equal(
      answers.reduce((sum, a) => sum + a.done, 0),
      6,
    );
  }));

test('an error of one piece rejects that piece only, as itself', () =>
  withCrew(2, async (crew) => {
    const [bad, good] = await Promise.allSettled([crew.perform(work(1004)), crew.perform(work(5))]);
    assert.equal(good.status, 'fulfilled');
    assert.ok(bad.status === 'rejected' && isError('io', /^gone$/)(bad.reason));
  }));

for (const [tensor, pattern] of [
  [1001, /^a worker thread stopped unexpectedly \(boom\)$/],
  [1002, /^a worker thread stopped unexpectedly \(exit code 7\)$/],
] as const)
  test(`a dead thread (${tensor}) fails everything under way with one line`, () =>
    withCrew(2, async (crew) => {
      const all = [work(tensor), ...Array.from({ length: 50 }, (_, i) => work(i))];
      const results = await Promise.allSettled(all.map((w) => crew.perform(w)));
      assert.ok(results[0].status === 'rejected' && isError('crashed', pattern)(results[0].reason));
      await assert.rejects(crew.perform(work(1)), isError('crashed', pattern));
      await assert.rejects(crew.performOnEach(work(1)), isError('crashed', pattern));
    }));

test('cancelling rejects at once and ends even a hanging thread', () =>
  withCrew(2, async (crew, controller) => {
    await Promise.all([0, 1, 2, 3].map((i) => crew.perform(work(i)))); // both are up
    const pieces = [1003, 1003, 1, 2, 3].map((t) => crew.perform(work(t)));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const start = performance.now();
    controller.abort();
    for (const p of await Promise.allSettled(pieces))
      assert.ok(p.status === 'rejected' && isError('cancelled', /^cancelled$/)(p.reason));
    const rejected = performance.now() - start;
    await crew.dispose();
    const gone = performance.now() - start;
    assert.ok(rejected < limit(1000), `rejected after ${rejected} ms`);
    assert.ok(gone < limit(5000), `gone after ${gone} ms`);
  }));

test('an aborted signal starts nothing', async () => {
  const crew = startCrew({ path: model }, { threads: 2, workerFile, signal: AbortSignal.abort() });
  await assert.rejects(crew.perform(work(1)), isError('cancelled', /./));
  await crew.dispose();
});

test('without threads the same pieces are done inline, and the event loop turns between them', async () => {
  const controller = new AbortController();
  const crew = startCrew({ path: model }, { threads: 1, workerFile, signal: controller.signal });
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const piece: Work = { kind: 'statistics', tensor: 0, start: 0, length: 200, last: true };
  const results = (await Promise.all(Array.from({ length: 100 }, () => crew.perform(piece)))) as {
    statistics: { values: number };
  }[];
  clearInterval(timer);
  assert.ok(results.every((r) => r.statistics.values === 200));
  assert.ok(turns > 0);
  controller.abort();
  await assert.rejects(crew.perform(piece), isError('cancelled', /./));
  await crew.dispose();
});

test('what cannot be opened is the error of the first piece, or of the crew', async () => {
  const missing = join(folder, 'missing.onnx');
  assert.throws(
    () => startCrew({ path: missing }, { threads: 1, workerFile: undefined }),
    isError('not-found', /missing\.onnx/),
  );
});
