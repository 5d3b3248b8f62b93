/** The worker's side of the protocol: what arrives is checked, several jobs run, cancel reaches one. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import test from 'node:test';
import type { AllJobs } from '../../../src/engine/jobs/all.ts';
import { protocolVersion, type FromWorker, type Progress } from '../../../src/engine/protocol.ts';
import { serveJobs, type JobPort } from '../../../src/engine/serve-jobs.ts';
import { checkedMessage } from '../../../src/engine/validate.ts';
import { DeepCompressionError, throwIfCancelled } from '../../../src/model/errors.ts';

class Port extends EventEmitter {
  readonly posted: FromWorker[] = [];
  postMessage(message: FromWorker): void {
    this.posted.push(message);
  }
}

function serve(report: AllJobs['report']): Port {
  const port = new Port();
  serveJobs(port as unknown as JobPort, { report } as AllJobs);
  return port;
}

const start = (id: number, path = 'a.dcz') => ({
  type: 'start',
  version: protocolVersion,
  id,
  job: 'report',
  input: { file: { path } },
});
const soon = () => new Promise((resolve) => setTimeout(resolve, 20));

test('jobs run side by side and are cancelled one by one', async () => {
  const port = serve(async (input, signal) => {
    while ('path' in input.file && input.file.path === 'endless') {
      await new Promise((resolve) => setImmediate(resolve));
      throwIfCancelled(signal);
    }
    return 'done' as never;
  });
  port.emit('message', start(1, 'endless'));
  port.emit('message', start(2));
  port.emit('message', { type: 'cancel', id: 99 });
  await soon();
  assert.deepEqual(port.posted, [{ type: 'result', id: 2, result: 'done' }]);
  port.emit('message', { type: 'cancel', id: 1 });
  await soon();
  const last = port.posted[1];
  assert.ok(last.type === 'error' && last.id === 1 && last.code === 'cancelled');
});

test('a thrown error keeps its code; a defect has none but keeps its text and stack', async () => {
  const port = serve((input) => {
    if ('path' in input.file && input.file.path === 'io') {
      throw new DeepCompressionError('io', 'disk full');
    }
    throw new TypeError('oops');
  });
  port.emit('message', start(1, 'io'));
  port.emit('message', start(2));
  await soon();
  const [a, b] = port.posted;
  assert.ok(a.type === 'error' && a.code === 'io' && a.message === 'disk full');
  assert.ok(b.type === 'error' && b.code === '' && b.message === 'oops' && b.stack.includes('at '));
});

test('progress is thinned, but every stage and the end come through', async () => {
  const port = serve((_input, _signal, onProgress) => {
    for (let i = 0; i <= 1000; i++) {
      const progress: Progress = {
        stage: i < 500 ? 'one' : 'two',
        layer: '',
        fraction: i / 1000,
      };
      onProgress(progress);
    }
    return Promise.resolve('done' as never);
  });
  port.emit('message', start(1));
  await soon();
  const seen = port.posted.flatMap((m) => (m.type === 'progress' ? [m.progress] : []));
  assert.ok(seen.length < 20);
  assert.ok(seen.some((p) => p.stage === 'one') && seen.some((p) => p.stage === 'two'));
  assert.equal(seen.at(-1)?.fraction, 1);
});

test('events come through one by one, however soon after each other', async () => {
  const told = Array.from({ length: 50 }, (_, n) => ({ n }));
  const port = serve((_input, _signal, _onProgress, _control, onEvent) => {
    for (const event of told) onEvent?.(event as never);
    return Promise.resolve('done' as never);
  });
  port.emit('message', start(1));
  await soon();
  assert.deepEqual(
    port.posted.flatMap((m) => (m.type === 'event' ? [m.event] : [])),
    told,
  );
});

const bad: readonly [string, unknown, RegExp][] = [
  ['no object', 'hello', /without an id/],
  ['no id', { type: 'start' }, /without an id/],
  ['another type', { type: 'dance', id: 1 }, /'dance'/],
  ['another version', { ...start(1), version: 99 }, /version [\d.]+, not 99/],
  ['an unknown job', { ...start(1), job: 'constructor' }, /unknown job 'constructor'/],
  ['no input', { ...start(1), input: null }, /report: no input/],
  ['a file of nothing', { ...start(1), input: { file: {} } }, /report: 'file'/],
  [
    'a broken number of threads',
    {
      ...start(1),
      job: 'compress',
      input: { file: { path: 'a' }, out: 'b', overwrite: false, recipe: 'x', seed: 1, threads: 0 },
    },
    /compress: 'threads'/,
  ],
];
for (const [name, message, pattern] of bad)
  test(`a message with ${name} is refused in one line`, () => {
    assert.throws(
      () => checkedMessage(message),
      (e) => e instanceof DeepCompressionError && pattern.test(e.message),
    );
    const port = serve(() => Promise.reject(new Error('not reached')));
    port.emit('message', message);
    const [answer] = port.posted;
    assert.ok(answer.type === 'error' && pattern.test(answer.message));
  });
