/**
 * Jobs in a process of their own: the same results as in a thread, native code that ends its process
 * ends nothing else, and no process stays behind.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test, { before } from 'node:test';
import { build } from 'esbuild';
import { EngineClient } from '../../../src/engine/client.ts';
import { processHost, threadHost } from '../../../src/engine/node/job-host.ts';
import type { RetrainInput } from '../../../src/engine/protocol-train.ts';
import { lenet300 } from '../../fixtures/lenet.ts';
import { stripes } from '../../fixtures/stripes.ts';
import { buildEngine, temporaryFolder } from './support.ts';

const folder = temporaryFolder();
const installed = resolve('node_modules/onnxruntime-node');
const report = (path: string) => ({ file: { path } });
let worker = '';

before(async () => {
  ({ worker } = await buildEngine(folder));
  writeFileSync(join(folder, 'm.onnx'), lenet300(1, [16, 8]));
  writeFileSync(join(folder, 'd.csv'), stripes(120, 4));
});

/** A process whose behaviour hangs on the path it is asked about; it answers with its own id. */
const file = join(folder, 'process.mjs');
writeFileSync(
  file,
  `process.on('disconnect', () => process.exit());
   process.on('message', (m) => {
     if (m.type !== 'start') return;
     const path = m.input.file.path;
     process.send({ type: 'progress', id: m.id, progress: { stage: String(process.pid), layer: '', fraction: 0 } });
     if (path === 'throw') throw new Error('boom');
     if (path === 'abort') process.abort();
     if (path === 'exit') process.exit(3);
     if (path === 'hang') for (;;);
     if (path === 'wait') return;
     if (path === 'memory') { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); }
     process.send({ type: 'result', id: m.id, result: m.input.file });
   });`,
);

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 200 && alive(pid); i++) await new Promise((next) => setTimeout(next, 50));
  assert.ok(!alive(pid), `process ${pid} is still there`);
}
const retraining = (name: string, epochs: number): RetrainInput => ({
  file: { path: join(folder, 'm.onnx') },
  data: { file: { path: join(folder, 'd.csv') } },
  out: join(folder, name),
  overwrite: false,
  recipe: { name: 'r', train: { stages: [{ kind: 'train', epochs, schedule: 'constant' }] } },
  seed: 1,
  threads: 1,
});

test('a job gives in a process what it gives in a thread, with the native runtime', async () => {
  const native = new EngineClient(processHost(worker, installed));
  const thread = new EngineClient(threadHost(worker));
  const none = new EngineClient(processHost(worker, join(folder, 'nothing')));
  try {
    const input = { file: { path: join(folder, 'm.onnx') }, statistics: true };
    assert.deepEqual(await native.run('inspect', input), await thread.run('inspect', input));
    const bytes = new Uint8Array(lenet300(2, [12, 8]));
    const content = { file: { label: 'x', bytes }, statistics: true };
    assert.deepEqual(await native.run('inspect', content), await thread.run('inspect', content));
    const epochs: number[] = [];
    const a = await native.run('retrain', retraining('a.dcz', 3), {
      onEvent: (e) => void (e.kind === 'epoch' && epochs.push(e.epoch.epoch)),
    });
    const b = await thread.run('retrain', retraining('b.dcz', 3));
    const c = await none.run('retrain', retraining('c.dcz', 3));
    assert.equal(a.runtime, 'onnxruntime-node');
    assert.equal(b.runtime, 'onnxruntime-web');
    assert.equal(c.runtime, 'onnxruntime-web', 'without the package it is as in the thread');
    assert.deepEqual(c.epochs, b.epochs);
    assert.deepEqual(epochs, [0, 1, 2, 3]);
    const loss = (r: typeof a): number => r.after!.loss;
    assert.ok(Math.abs(loss(a) - loss(b)) < 1e-3, `${loss(a)} and ${loss(b)}`);
    await assert.rejects(native.run('report', report('/nowhere.dcz')), {
      code: 'not-found',
      message: /nowhere\.dcz: there is no such file/,
    });
  } finally {
    for (const client of [native, thread, none]) await client.dispose();
  }
});

test('a training in a process is steered and cancelled as in a thread', async () => {
  const client = new EngineClient(processHost(worker, installed), { grace: 5000 });
  try {
    const controller = new AbortController();
    const cancelled = client.run('retrain', retraining('never.dcz', 10_000), {
      signal: controller.signal,
      onEvent: (e) => void (e.kind === 'epoch' && e.epoch.epoch === 2 && controller.abort()),
    });
    await assert.rejects(cancelled, { code: 'cancelled' });
    assert.ok(!existsSync(join(folder, 'never.dcz')));
    let stop = (): void => {};
    const result = await client.run('retrain', retraining('stopped.dcz', 10_000), {
      onStart: (steer) => (stop = () => steer('stop')),
      onEvent: (e) => void (e.kind === 'epoch' && e.epoch.epoch === 2 && stop()),
    });
    assert.equal(result.end, 'stopped');
    assert.ok(existsSync(join(folder, 'stopped.dcz')));
  } finally {
    await client.dispose();
  }
});

