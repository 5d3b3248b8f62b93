/** The inspector's questions through the real worker: sharing, changes on disk, loss, cancelling. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { EngineClient, type ClientOptions } from '../../../src/engine/client.ts';
import type { JobHost, OpenHost } from '../../../src/engine/job-host.ts';
import { threadHost } from '../../../src/engine/node/job-host.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import { ViewHandle } from '../../../src/engine/view-handle.ts';
import { decodeAhead } from '../../../src/engine/decode-ahead.ts';
import { openInput, sharedInput } from '../../../src/engine/input.ts';
import { ViewRoom } from '../../../src/engine/view-room.ts';
import { answer } from '../../../src/engine/questions/all.ts';
import { checkInput } from '../../../src/engine/validate.ts';
import type { ViewInput } from '../../../src/engine/protocol-view.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { buildEngine, smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const small = join(folder, 'small.onnx');
const packed = join(folder, 'small.dcz');
const big = join(folder, 'big.onnx');
let worker: string;
let client: EngineClient;

before(async () => {
  writeFileSync(small, smallModel());
  writeFileSync(big, smallModel({ hidden: 60_000 })); // fc1: 128 x 60,000
  ({ worker } = await buildEngine(folder));
  client = new EngineClient(threadHost(worker), { idle: 100 });
  await client.run('compress', {
    ...{ file: { path: small }, out: packed, overwrite: false },
    ...{ recipe: 'deep-compression', seed: 1, threads: 1 },
  });
});
after(() => client.dispose());

const withCode = (code: string) => (error: unknown) =>
  error instanceof DeepCompressionError && error.code === code;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('every question is answered through the worker, typed arrays and all', async () => {
  const model = await ViewHandle.open(client, { path: packed });
  const original = await ViewHandle.open(client, { path: small });
  const { layers, format } = model.overview;
  assert.equal(format, 'dcz');
  const { layer } = layers.find((l) => l.name === 'fc1.weight') ?? assert.fail();
  const { measures } = await model.ask('measure', { layers: [layer] });
  assert.equal(measures[0].weights, 128 * 64);
  const range = [-1, 1] as const;
  const h = await model.ask('histogram', { layer, scale: 'linear', bins: 20, range });
  assert.ok(h.edges instanceof Float64Array);
  const channels = ['nonzeros', 'mean'] as const;
  const at = { layout: 'matrix', level: 3, x: 0, y: 0, size: 16, channels } as const;
  const tile = await model.ask('tile', { layer, ...at });
  assert.ok(tile.nonzeros instanceof Uint32Array && tile.mean instanceof Float32Array);
  assert.equal(
    tile.nonzeros.reduce((a, b) => a + b, 0),
    measures[0].weights - measures[0].zeros,
  );
  const change = await model.ask('tile', { layer, minus: layer, ...at }, { other: original });
  assert.ok((change.nonzeros?.[0] ?? 0) > 0, 'weights changed');
  await model.ask('marginals', { layer, layout: 'matrix' });
  await model.ask('pattern', { layer });
  const book = await model.ask('codebook', { layer, original: layer }, { other: original });
  assert.ok(Math.abs((book.errors?.rmse ?? 0) - (book.rmse ?? 1)) < 1e-9);
  await model.ask('huffman', { layer, stream: 'values' });
  await model.ask('stream', { layer, from: { entry: 0 }, count: 10 });
  const { pairs } = await model.ask('pairs', {}, { other: original });
  assert.equal(pairs.length, layers.length);
  const { differences, failed } = await model.ask('difference', { pairs }, { other: original });
  assert.deepEqual([differences.length, failed.length], [layers.length, 0]);
  await model.ask('flow', {});
  const attachment = await model.ask('export', { format: 'netron' });
  assert.ok('signature' in attachment);
  await assert.rejects(model.ask('pairs', {}), withCode('invalid-input'));
  await Promise.all([model.close(), original.close()]);
});

test('threads decode blocks of an open file, until it is closed', async (t) => {
  const input = sharedInput({ path: packed });
  const threads = decodeAhead(input, worker);
  if (threads === undefined) return t.skip('there is one processor');
  const opened = openInput(input);
  const { coded } = opened.dcz?.tensors[0] ?? assert.fail();
  opened.close();
  const codes = await threads.decode(0, 0);
  assert.equal(codes.length, coded.weights);
  assert.ok(codes.every((code) => code < coded.codebook.length));
  threads.close();
  await assert.rejects(threads.decode(0, 0), withCode('cancelled'));
});

test('two handles on one file share one model, and the last one closes it', async () => {
  const room = new ViewRoom();
  const a = room.open({ path: small });
  const b = room.open({ path: join(folder, '.', 'small.onnx') });
  assert.equal(a.model, b.model);
  assert.notEqual(a.view, b.view);
  assert.deepEqual([room.size.models, room.size.handles], [1, 2]);
  const never = { signal: new AbortController().signal, onFraction: () => {} };
  await a.model.marginals({ layer: 0 }, 'matrix', never);
  assert.ok(room.size.bytes > 0);
  room.close(a.view);
  room.close(a.view);
  assert.equal(room.model(b.view), b.model);
  room.close(b.view);
  assert.deepEqual(room.size, { models: 0, handles: 0, bytes: 0 });
  assert.throws(() => room.model(b.view), withCode('changed'));
  const label = 'a.onnx';
  const bytes = smallModel();
  const c = room.open({ label, bytes });
  assert.equal(room.open({ label, bytes: bytes.slice() }).model, c.model, 'by content, too');
});

test('a file that changed answers nothing more; opening it again gives what is there now', async () => {
  const path = join(folder, 'changing.onnx');
  writeFileSync(path, smallModel({ hidden: 32 }));
  const before = await ViewHandle.open(client, { path });
  await before.ask('measure', { layers: [0] });
  await pause(20);
  writeFileSync(path, smallModel({ hidden: 48 }));
  await assert.rejects(before.ask('measure', { layers: [1] }), withCode('changed'));
  const now = await ViewHandle.open(client, { path });
  assert.notEqual(now.stamp, before.stamp);
  assert.notEqual(now.overview.parameters, before.overview.parameters);
  await now.ask('measure', { layers: [0] });
  await assert.rejects(before.ask('measure', { layers: [1] }), withCode('changed'));
  await Promise.all([before.close(), now.close()]);
  await assert.rejects(now.ask('overview', {}), withCode('changed'));
  rmSync(path);
});

/** A client, and the workers it has at the time. */
function watched(options?: ClientOptions): { engine: EngineClient; workers: Set<JobHost> } {
  const workers = new Set<JobHost>();
  const open: OpenHost = (events) => {
    const made = threadHost(worker)(events);
    const counted = { ...made, terminate: () => (workers.delete(counted), made.terminate()) };
    workers.add(counted);
    return counted;
  };
  return { engine: new EngineClient(open, options), workers };
}

