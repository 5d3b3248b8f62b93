/** The jobs as the extension runs them: in the real worker, on threads, several at a time. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import { EngineClient } from '../../../src/engine/client.ts';
import { threadHost } from '../../../src/engine/node/job-host.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { Progress } from '../../../src/engine/protocol.ts';
import type { CompressInput } from '../../../src/engine/protocol-model.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { buildEngine, smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const small = join(folder, 'small.onnx');
const big = join(folder, 'big.onnx');
const never = new AbortController().signal;
let client: EngineClient;

before(async () => {
  writeFileSync(small, smallModel());
  writeFileSync(big, smallModel({ hidden: 30_000 })); // 4.1M weights
  const { worker } = await buildEngine(folder);
  client = new EngineClient(threadHost(worker), { grace: limit(5000) });
});
after(() => client.dispose());

const compress = (path: string, out: string): CompressInput => ({
  file: { path },
  out: join(folder, out),
  overwrite: false,
  recipe: 'deep-compression',
  seed: 1,
  threads: 2,
});
const leftovers = (): string[] => readdirSync(folder).filter((f) => f.endsWith('.tmp'));
const withCode = (code: string) => (error: unknown) =>
  error instanceof DeepCompressionError && error.code === code;

test('jobs run side by side in the worker and give what they give inline', async () => {
  const seen: Progress[] = [];
  const results = await Promise.all([
    client.run('compress', compress(big, 'a.dcz'), { onProgress: (p) => seen.push(p) }),
    client.run('compress', compress(small, 'b.dcz')),
    client.run('inspect', { file: { path: big }, statistics: true }),
    client.run('presets', {}),
  ]);
  const fractions = seen.map((p) => p.fraction);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
  );
  assert.ok(seen.some((p) => p.stage === 'verify' && p.layer === 'fc1.weight'));
  assert.deepEqual(results[0].layers.map((l) => l.name).includes('fc1.weight'), true);

  const ortFolder = join(process.cwd(), 'node_modules', 'onnxruntime-web', 'dist');
  const inline = allJobs({ workerFile: undefined, ortFolder }); // the file states what the runtime found
  const alone = await inline.compress({ ...compress(big, 'c.dcz'), threads: 1 }, never, () => {});
  const other = { seconds: 0, output: 0, fidelity: 0, notMeasured: 0 };
  assert.deepEqual({ ...alone, ...other }, { ...results[0], ...other });
  assert.ok(readFileSync(join(folder, 'a.dcz')).equals(readFileSync(join(folder, 'c.dcz'))));
  assert.deepEqual(
    await inline.inspect({ file: { path: big }, statistics: true, threads: 1 }, never, () => {}),
    results[2],
  );
});

test('content instead of a path reaches the threads too, and comes back as a file', async () => {
  const bytes = new Uint8Array(readFileSync(big));
  const file = { label: 'virtual/big.onnx', bytes };
  const result = await client.run('compress', { ...compress(big, 'virtual.dcz'), file });
  assert.equal(result.input.path, 'virtual/big.onnx');
  assert.ok(readFileSync(join(folder, 'virtual.dcz')).equals(readFileSync(join(folder, 'a.dcz'))));
  const packed = new Uint8Array(readFileSync(join(folder, 'virtual.dcz')));
  const report = await client.run('report', { file: { label: 'virtual.dcz', bytes: packed } });
  assert.deepEqual(report.layers, result.layers);
  const out = join(folder, 'virtual.onnx');
  await client.run('decompress', {
    file: { label: 'virtual.dcz', bytes: packed },
    out,
    overwrite: false,
    threads: 2,
  });
  assert.equal(readFileSync(out).length, bytes.length);
});

for (const stage of ['analyse', 'encode', 'verify'])
  test(`a compression cancelled while it is at "${stage}" stops and leaves nothing`, async () => {
    const controller = new AbortController();
    const other = client.run('inspect', { file: { path: small }, statistics: true });
    let asked = 0;
    const job = client.run('compress', compress(big, `stop-${stage}.dcz`), {
      signal: controller.signal,
      onProgress: (p) => {
        if (p.stage !== stage || controller.signal.aborted) return;
        asked = performance.now();
        controller.abort();
      },
    });
    await assert.rejects(job, withCode('cancelled'));
    assert.ok(asked > 0);
    assert.equal((await other).layers.length, 5);
    assert.equal(existsSync(join(folder, `stop-${stage}.dcz`)), false);
    assert.deepEqual(leftovers(), []);
    // The same worker is alive: it did not have to be ended by force.
    await client.run('presets', {});
  });

test('what a job refuses keeps its code', async () => {
  await assert.rejects(
    client.run('compress', { ...compress(small, 'x.dcz'), recipe: 'nope' }),
    withCode('invalid-recipe'),
  );
  await assert.rejects(
    client.run('compress', { ...compress(small, 'x.dcz'), threads: 0 }),
    withCode('invalid-input'),
  );
  await assert.rejects(
    client.run('inspect', { file: { path: join(folder, 'no.onnx') }, statistics: true }),
    withCode('not-found'),
  );
  await assert.rejects(
    client.run('compress', { ...compress(small, 'small.onnx'), overwrite: true }),
    withCode('invalid-input'),
  );
});

test('structure alone is inspected without statistics', async () => {
  const { layers } = await client.run('inspect', { file: { path: small }, statistics: false });
  assert.ok(layers.every((l) => l.zeros === null && l.distinct === null && l.std === null));
});
