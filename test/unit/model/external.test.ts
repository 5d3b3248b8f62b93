/** External data in memory: which files there are, what is read, what may be replaced. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkLocation, checkRestorable } from '../../../src/model/location.ts';
import { externalTensor, graph, model, ramp } from '../../fixtures/onnx-writer.ts';
import { float32Bytes } from '../../fixtures/wire-writer.ts';
import { open, rewritten, saying, tensorOf, valuesOf } from './support.ts';

const at = (
  name: string,
  location: string,
  offset: number,
  count = 4,
): ReturnType<typeof externalTensor> =>
  externalTensor(name, [count], { location, offset: String(offset), length: String(4 * count) });

test('tensors of two files are read and replaced where they lie', () => {
  const bytes = model(
    graph([], {
      initializers: [at('a', 'one.bin', 8), at('b', './two.bin', 0), at('c', 'one.bin', 24)],
    }),
  );
  const one = float32Bytes([...ramp(2, 5), ...ramp(4), ...ramp(4, 9), 77]);
  const two = float32Bytes(ramp(4, 3));
  const opened = open(bytes, { 'one.bin': one, 'two.bin': two });
  assert.deepEqual(
    opened.files.map((f) => f.location),
    ['', 'one.bin', 'two.bin'],
  );
  assert.deepEqual(
    opened.tensors.map((t) => [t.file, t.storage, t.bytes]),
    [
      [1, 'external', 16],
      [2, 'external', 16],
      [1, 'external', 16],
    ],
  );
  assert.deepEqual(valuesOf(opened, 'c'), ramp(4, 9));
  const files = rewritten(opened, new Map([[2, Float32Array.of(1, 2, 3, 4)]]));
  assert.deepEqual(files[0], bytes);
  assert.deepEqual(
    [...new Float32Array(files[1].slice().buffer)],
    [...ramp(2, 5), ...ramp(4), 1, 2, 3, 4, 77],
  );
  assert.deepEqual(files[2], two);
});

test('tensors that share external bytes are never replaced', () => {
  const bytes = model(
    graph([], {
      initializers: [
        at('a', 'w', 0, 8),
        at('b', 'w', 16, 1),
        at('c', 'w', 28, 2),
        at('tied', 'w', 36, 1),
        at('tied2', 'w', 36, 1),
        at('free', 'w', 40, 1),
      ],
    }),
  );
  const opened = open(bytes, { w: new Uint8Array(44) });
  const why = opened.tensors.map((t) => opened.writer.whyNotReplaceable(t));
  assert.deepEqual(why, [
    'it shares its external data with b',
    'it shares its external data with a',
    'it shares its external data with a',
    'it shares its external data with tied2',
    'it shares its external data with tied',
    undefined,
  ]);
  assert.throws(
    () => opened.writer.layout(new Set([1])),
    saying('invalid-input', /b cannot be replaced/),
  );
});

test('a model without its external data can be looked at, but not read or written', () => {
  const opened = open(
    model(graph([], { initializers: [at('a', 'gone', 0), at('b', 'short', 0)] })),
    { short: new Uint8Array(15) },
  );
  assert.deepEqual(opened.notes, [
    'external data gone is missing',
    'external data short is too short: 15 bytes of at least 16 are here',
  ]);
  assert.throws(() => valuesOf(opened, 'a'), saying('not-found', /gone/));
  assert.throws(() => valuesOf(opened, 'b'), saying('io', /short/));
  assert.match(opened.writer.whyNotReplaceable(tensorOf(opened, 'b')) ?? '', /missing/);
  assert.throws(
    () => opened.writer.layout(new Set()),
    saying('not-found', /cannot be written .*: gone is missing/),
  );
});

test('an offset that is missing is 0, a length that is missing follows from the shape', () => {
  const bytes = model(
    graph([], { initializers: [externalTensor('w', [2], { location: 'w', checksum: 'abc' })] }),
  );
  assert.deepEqual(valuesOf(open(bytes, { w: float32Bytes([3, 4, 5]) }), 'w'), [3, 4]);
});

test('locations are below the model, and names of files on every system', () => {
  for (const [given, taken] of [
    ['w.bin', 'w.bin'],
    ['./a//b/./w.bin', 'a/b/w.bin'],
    ['a\\w.bin', 'a/w.bin'],
    ['console.bin', 'console.bin'],
    ['a/.hidden', 'a/.hidden'],
    ['..w', '..w'],
  ] as const)
    assert.equal(checkLocation(given), taken);
  for (const [why, locations] of [
    ['an absolute path', ['/etc/passwd', '\\\\host\\share\\w', '\\w', 'C:w', 'c:\\w', 'C:/w']],
    ["leaves the model's folder", ['..', '../w', 'a/../../w', 'a\\..\\w', '..\\w']],
    ['names no file', ['', '.', './', 'a/', 'a\\']],
    ['a colon', ['a.bin:x', 'a/w.bin:x:$DATA', 'file:///w', 'ab:c']],
    ['a control character', ['a\0b', 'a\nb', 'a\u007f', '\u001b[31m']],
    [
      'a device on Windows',
      [
        ...['nul', 'NUL.bin', 'a/con', 'con/w', 'Aux.tar.gz', 'COM1', 'lpt9.x', 'com¹', 'prn .bin'],
        ...['CONIN$', 'conout$.bin', 'w.', 'w ', 'a./w', 'a /w'],
      ],
    ],
  ] as const)
    for (const location of locations)
      assert.throws(
        () => checkLocation(location),
        saying('invalid-model', new RegExp(why)),
        location,
      );
  for (const location of ['.git/config', 'a/.vscode/tasks.json', '.w'])
    assert.throws(() => checkRestorable(location), saying('invalid-model', /begins with a dot/));
});
