/**
 * Song Han's published SqueezeNet through the jobs: imported, then coded with exactly its own shared
 * values. The .dcz must be smaller than his file, and the model must come back to the last byte.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { allJobs } from '../../src/engine/jobs/all.ts';
import { temporaryFolder } from '../unit/engine/support.ts';

const shared = join(process.env['DC_SHARED'] ?? join('..', 'shared'), 'data', 'squeezenet');
const folder = temporaryFolder();
const never = new AbortController().signal;
const quiet = (): void => {};

test("Han's SqueezeNet compresses with `keep` to less than 530,000 bytes, losslessly", async (t) => {
  if (!existsSync(shared)) return t.skip(`${shared} is absent`);
  const jobs = allJobs({ workerFile: undefined });
  const weights = { path: join(shared, 'compressed_SqueezeNet.net') };
  const prototxt = { path: join(shared, 'SqueezeNet_deploy.prototxt') };
  const onnx = join(folder, 'squeezenet.onnx');
  const imported = await jobs.import(
    { weights, prototxt, out: onnx, overwrite: false },
    never,
    quiet,
  );
  assert.equal(imported.layers.length, 26);
  await assert.rejects(
    jobs.import({ weights, prototxt, out: onnx, overwrite: false }, never, quiet),
    /already exists/,
  );

  const out = join(folder, 'squeezenet.dcz');
  const result = await jobs.compress(
    { file: { path: onnx }, out, overwrite: false, recipe: 'keep', seed: 1, threads: 1 },
    never,
    quiet,
  );
  assert.ok(result.output.bytes < 530_000, `${result.output.bytes} bytes`);
  assert.ok(result.layers.every((l) => l.rmse === 0));
  const back = join(folder, 'back.onnx');
  await jobs.decompress(
    { file: { path: out }, out: back, overwrite: false, threads: 1 },
    never,
    quiet,
  );
  assert.ok(readFileSync(back).equals(readFileSync(onnx)));
});
