/** The client against workers that behave, crash, hang and run out of memory. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { limit } from '../../../scripts/lib/pace.mjs';
import { EngineClient, type ClientOptions } from '../../../src/engine/client.ts';
import { threadHost } from '../../../src/engine/node/job-host.ts';
import type { Progress } from '../../../src/engine/protocol.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const report = (path: string) => ({ file: { path } });
/** A job that writes, which has a worker to itself. */
const decompress = (path: string) => ({ file: { path }, out: 'o', overwrite: false, threads: 1 });

/** A worker whose behaviour hangs on the path it is asked about. */
const file = join(folder, 'worker.mjs');
writeFileSync(
  file,
  `import { parentPort } from 'node:worker_threads';
   let starts = 0;
   parentPort.on('message', (m) => {
     if (m.type === 'cancel') {
       parentPort.postMessage({ type: 'error', id: m.id, code: 'cancelled', message: 'cancelled', stack: '' });
       return;
     }
     starts++;
     const path = m.input.file.path;
     if (path === 'crash') throw new Error('boom\\nsecond line');
     if (path === 'exit') process.exit(3);
     if (path === 'hang') for (;;);
     if (path === 'wait') return;
     if (path === 'memory') { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); }
     if (path === 'error') {
       parentPort.postMessage({ type: 'error', id: m.id, code: 'io', message: 'disk full', stack: 's' });
       return;
     }
     parentPort.postMessage({ type: 'progress', id: m.id, progress: { stage: 'a', layer: path, fraction: 0.5 } });
     const after = path === 'slow' ? 300 : 5;
     setTimeout(() => parentPort.postMessage({ type: 'result', id: m.id, result: { path, starts } }), after);
   });`,
);
const clients: EngineClient[] = [];
function client(options?: ClientOptions, heapMegabytes?: number): EngineClient {
  const made = new EngineClient(threadHost(file, heapMegabytes), options);
  clients.push(made);
  return made;
}
after(() => Promise.all(clients.map((c) => c.dispose())));

async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await promise;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code: code ?? '', message };
  }
  assert.fail('it should have failed');
}

test('concurrent jobs get their own results and progress', async () => {
  const engine = client();
  const seen: Progress[] = [];
  const results = await Promise.all(
    ['x', 'y'].map((p) => engine.run('report', report(p), { onProgress: (q) => seen.push(q) })),
  );
  assert.deepEqual(
    results.map((r) => (r as unknown as { path: string }).path),
    ['x', 'y'],
  );
  assert.deepEqual(seen.map((p) => p.layer).sort(), ['x', 'y']);
});

test('an error keeps its code and line', async () => {
  assert.deepEqual(await failure(client().run('report', report('error'))), {
    code: 'io',
    message: 'disk full',
  });
});

for (const [path, pattern] of [
  ['crash', /stopped unexpectedly \(boom\)$/],
  ['exit', /stopped unexpectedly \(exit code 3\)$/],
] as const)
  test(`a worker that dies (${path}) fails its jobs with one line, and the next gets a fresh one`, async () => {
    const engine = client();
    const waiting = engine.run('report', report('wait'));
    const [died, other] = await Promise.all([
      failure(engine.run('report', report(path))),
      failure(waiting),
    ]);
    for (const f of [died, other]) {
      assert.equal(f.code, 'crashed');
      assert.match(f.message, pattern);
    }
    const next = (await engine.run('report', report('z'))) as unknown as { starts: number };
    assert.equal(next.starts, 1);
  });

test('running out of memory is one line, not a crash of the host', async () => {
  const engine = client({}, 32);
  const f = await failure(engine.run('report', report('memory')));
  assert.deepEqual(f, { code: 'crashed', message: 'a worker thread ran out of memory' });
});

test('cancelling asks the job, and the worker lives on', async () => {
  const engine = client();
  const controller = new AbortController();
  const job = engine.run('report', report('wait'), { signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  assert.equal((await failure(job)).code, 'cancelled');
  const next = (await engine.run('report', report('z'))) as unknown as { starts: number };
  assert.equal(next.starts, 2);
});

test('a job that does not stop within the grace is ended with its worker, and nothing else is lost', async () => {
  const engine = client({ grace: 100 });
  const controller = new AbortController();
  const start = performance.now();
  const job = engine.run('report', report('hang'), { signal: controller.signal });
  const bystander = engine.run('report', report('x'));
  const writer = engine.run('decompress', decompress('slow'));
  setTimeout(() => controller.abort(), 50);
  assert.equal((await failure(job)).code, 'cancelled');
  assert.ok(performance.now() - start < limit(5000));
  for (const done of [bystander, writer])
    assert.equal(((await done) as unknown as { starts: number }).starts, 1);
});

test('of jobs that write, only the one that is cancelled ends', async () => {
  const engine = client({ grace: 100 });
  const controller = new AbortController();
  const hanging = engine.run('decompress', decompress('hang'), { signal: controller.signal });
  const other = engine.run('decompress', decompress('slow'));
  controller.abort();
  assert.equal((await failure(hanging)).code, 'cancelled');
  assert.equal(((await other) as unknown as { path: string }).path, 'slow');
  const next = await engine.run('decompress', decompress('z'));
  assert.equal((next as unknown as { starts: number }).starts, 2, 'an idle worker is taken again');
});

test('a signal that is already aborted starts nothing', async () => {
  const job = client().run('report', report('x'), { signal: AbortSignal.abort() });
  assert.equal((await failure(job)).code, 'cancelled');
});

test('an idle worker is let go, and comes back', async () => {
  const engine = client({ idle: 20 });
  await engine.run('report', report('x'));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const next = (await engine.run('report', report('z'))) as unknown as { starts: number };
  assert.equal(next.starts, 1);
});

test('after dispose jobs are refused', async () => {
  const engine = client();
  const job = engine.run('report', report('wait'));
  await Promise.all([failure(job), engine.dispose()]);
  assert.equal((await failure(engine.run('report', report('x')))).code, 'crashed');
});
