import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { plainError } from '../../../src/platform/errno.ts';
import { externalResolver } from '../../../src/platform/external.ts';
import { openFile, openNoLink } from '../../../src/platform/files.ts';
import { openOnnx } from '../../../src/model/onnx/open.ts';
import { readBytes } from '../../../src/model/bytes.ts';
import { externalTensor, graph, model } from '../../fixtures/onnx-writer.ts';
import { saying } from '../model/support.ts';
import { ownFolder } from './support.ts';

test('a file is read at any position, into shared memory too', (t) => {
  const path = join(ownFolder(t), 'f');
  writeFileSync(path, Uint8Array.of(1, 2, 3, 4, 5));
  const file = openFile(path);
  assert.equal(file.size, 5);
  assert.deepEqual([...readBytes(file, 1, 3)], [2, 3, 4]);
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  file.readInto(shared, 3);
  assert.deepEqual([...shared], [4, 5]);
  for (const [offset, length] of [
    [3, 3],
    [-1, 1],
    [6, 0],
    [NaN, 1],
  ]) {
    assert.throws(() => file.readInto(new Uint8Array(length), offset), saying('io', /has 5/));
  }
  file.close();
  file.close();
  assert.throws(() => file.readInto(new Uint8Array(1), 0), saying('io', /closed/));
});

test('what cannot be opened says why', (t) => {
  const folder = ownFolder(t);
  assert.throws(
    () => openFile(join(folder, 'none')),
    saying('not-found', /cannot read .*none: there is no such file/),
  );
  assert.throws(() => openFile(folder), saying('io', /it is a folder/));
  assert.throws(() => openFile(join(folder, 'a', 'b')), saying('not-found', /no such file/));
  symlinkSync('loop', join(folder, 'loop'));
  assert.throws(() => openFile(join(folder, 'loop')), saying('io', /circle/));
  assert.throws(() => openFile('/dev/null'), saying('io', /not a regular file/));
});

test('a link that came into the place of a file that was looked at is not followed', (t) => {
  const folder = ownFolder(t);
  writeFileSync(join(folder, 'file'), 'x');
  symlinkSync('file', join(folder, 'link'));
  for (const open of [openFile, openNoLink]) {
    const file = open(join(folder, 'file'));
    assert.equal(file.size, 1);
    file.close();
  }
  openFile(join(folder, 'link')).close();
  if (process.platform !== 'win32')
    assert.throws(() => openNoLink(join(folder, 'link')), saying('io', /it is a symbolic link/));
});

test('a pipe is refused without waiting for a writer', (t) => {
  const path = join(ownFolder(t), 'pipe');
  try {
    execFileSync('mkfifo', [path]);
  } catch {
    return t.skip('mkfifo is not available');
  }
  assert.throws(() => openFile(path), saying('io', /not a regular file/));
});

test('a file that changes while it is open is an error', (t) => {
  const folder = ownFolder(t);
  const make = (name: string): string => {
    const path = join(folder, name);
    writeFileSync(path, new Uint8Array(100));
    return path;
  };
  const grown = make('grown');
  const a = openFile(grown);
  appendFileSync(grown, 'x');
  assert.throws(() => readBytes(a, 0, 10), saying('io', /changed while it was being read/));
  const shrunk = make('shrunk');
  const b = openFile(shrunk);
  truncateSync(shrunk, 50);
  assert.throws(() => readBytes(b, 40, 20), saying('io', /shorter while it was being read/));
  const touched = make('touched');
  const c = openFile(touched);
  writeFileSync(touched, new Uint8Array(100).fill(1));
  utimesSync(touched, 1, 1);
  assert.throws(() => readBytes(c, 0, 10), saying('io', /changed while it was being read/));
  for (const file of [a, b, c]) file.close();
});

test('system errors read as sentences, other errors stay themselves', () => {
  const system = (code: string): unknown =>
    plainError(Object.assign(new Error('x'), { code }), 'write', 'p');
  for (const [code, kind, text] of [
    ['ENOSPC', 'io', 'the disk is full'],
    ['EROFS', 'io', 'the disk is read-only'],
    ['EACCES', 'io', 'permission denied'],
    ['EEXIST', 'exists', 'it already exists'],
    ['EUNHEARDOF', 'io', 'EUNHEARDOF'],
  ] as const) {
    assert.ok(saying(kind, new RegExp(`^cannot write p: ${text}$`))(system(code)));
  }
  const ours = new TypeError('x');
  assert.equal(plainError(ours, 'write', 'p'), ours);
});

test('external data is found below the folder of the model, and nowhere else', (t) => {
  const folder = ownFolder(t);
  const home = join(folder, 'home');
  mkdirSync(join(home, 'data'), { recursive: true });
  const path = join(home, 'm.onnx');
  writeFileSync(path, 'model');
  writeFileSync(join(home, 'data', 'w.bin'), 'inside');
  writeFileSync(join(folder, 'secret'), 'outside');
  symlinkSync(join(folder, 'secret'), join(home, 'escape'));
  symlinkSync('..', join(home, 'up'));
  symlinkSync(join('data', 'w.bin'), join(home, 'alias'));
  symlinkSync('m.onnx', join(home, 'self'));
  symlinkSync('circle', join(home, 'circle'));
  const resolve = externalResolver(path);
  assert.equal(resolve('data/w.bin').size, 6);
  assert.equal(resolve('./data//w.bin'), resolve('data/w.bin'));
  assert.equal(resolve('alias').size, 6);
  for (const [location, code, text] of [
    ['escape', 'invalid-model', /symbolic link out of/],
    ['up/secret', 'invalid-model', /symbolic link out of/],
    ['../secret', 'invalid-model', /leaves the model's folder/],
    [join(folder, 'secret'), 'invalid-model', /absolute/],
    ['m.onnx', 'invalid-model', /the model itself/],
    ['self', 'invalid-model', /the model itself/],
    ['circle', 'io', /circle/],
    ['data', 'io', /a folder/],
    ['none.bin', 'not-found', /no such file/],
  ] as const) {
    assert.throws(() => resolve(location), saying(code, text), location);
  }
  resolve.closeAll();
});

test('a model whose external data is a link out of its folder is refused', (t) => {
  const folder = ownFolder(t);
  mkdirSync(join(folder, 'home'));
  writeFileSync(join(folder, 'secret'), new Uint8Array(8));
  symlinkSync('../secret', join(folder, 'home', 'w'));
  const path = join(folder, 'home', 'm.onnx');
  writeFileSync(
    path,
    model(graph([], { initializers: [externalTensor('w', [2], { location: 'w' })] })),
  );
  const file = openFile(path);
  assert.throws(
    () => openOnnx(path, file, externalResolver(path)),
    saying('invalid-model', /symbolic link/),
  );
  file.close();
});
