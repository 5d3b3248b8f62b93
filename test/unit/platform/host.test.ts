/** Node as the engine's host: what jobs find of the files they were given, and what a killed run leaves. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { host } from '../../../src/platform/host.ts';
import { removeTemporaryOf } from '../../../src/platform/temporary-folder.ts';
import { temporaryFolder } from '../engine/support.ts';

const folder = temporaryFolder();
const { files } = host;

test('a folder is listed with what is a folder in it, and one that is not there is one line', () => {
  mkdirSync(join(folder, 'a'));
  writeFileSync(join(folder, 'b.txt'), 'b');
  const names = files.list(folder).toSorted((x, y) => (x.name < y.name ? -1 : 1));
  assert.deepEqual(names, [
    { name: 'a', isFolder: true },
    { name: 'b.txt', isFolder: false },
  ]);
  assert.ok(files.isFolder(join(folder, 'a')) && !files.isFolder(join(folder, 'b.txt')));
  assert.ok(!files.isFolder(join(folder, 'none')));
  assert.throws(() => files.list(join(folder, 'none')), { code: 'not-found' });
});

test('the stamp of a file changes with its size and with its time, and says when it is missing', () => {
  const path = join(folder, 'stamped');
  assert.equal(files.stamp(path), 'missing');
  writeFileSync(path, 'one');
  const first = files.stamp(path);
  assert.equal(files.stamp(path), first);
  utimesSync(path, new Date(1), new Date(1));
  const second = files.stamp(path);
  assert.notEqual(second, first);
  writeFileSync(path, 'three');
  utimesSync(path, new Date(1), new Date(1));
  assert.notEqual(files.stamp(path), second);
});

test('a path is real behind its links, and itself where there is nothing', () => {
  const path = join(folder, 'link');
  symlinkSync(join(folder, 'b.txt'), path);
  assert.equal(files.real(path), files.real(join(folder, 'b.txt')));
  assert.equal(files.real(join(folder, 'none')), join(folder, 'none'));
});

test('temporary files lie in folders of their own, and go with the run or after its process', () => {
  const made = files.temporaryFolder('test');
  made.create('model.onnx').write(new Uint8Array([1, 2]));
  made.create('deep/er/data').write(new Uint8Array([3]));
  assert.throws(() => made.create('model.onnx'), { code: 'exists' });
  made.close();
  assert.deepEqual([...readFileSync(join(made.path, 'deep', 'er', 'data'))], [3]);
  const other = files.temporaryFolder('test');
  other.remove();
  assert.ok(!existsSync(other.path) && existsSync(made.path));
  removeTemporaryOf(process.pid);
  assert.ok(!existsSync(made.path));
});

test('parts are hashed as one', () => {
  const parts = [new Uint8Array([1, 2]), 'text', new Uint8Array(0)];
  const whole = createHash('sha256').update(
    Buffer.concat([Buffer.from([1, 2]), Buffer.from('text')]),
  );
  assert.equal(host.sha256(parts), whole.digest('hex'));
});
