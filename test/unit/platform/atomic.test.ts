import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { bufferedSink, writeAtomically } from '../../../src/platform/atomic.ts';
import type { OutputKind, OutputRule } from '../../../src/platform/port.ts';
import { saying } from '../model/support.ts';
import { ownFolder } from './support.ts';

const any: OutputKind = { name: 'a file', looksLike: () => true };
const once: OutputRule = { kind: any, overwrite: false, inputs: [] };
const again: OutputRule = { ...once, overwrite: true };
const text = (t: string): Uint8Array => new TextEncoder().encode(t);

test('the file appears whole, with its size as the result', async (t) => {
  const folder = ownFolder(t);
  const path = join(folder, 'out');
  const big = new Uint8Array(3 << 20).fill(7);
  const size = await writeAtomically(path, once, async (sink) => {
    sink.write(text('head'));
    await Promise.resolve();
    assert.equal(fs.existsSync(path), false, 'nothing under the final name before the end');
    sink.write(big);
    sink.write(text('tail'));
  });
  assert.equal(size, big.length + 8);
  const bytes = fs.readFileSync(path);
  assert.equal(bytes.subarray(0, 4).toString() + bytes.subarray(-4).toString(), 'headtail');
  assert.deepEqual(fs.readdirSync(folder), ['out']);
});

test('a failing or cancelled filling leaves nothing, and an older file as it was', async (t) => {
  const folder = ownFolder(t);
  const path = join(folder, 'out');
  fs.writeFileSync(path, 'old');
  for (const error of [
    new DeepCompressionError('cancelled', 'cancelled'),
    new TypeError('a defect'),
  ]) {
    const failing = writeAtomically(path, again, (sink) => {
      sink.write(new Uint8Array(2 << 20));
      throw error;
    });
    await assert.rejects(failing, (thrown) => thrown === error);
    assert.deepEqual(fs.readdirSync(folder), ['out']);
    assert.equal(fs.readFileSync(path, 'utf8'), 'old');
  }
});

test('an existing file is replaced only when that was confirmed', async (t) => {
  const path = join(ownFolder(t), 'out');
  fs.writeFileSync(path, 'old', { mode: 0o600 });
  fs.chmodSync(path, 0o600);
  await assert.rejects(
    writeAtomically(path, once, () => assert.fail('nothing is computed in vain')),
    saying('exists', /out already exists/),
  );
  await writeAtomically(path, again, (sink) => sink.write(text('new')));
  assert.equal(fs.readFileSync(path, 'utf8'), 'new');
  assert.equal(fs.statSync(path).mode & 0o777, 0o600);
});

test('a file that appears meanwhile is not overwritten', async (t) => {
  const folder = ownFolder(t);
  const path = join(folder, 'out');
  const writing = writeAtomically(path, once, (sink) => {
    sink.write(text('mine'));
    fs.writeFileSync(path, 'theirs');
  });
  await assert.rejects(writing, saying('exists', /already exists/));
  assert.equal(fs.readFileSync(path, 'utf8'), 'theirs');
  assert.deepEqual(fs.readdirSync(folder), ['out']);
});

test('an input is never overwritten, by whatever name', async (t) => {
  const folder = ownFolder(t);
  const source = join(folder, 'model.onnx');
  fs.writeFileSync(source, 'weights');
  fs.symlinkSync('model.onnx', join(folder, 'soft'));
  fs.linkSync(source, join(folder, 'hard'));
  for (const name of ['model.onnx', './x/../model.onnx', 'soft', 'hard']) {
    const writing = writeAtomically(join(folder, name), { ...again, inputs: [source] }, () =>
      assert.fail('nothing is computed in vain'),
    );
    await assert.rejects(writing, saying('invalid-input', /is an input and is never overwritten/));
  }
  assert.equal(fs.readFileSync(source, 'utf8'), 'weights');
});

test('a link to an output is followed, not replaced', async (t) => {
  const folder = ownFolder(t);
  fs.writeFileSync(join(folder, 'real'), 'old');
  fs.symlinkSync('real', join(folder, 'link'));
  await writeAtomically(join(folder, 'link'), again, (sink) => sink.write(text('new')));
  assert.equal(fs.readFileSync(join(folder, 'real'), 'utf8'), 'new');
  assert.ok(fs.lstatSync(join(folder, 'link')).isSymbolicLink());
});

test('places that cannot be written say why', async (t) => {
  const folder = ownFolder(t);
  const write = (path: string): Promise<number> =>
    writeAtomically(path, again, (sink) => sink.write(text('x')));
  await assert.rejects(write(folder), saying('io', /it is a folder/));
  await assert.rejects(
    write(join(folder, 'none', 'out')),
    saying('not-found', /there is no folder/),
  );
  await assert.rejects(write('/dev/null'), saying('io', /not a regular file/));
  const dangling = join(ownFolder(t), 'link');
  fs.symlinkSync('nowhere', dangling);
  await assert.rejects(write(dangling), saying('io', /it is a link to nothing/));
  await assert.rejects(write(join(folder, 'x'.repeat(300))), saying('io', /too long/));
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('a read-only folder is refused in one line', async (t) => {
  const folder = ownFolder(t);
  fs.chmodSync(folder, 0o555);
  // The superuser may write anywhere, so for this one call it is somebody else.
  const root = process.getuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    await assert.rejects(
      writeAtomically(join(folder, 'out'), once, () => undefined),
      saying('io', /permission denied/),
    );
  } finally {
    if (root) process.seteuid?.(0);
  }
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('a full disk is said to be full', (t) => {
  if (!fs.existsSync('/dev/full')) return t.skip('there is no /dev/full');
  const descriptor = fs.openSync('/dev/full', 'w');
  const sink = bufferedSink(descriptor, 'out.dcz');
  sink.write(text('gathered'));
  assert.throws(() => sink.finish(), saying('io', /^cannot write out\.dcz: the disk is full$/));
  fs.closeSync(descriptor);
});

test('leftovers of a killed process are removed by the next writing, others are kept', async (t) => {
  const folder = ownFolder(t);
  const path = join(folder, 'out');
  let own = '';
  await writeAtomically(path, again, () => {
    own = fs.readdirSync(folder).find((name) => name.endsWith('.tmp')) ?? '';
  });
  assert.match(own, new RegExp(`^\\.out\\.[0-9a-f]{8}-${process.pid}-[0-9a-f]{8}\\.tmp$`));
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const alive = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  t.after(() => alive.kill());
  const leftover = (pid: number | undefined): string => own.replace(`-${process.pid}-`, `-${pid}-`);
  const elsewhere = own.replace(/^\.out\.[0-9a-f]{8}-\d+/, `.out.00000000-${dead}`);
  const other = leftover(dead).replace('.out.', '.other.');
  for (const name of [leftover(dead), leftover(alive.pid), elsewhere, other]) {
    fs.writeFileSync(join(folder, name), 'half');
  }
  await writeAtomically(path, again, (sink) => sink.write(text('whole')));
  assert.deepEqual(
    fs.readdirSync(folder).sort(),
    ['out', leftover(alive.pid), elsewhere, other].sort(),
  );
});
