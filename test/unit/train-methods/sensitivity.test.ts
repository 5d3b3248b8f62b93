/** The scan against the weights changed by hand and evaluated by the job. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
const jobs = allJobs({ workerFile: undefined, ortFolder, native: true });
const none = new AbortController().signal;

test('every point is the accuracy of the model with that layer changed', async () => {
  const model = lenet300(1, [20, 12]);
  const path = join(folder, 'm.onnx');
  writeFileSync(path, model);
  const random = mulberry32(9);
  const rows = Array.from({ length: 200 }, (_, i) => {
    const pixels = Array.from({ length: 784 }, () => Math.round(random() * 9) / 10);
    return [...pixels, i % 10].join(',');
  });
  const csv = join(folder, 'd.csv');
  writeFileSync(csv, `${rows.join('\n')}\n`);
  const data = { file: { path: csv } };
  const file = { path };
  const progress: number[] = [];
  const result = await jobs.sensitivity(
    { file, data, sparsities: [0.5, 0.9], bits: [1, 8] },
    none,
    (p) => progress.push(p.fraction),
  );
  const baseline = await jobs.evaluate({ file, data }, none, () => {});
  assert.equal(result.baseline.top1, baseline.top1);
  assert.deepEqual(
    result.layers.map((l) => l.name),
    ['ip1.weight', 'ip2.weight', 'ip3.weight'],
  );
  for (const layer of result.layers)
    for (const point of layer.pruned) {
      const proto = fromBinary(ModelProtoSchema, model);
      const tensor = proto.graph!.initializer.find((t) => t.name === layer.name)!;
      const values = new Float32Array(tensor.rawData.slice().buffer);
      const order = [...values.keys()].sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!));
      for (const i of order.slice(0, Math.round(values.length * point.sparsity))) values[i] = 0;
      tensor.rawData = new Uint8Array(values.buffer);
      const changed = join(folder, 'changed.onnx');
      writeFileSync(changed, toBinary(ModelProtoSchema, proto));
      const expected = await jobs.evaluate({ file: { path: changed }, data }, none, () => {});
      assert.equal(point.top1, expected.top1);
      assert.ok(Math.abs(point.loss - expected.loss) < 1e-5);
    }
  const eight = result.layers[0]!.shared.find((p) => p.bits === 8)!;
  const one = result.layers[0]!.shared.find((p) => p.bits === 1)!;
  assert.ok(Math.abs(eight.loss - baseline.loss) < 0.01);
  assert.ok(Math.abs(one.loss - baseline.loss) > Math.abs(eight.loss - baseline.loss));
  assert.deepEqual(
    result.kinds.map((k) => k.kind),
    ['fc'],
  );
  assert.equal(progress.at(-1), 1);
});

test('widths and shares out of range are refused', async () => {
  const path = join(folder, 'm.onnx');
  const data = { file: { path: join(folder, 'd.csv') } };
  for (const wrong of [{ bits: [9] }, { sparsities: [1] }])
    await assert.rejects(
      jobs.sensitivity({ file: { path }, data, ...wrong }, none, () => {}),
      {
        code: 'invalid-input',
      },
    );
});
