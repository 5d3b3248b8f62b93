/** simulate and sweep in the real worker: kept layers, cancelling, selections, and what travels. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import { EngineClient } from '../../../src/engine/client.ts';
import { threadHost } from '../../../src/engine/node/job-host.ts';
import { allJobs } from '../../../src/engine/jobs/all.ts';
import type { SimulateInput, SweepInput } from '../../../src/engine/protocol-eie.ts';
import type { Progress } from '../../../src/engine/protocol.ts';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { layersModel, noise, npy, npz } from './eie-models.ts';
import { buildEngine, smallModel, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const ortFolder = 'node_modules/onnxruntime-web/dist';
const alex7: SimulateInput = { source: { kind: 'workload', name: 'alex-7' }, seed: 1 };
let client: EngineClient;

before(async () => {
  const { worker } = await buildEngine(folder);
  client = new EngineClient(threadHost(worker));
});
after(() => client.dispose());

async function timed<T>(run: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const start = performance.now();
  const result = await run();
  return { result, ms: performance.now() - start };
}

test('a slider asks again with another machine and gets what a fresh run gives', async () => {
  const steps = [{ fifo: 2 }, { sramWidth: 128 }, { pe: 32 }, { pe: 128, fifo: 16 }, {}];
  await client.run('simulate', { ...alex7, timelineBins: 256 });
  for (const machine of steps) {
    const { result } = await timed(() =>
      client.run('simulate', { ...alex7, machine, timelineBins: 256 }),
    );
    const fresh = allJobs({ workerFile: undefined, ortFolder });
    const expected = await fresh.simulate(
      { ...alex7, machine, timelineBins: 256 },
      new AbortController().signal,
      () => {},
    );
    assert.deepEqual(result, expected);
    const [layer] = result.layers;
    assert.ok(layer.perPe.busy instanceof Int32Array);
    assert.ok(layer.timeline?.queue instanceof Float32Array);
    assert.equal(layer.timeline.queue.length, layer.timeline.bins * layer.machine.pe);
    assert.ok(layer.timeline.bins <= 256);
  }
});

test('kept layers belong to the content: a changed file, sample or seed is prepared anew', async () => {
  const path = join(folder, 'model.onnx');
  const input = join(folder, 'sample.npy');
  const run = async (seed = 1) => {
    const ask: SimulateInput = {
      source: { kind: 'model', file: { path } },
      seed,
      input: { path: input },
    };
    return (await client.run('simulate', ask)).layers.map((l) => l.outputSha256).join();
  };
  writeFileSync(path, smallModel({ seed: 1 }));
  writeFileSync(input, npy([1, 1, 8, 8], noise(64, 1)));
  const first = await run();
  assert.equal(await run(), first);
  writeFileSync(input, npy([8, 8, 1, 1], noise(64, 2)).slice());
  await assert.rejects(run(), /does not fit input image/);
  writeFileSync(input, npy([1, 8, 8], noise(64, 2)));
  const second = await run();
  assert.notEqual(second, first);
  writeFileSync(path, smallModel({ seed: 9 }));
  assert.notEqual(await run(), second);
});

test('some layers can be asked for, in any order, and an impossible one is an error', async () => {
  const source = { kind: 'workload' as const, name: 'all' };
  const some = await client.run('simulate', { source, seed: 1, layers: [6, 2] });
  assert.deepEqual(
    some.layers.map((l) => [l.index, l.name]),
    [
      [6, 'NT-We'],
      [2, 'Alex-8'],
    ],
  );
  assert.equal(some.available.length, 9);
  await assert.rejects(client.run('simulate', { source, seed: 1, layers: [9] }), /no layer 9/);
});

test('a model in memory is simulated on a sample in memory', async () => {
  const sample = npz({
    image: npy([1, 6, 12, 11], noise(792, 3)),
    sequence: npy([5, 1, 20], noise(100, 4)),
  });
  const progress: Progress[] = [];
  const result = await client.run(
    'simulate',
    {
      source: { kind: 'model', file: { label: 'mem.onnx', bytes: layersModel() } },
      input: { label: 'mem.npz', bytes: new Uint8Array(sample) },
      seed: 1,
      measureHost: true,
    },
    { onProgress: (p) => progress.push(p) },
  );
  assert.ok(result.layers.length >= 4);
  assert.ok(result.layers.every((l) => l.activations.from === 'sample'));
  assert.ok(result.layers.every((l) => l.thisMachine && l.thisMachine.sparseUs > 0));
  assert.equal(result.config.input, 'mem.npz');
  const fractions = progress.map((p) => p.fraction);
  assert.deepEqual(
    fractions,
    fractions.toSorted((a, b) => a - b),
  );
});

async function cancelTime(start: (signal: AbortSignal, begun: () => void) => Promise<unknown>) {
  const stop = new AbortController();
  let begun = (): void => {};
  const first = new Promise<void>((resolve) => (begun = resolve));
  const job = start(stop.signal, begun);
  const failed = assert.rejects(
    job,
    (e: unknown) => e instanceof DeepCompressionError && e.code === 'cancelled',
  );
  await first;
  const from = performance.now();
  stop.abort();
  await failed;
  return performance.now() - from;
}

test('a cancelled sweep stops at once, on threads and on one', async (t) => {
  const sweep = (threads: number): SweepInput => ({
    source: { kind: 'workload', name: 'alex-6' },
    seed: 1,
    threads,
    axes: [
      { name: 'fifo', values: [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96] },
      { name: 'pe', values: Array.from({ length: 40 }, (_, i) => 1 + i) },
      { name: 'sram-width', values: [32, 64, 128, 256] },
    ],
  });
  for (const threads of [1, 2]) {
    const ms = await cancelTime((signal, begun) =>
      client.run('sweep', sweep(threads), {
        signal,
        onProgress: (p) => p.stage === 'sweep' && begun(),
      }),
    );
    t.diagnostic(`${threads} thread(s): ${ms.toFixed(0)} ms`);
    assert.ok(ms < limit(3000), `${threads} thread(s): ${ms} ms`); // all of it: minutes
  }
  const after = await client.run('simulate', { ...alex7, layers: [0] });
  assert.equal(after.layers.length, 1); // the worker is still there
});

test('a cancelled preparation of a model stops as well', async (t) => {
  const file = { label: 'big.onnx', bytes: smallModel({ hidden: 10_000 }) };
  const ms = await cancelTime((signal, begun) =>
    client.run(
      'simulate',
      { source: { kind: 'model', file }, seed: 1 },
      { signal, onProgress: (p) => p.stage === 'run the model' && begun() },
    ),
  );
  t.diagnostic(`${ms.toFixed(0)} ms`);
  assert.ok(ms < limit(3000), `${ms} ms`);
});

test('threads and one thread sweep to the same points', async () => {
  const input = (threads: number): SweepInput => ({
    source: { kind: 'workload', name: 'nt-lstm' },
    seed: 2,
    threads,
    axes: [
      { name: 'fifo', values: [2, 4, 8, 16, 32, 64] },
      { name: 'pe', values: [1, 8, 64, 256, 1024] },
      { name: 'precision', values: ['float32', 'fixed16', 'fixed8'] },
    ],
  });
  const [one, two] = [await client.run('sweep', input(1)), await client.run('sweep', input(2))];
  assert.equal(one.layers[0].points.length, 90);
  assert.deepEqual(two.layers, one.layers);
  assert.deepEqual(two.total, one.total);
});

test('the sums of a sweep over a model are those of its simulations', async () => {
  const file = { label: 'layers.onnx', bytes: layersModel() };
  const source = { kind: 'model' as const, file };
  const swept = await client.run('sweep', {
    source,
    seed: 1,
    axes: [{ name: 'pe', values: [4, 16] }],
  });
  for (const [i, pe] of [4, 16].entries()) {
    const { totals } = await client.run('simulate', { source, seed: 1, machine: { pe } });
    assert.ok(totals.perInference);
    const point = swept.total[i];
    assert.equal(point.pe, pe);
    assert.ok(Math.abs(point.timeUs / totals.perInference.timeUs - 1) < 1e-9);
    assert.ok(Math.abs(point.eventBasedUj / totals.perInference.energyUj.eventBased - 1) < 1e-9);
  }
});

test('published figures come without a simulation', async () => {
  const p = await client.run('published', {});
  assert.equal(p.layers.length, 9);
  assert.ok(p.wallClocks.every((w) => w.microseconds.length === 9));
  assert.equal(p.meanSpeedups.overCpuDense.toFixed(1), '193.9');
  assert.ok(p.notes.length > 0 && p.platforms.length === 8);
});
