/** Compression to a goal of a model that looks its inputs up in a table. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openInput } from '../../../src/engine/input.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { mulberry32 } from '../../../src/model/random.ts';
import { graph, model, node, value } from '../../fixtures/onnx-writer.ts';
import { npy } from '../../fixtures/plain-formats.ts';
import { gaussianTensor, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

test('a table is rounded as finely where no sample looked as where they did', async () => {
  const [rows, width, words, samples] = [600, 32, 6, 60];
  const path = join(folder, 'words.onnx');
  const nodes = [
    node('Cast', ['ids'], ['places'], { to: 7 }),
    node('Gather', ['table', 'places'], ['words']),
    node('MatMul', ['words', 'w'], ['y']),
  ];
  writeFileSync(
    path,
    model(
      graph(nodes, {
        initializers: [
          gaussianTensor('table', [rows, width], 1),
          gaussianTensor('w', [width, 16], 2),
        ],
        inputs: [value('ids', ['N', words])],
        outputs: [value('y', ['N', words, 16])],
      }),
    ),
  );
  const random = mulberry32(3);
  const ids = Float32Array.from({ length: samples * words }, () =>
    Math.floor((random() * rows) / 2),
  );
  const data = join(folder, 'ids.npy');
  writeFileSync(data, npy({ name: '', shape: [samples, words], values: ids }));
  const out = join(folder, 'words.dcz');
  const result = await allJobs({ workerFile: undefined, native: true }).compress(
    {
      ...{ file: { path }, out, overwrite: false, recipe: 'calibrated', seed: 1, threads: 1 },
      data: { file: { path: data } },
    },
    new AbortController().signal,
    () => {},
  );
  assert.deepEqual(
    result.layers.map(({ name }) => name),
    ['table', 'w'],
  );
  const [before, after] = [path, out].map((file) => {
    const input = openInput({ path: file });
    const values = new Float64Array(rows * width);
    input.model.reader.readValues(input.model.tensors[0]!, 0, values);
    input.close();
    return values;
  });
  const half = (rows / 2) * width;
  const error = (from: number): number => {
    let sum = 0;
    for (let i = from; i < from + half; i++) sum += (before![i]! - after![i]!) ** 2;
    return Math.sqrt(sum / half);
  };
  assert.ok(error(0) > 0 && error(half) < 1.2 * error(0), `${error(0)}, ${error(half)}`);
  assert.ok(result.fidelity!.kind === 'values' && result.fidelity!.relativeError < 0.1);
});
