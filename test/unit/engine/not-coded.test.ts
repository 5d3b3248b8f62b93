/** Large tensors that a compression leaves alone are named with the reason, in the run and in the report. */
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { CompressResult, ReportResult } from '../../../src/engine/protocol-model.ts';
import { compressJob } from '../../../src/engine/jobs/compress.ts';
import { reportJob } from '../../../src/engine/jobs/report.ts';
import { graph, model, node, tensor, value } from '../../fixtures/onnx-writer.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const context = {
  signal: new AbortController().signal,
  onProgress: () => {},
  onEvent: () => {},
  runtime: { workerFile: undefined },
} as never;

async function compressed(
  file: string,
  recipe: string | object,
): Promise<[CompressResult, ReportResult]> {
  const out = join(folder, `${file}.dcz`);
  const input = {
    file: { path: join(folder, file) },
    out,
    overwrite: true,
    recipe,
    seed: 1,
    threads: 1,
  };
  const result = await compressJob.run(input, context);
  return [result, await reportJob.run({ file: { path: out } }, context)];
}

test('quantized weights are named, and the report of the file says the same', async () => {
  for (const file of ['qdq.onnx', 'nbits.onnx']) {
    copyFileSync(join('test/fixtures/cases/quantized', file), join(folder, file));
    const [result, report] = await compressed(file, 'deep-compression');
    const quantized = result.notCoded.filter(({ dtype }) => /^u?int/.test(dtype));
    assert.ok(quantized.length > 0, file);
    for (const { reason } of quantized)
      assert.match(reason, /quantized already \(.*\), and its bytes would not become smaller/);
    assert.deepEqual(report.notCoded, result.notCoded);
  }
});

test('embeddings, unused tensors, skipped layers and what the run found out are named', async () => {
  const nodes = [
    node('Gather', ['table', 'ids'], ['rows']),
    node('MatMul', ['rows', 'w'], ['h']),
    node('MatMul', ['h', 'bad'], ['y']),
  ];
  const initializers = [
    tensor('table', [100, 16]),
    tensor('w', [16, 32]),
    tensor('bad', [32, 32], { values: Array<number>(1024).fill(NaN) }),
    tensor('unused', [32, 32]),
    tensor('small', [2]),
  ];
  const bytes = model(graph(nodes, { initializers, inputs: [value('ids', [4])] }));
  writeFileSync(join(folder, 'e.onnx'), bytes);
  const recipe = { name: 'r', layers: { w: { skip: true } } };
  const [result] = await compressed('e.onnx', recipe);
  const reasons = Object.fromEntries(result.notCoded.map((t) => [t.name, t.reason]));
  assert.match(reasons['table']!, /add embedding to its roles/);
  assert.equal(reasons['w'], 'the recipe says skip');
  assert.equal(reasons['bad'], 'it has values that are not finite');
  assert.match(reasons['unused']!, /no operator uses it/);
  assert.equal(reasons['small'], undefined);
  assert.deepEqual(
    result.notCoded.map((t) => t.name),
    ['table', 'bad', 'unused', 'w'],
  );
  assert.deepEqual(result.notes, []);
});