test('an open view keeps the worker; it goes when the last is closed', async () => {
  const { engine, workers } = watched({ idle: 60 });
  const view = await ViewHandle.open(engine, { path: small });
  await pause(250);
  assert.equal(workers.size, 1);
  await view.close();
  await pause(250);
  assert.equal(workers.size, 0);
  await engine.dispose();
});

test('a lost worker is not noticed: the view opens again by itself', async () => {
  const { engine, workers } = watched();
  const [a, b] = await Promise.all([
    ViewHandle.open(engine, { path: small }),
    ViewHandle.open(engine, { path: packed }),
  ]);
  await [...workers][0]?.terminate();
  const [m, d] = await Promise.all([
    b.ask('measure', { layers: [0] }),
    b.ask('difference', { pairs: [{ layer: 0, other: 0 }] }, { other: a }),
    a.ask('overview', {}),
  ]);
  assert.equal(m.measures.length, 1);
  assert.equal(d.differences.length, 1);
  await engine.dispose();
});

test('closing in the middle of a computation ends it, and tiles come before statistics', async () => {
  const view = await ViewHandle.open(client, { path: big });
  const { layer } = view.overview.layers.find((l) => l.name === 'fc1.weight') ?? assert.fail();
  const stop = new AbortController();
  const slow = view.ask('measure', { layers: [layer] }, { signal: stop.signal });
  const order: string[] = [];
  const background = slow.then(
    () => order.push('measure'),
    () => order.push('cancelled'),
  );
  const place = { layout: 'matrix', level: 0, x: 0, y: 0, size: 256 } as const;
  await view.ask('tile', { layer, ...place, channels: ['values'] });
  order.push('tile');
  stop.abort();
  await background;
  assert.deepEqual(order, ['tile', 'cancelled']);
  await view.close();
});

test('what a file causes in one layer does not keep the others from being measured', async () => {
  const jobs = allJobs({ workerFile: undefined });
  const never = new AbortController().signal;
  const { view, overview } = await jobs.openView({ file: { path: small } }, never, () => {});
  const ask = (input: object) => jobs.view({ view, ...input } as ViewInput, never, () => {});
  const count = overview.layers.length;
  const found = await ask({ name: 'measure', query: { layers: [0, 99, 1, -1, 0.5] } });
  assert.ok('measures' in found && 'failed' in found);
  assert.deepEqual(
    found.measures.map((m) => m.layer),
    [0, 1],
  );
  assert.deepEqual(
    found.failed.map((f) => f.layer),
    [99, -1, 0.5],
  );
  assert.equal(count, 5);
  await assert.rejects(
    async () => ask({ name: 'constructor', query: {} }),
    withCode('invalid-input'),
  );
  await jobs.closeView({ view }, never, () => {});
});

test('malformed questions are refused in one line', async () => {
  const good = { view: 1, name: 'tile', query: { layer: 0 } };
  checkInput('view', good);
  for (const bad of [
    { ...good, view: 0 },
    { ...good, other: 'x' },
    { ...good, name: 1 },
    { ...good, query: null },
  ])
    assert.throws(() => checkInput('view', bad), withCode('invalid-input'));
  const asked = null as never; // not reached
  for (const bad of [
    { layer: { a: 1 }, channels: ['max'] },
    { layer: 0 },
    { layer: 0, channels: ['another'] },
  ])
    await assert.rejects(answer('tile', bad, asked), withCode('invalid-input'));
});

test('a file that is no model, and one that is not there, say so when they are opened', async () => {
  const path = join(folder, 'broken.onnx');
  writeFileSync(path, readFileSync(small).subarray(0, 200));
  await assert.rejects(ViewHandle.open(client, { path }), withCode('invalid-model'));
  await assert.rejects(ViewHandle.open(client, { path: `${path}.not` }), withCode('not-found'));
});