for (const [path, why] of [
  ['throw', /^the process that ran the job stopped unexpectedly \(exit code 1\)$/],
  ['exit', /\(exit code 3\)$/],
  ['abort', process.platform === 'win32' ? /stopped unexpectedly/ : /\(SIGABRT\)$/],
] as const)
  test(`a process that dies (${path}) is one line, and the next job gets a new one`, async () => {
    const client = new EngineClient(processHost(file, ''));
    try {
      const pids: number[] = [];
      const onProgress = (p: { stage: string }): void => void pids.push(Number(p.stage));
      const waiting = assert.rejects(client.run('report', report('wait')), { code: 'crashed' });
      await assert.rejects(client.run('report', report(path), { onProgress }), {
        code: 'crashed',
        message: why,
      });
      await waiting;
      assert.deepEqual(await client.run('report', report('z'), { onProgress }), { path: 'z' });
      assert.notEqual(pids[0], pids[1]);
    } finally {
      await client.dispose();
    }
  });

test('a job that does not stop is killed with its process; dispose kills, too', async () => {
  const client = new EngineClient(processHost(file, ''), { grace: 100 });
  const pids: number[] = [];
  const onProgress = (p: { stage: string }): void => void pids.push(Number(p.stage));
  const controller = new AbortController();
  const hanging = client.run('report', report('hang'), { signal: controller.signal, onProgress });
  while (pids.length === 0) await new Promise((next) => setTimeout(next, 10));
  controller.abort();
  await assert.rejects(hanging, { code: 'cancelled' });
  await gone(pids[0]!);
  const waiting = client.run('report', report('wait'), { onProgress });
  while (pids.length < 2) await new Promise((next) => setTimeout(next, 10));
  await Promise.all([assert.rejects(waiting, { code: 'cancelled' }), client.dispose()]);
  await gone(pids[1]!);
});

test('a worker that is ended while it writes leaves nothing, as a thread or a process', async () => {
  const writer = join(folder, 'writer.mjs');
  await build({
    ...{ bundle: true, platform: 'node', format: 'esm', outfile: writer, logLevel: 'warning' },
    stdin: {
      resolveDir: process.cwd(),
      contents: `import { parentPort } from 'node:worker_threads';
        import { writeAtomically } from './src/platform/atomic.ts';
        import { writeSet } from './src/platform/file-set.ts';
        import { temporaryFolder } from './src/platform/temporary-folder.ts';
        import { watchUnfinished } from './src/platform/temporary.ts';
        const send = parentPort ? (m) => parentPort.postMessage(m) : (m) => process.send(m);
        watchUnfinished((file, isThere) => send({ type: 'unfinished', file, isThere }));
        const rule = { kind: { name: 'a file', looksLike: () => true }, overwrite: true, inputs: [] };
        (parentPort ?? process).on('message', async ({ id, input: { out } }) => {
          await writeAtomically(out + '.done', rule, (sink) => sink.write(new Uint8Array(9)));
          temporaryFolder('trained').create('w');
          await writeAtomically(out, rule, async (sink, { flush }) => {
            sink.write(new Uint8Array(1 << 20));
            flush();
            await writeSet(out + '.set', ['data/w.bin'], rule, async (part) => {
              part.write(new Uint8Array(1 << 20));
              send({ type: 'progress', id, progress: { stage: 'hang', layer: '', fraction: 0 } });
              for (;;);
            });
          });
        });`,
    },
  });
  const out = join(folder, 'to', 'm.onnx');
  const scratch = join(folder, 'tmp');
  for (const made of [join(folder, 'to'), scratch]) mkdirSync(made);
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = scratch;
  try {
    for (const open of [threadHost(writer), processHost(writer, '')]) {
      const client = new EngineClient(open, { grace: 0 });
      const controller = new AbortController();
      let found: string[] = [];
      const input = { ...report('x.dcz'), out, overwrite: true, threads: 1 };
      const writing = client.run('decompress', input, {
        signal: controller.signal,
        onProgress: () => {
          found = readdirSync(join(folder, 'to'));
          controller.abort();
        },
      });
      await assert.rejects(writing, { code: 'cancelled' });
      assert.equal(found.filter((name) => name.endsWith('.tmp')).length, 2, found.join());
      assert.deepEqual(readdirSync(join(folder, 'to')), ['m.onnx.done']);
      assert.deepEqual(readdirSync(scratch), []);
      await client.dispose();
    }
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
});

test('a process goes when the program that started it is killed', async () => {
  const parent = join(folder, 'parent.mjs');
  await build({
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: parent,
    logLevel: 'warning',
    stdin: {
      resolveDir: process.cwd(),
      contents: `import { processHost } from './src/engine/node/job-host.ts';
        const host = processHost(${JSON.stringify(file)}, '')({
          message: (m) => process.stdout.write(m.progress.stage + '\\n'), died() {} });
        host.post({ type: 'start', id: 1, input: { file: { path: 'wait' } } });`,
    },
  });
  const program = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = await new Promise<number>((done) =>
    program.stdout.once('data', (text) => done(Number(text))),
  );
  assert.ok(alive(pid));
  program.kill('SIGKILL');
  await gone(pid);
});
