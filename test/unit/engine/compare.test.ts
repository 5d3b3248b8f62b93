/** Two models side by side, against a comparison that is written down plainly. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { graph, model, node, tensor, value, type TensorInit } from '../../fixtures/onnx-writer.ts';
import { smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const jobs = allJobs({ workerFile: undefined });
const never = new AbortController().signal;

/** A model of tensors that Adds use one after another. */
function file(name: string, tensors: readonly TensorInit[]): { readonly path: string } {
  const nodes = tensors.map((t, i) => node('Add', [`x${i}`, t.name ?? ''], [`x${i + 1}`]));
  const path = join(folder, name);
  writeFileSync(
    path,
    model(
      graph(nodes, {
        initializers: tensors,
        inputs: [value('x0', [1])],
        outputs: [value(`x${tensors.length}`, [1])],
      }),
    ),
  );
  return { path };
}

test('compare tells of every tensor what changed, most changed first', async () => {
  const a = [1, -2, 0, 0.5, 4, 0, -8, 0.25];
  const b = [1, 2, 3, 0, 4, 0, -7.5, 0.25];
  const original = file('a.onnx', [
    tensor('same', [2], { values: [1, 2] }),
    tensor('moved', [2, 4], { values: a }),
    tensor('was zero', [2], { values: [0, 0] }),
    tensor('broken', [3], { values: [1, 2, 3] }),
    tensor('reshaped', [4], { values: [1, 2, 3, 4] }),
    tensor('gone', [1], { values: [1] }),
  ]);
  const changed = file('b.onnx', [
    tensor('moved', [2, 4], { values: b }),
    tensor('same', [2], { values: [1, 2] }),
    tensor('was zero', [2], { values: [0, 1] }),
    tensor('broken', [3], { values: [1, NaN, 3] }),
    tensor('reshaped', [2, 2], { values: [1, 2, 3, 4] }),
    tensor('new', [1], { values: [1] }),
  ]);
  const fractions: number[] = [];
  const result = await jobs.compare({ original, changed }, never, (p) =>
    fractions.push(p.fraction),
  );

  assert.deepEqual(
    result.layers.map((l) => l.name),
    ['was zero', 'moved', 'same', 'broken'],
  );
  const moved = result.layers[1];
  const d = b.map((v, i) => v - a[i]);
  const squares = d.reduce((sum, v) => sum + v * v, 0);
  const norm = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
  assert.deepEqual([moved.weights, moved.changed, moved.signFlips], [8, 4, 1]);
  assert.deepEqual([moved.becameZero, moved.becameNonzero], [1, 1]);
  assert.equal(moved.largest, 4);
  assert.equal(moved.l1, 4 + 3 + 0.5 + 0.5);
  assert.equal(moved.rmse, Math.sqrt(squares / 8));
  assert.equal(moved.relative, Math.sqrt(squares) / norm(a));
  const dot = a.reduce((sum, v, i) => sum + v * b[i], 0);
  assert.ok(Math.abs((moved.cosine ?? 0) - dot / (norm(a) * norm(b))) < 1e-12);
  assert.deepEqual([result.layers[0].relative, result.layers[0].cosine], [null, null]);
  assert.deepEqual([result.layers[2].relative, result.layers[2].changed], [0, 0]);

  assert.deepEqual(result.skipped, [{ name: 'reshaped', reason: 'the shapes differ' }]);
  assert.deepEqual([result.onlyInOriginal, result.onlyInChanged], [['gone'], ['new']]);
  const { rmse, ...totals } = result.totals;
  assert.ok(Math.abs(rmse - Math.sqrt((squares + 1) / 15)) < 1e-12);
  assert.deepEqual(totals, {
    layers: 4,
    differing: 3,
    weights: 15,
    changed: 6,
    becameZero: 1,
    becameNonzero: 2,
    signFlips: 1,
    nonFinite: 1,
    largest: 4,
  });
  assert.deepEqual(
    fractions,
    fractions.toSorted((x, y) => x - y),
  );
});

test('a .dcz is compared as the model it restores, and with itself is equal', async () => {
  const original = { path: join(folder, 'small.onnx') };
  const packed = { path: join(folder, 'small.dcz') };
  writeFileSync(original.path, smallModel());
  const made = await jobs.compress(
    {
      ...{ file: original, out: packed.path, overwrite: false },
      ...{ recipe: 'deep-compression', seed: 1, threads: 1 },
    },
    never,
    () => {},
  );
  const result = await jobs.compare({ original, changed: packed }, never, () => {});
  assert.deepEqual([result.original.format, result.changed.format], ['onnx', 'dcz']);
  assert.equal(result.totals.differing, made.layers.length);
  for (const { name, rmse, weights, nonzeros } of made.layers) {
    const layer = result.layers.find((l) => l.name === name) ?? assert.fail(name);
    assert.ok(Math.abs(layer.rmse / rmse - 1) < 1e-6, `${name}: ${layer.rmse}, not ${rmse}`);
    assert.equal(layer.becameZero, weights - nonzeros);
  }
  const same = await jobs.compare({ original: packed, changed: packed }, never, () => {});
  assert.deepEqual([same.totals.differing, same.totals.rmse], [0, 0]);
  assert.ok(same.layers.every((l) => l.cosine === null || Math.abs(l.cosine - 1) < 1e-12));
});

test('compare says which file it cannot read, and stops when cancelled', async () => {
  const original = { path: join(folder, 'a.onnx') };
  const changed = { path: join(folder, 'none.onnx') };
  await assert.rejects(
    jobs.compare({ original, changed }, never, () => {}),
    (e) =>
      e instanceof DeepCompressionError && e.code === 'not-found' && /none\.onnx/.test(e.message),
  );
  const controller = new AbortController();
  controller.abort();
  await assert.rejects(
    jobs.compare({ original, changed: original }, controller.signal, () => {}),
    (e) => e instanceof DeepCompressionError && e.code === 'cancelled',
  );
});
