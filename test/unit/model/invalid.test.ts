/** Files that are no well-formed models: refused in one line that says where and why. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { externalTensor, graph, model, tensor } from '../../fixtures/onnx-writer.ts';
import {
  bytesField,
  concat,
  float32Bytes,
  intField,
  join,
  modelBytes,
  tag,
  textField,
  varint,
} from '../../fixtures/wire-writer.ts';
import { open, saying, valuesOf } from './support.ts';

const w = (...fields: Uint8Array[]): Uint8Array =>
  modelBytes(bytesField(5, [textField(8, 'w'), ...fields]));
const raw = (count: number): Uint8Array => bytesField(9, new Uint8Array(count));

for (const [what, bytes, text] of [
  ['an empty file', new Uint8Array(0), /the file is empty/],
  [
    'a text file',
    new TextEncoder().encode('#!/bin/sh\necho no model at all\n'),
    /not a valid ONNX model: field/,
  ],
  ['a file without a graph', intField(1, 8), /holds no graph/],
  ['two graphs', concat(modelBytes(), modelBytes()), /two graphs/],
  [
    'an unknown data type',
    w(intField(1, 1), intField(2, 99), raw(4)),
    /"w" has the unknown data type 99/,
  ],
  ['no data type', w(intField(1, 1), raw(4)), /"w" has no data type/],
  [
    'a negative dimension',
    w(intField(1, -2), intField(2, 1), raw(4)),
    /"w" has a negative dimension, -2/,
  ],
  [
    'an absurd shape',
    w(...[1, 2, 3, 4].map(() => intField(1, 2 ** 40)), intField(2, 1)),
    /"w" has the absurd shape/,
  ],
  [
    'too few bytes',
    w(intField(1, 3), intField(2, 1), raw(8)),
    /"w", float32 3, has 8 bytes of raw_data instead of 12/,
  ],
  [
    'too many bytes',
    w(intField(1, 3), intField(2, 10), raw(8)),
    /"w", float16 3, has 8 bytes of raw_data instead of 6/,
  ],
  ['no values', w(intField(1, 3), intField(2, 1)), /"w" should hold 3 values but has none/],
  [
    'values twice',
    w(intField(1, 1), intField(2, 1), raw(4), bytesField(4, float32Bytes([1]))),
    /more than once: float_data and raw_data/,
  ],
  [
    'a field of another type',
    w(intField(1, 1), intField(2, 1), bytesField(7, varint(1))),
    /of type float32 has its values in int64_data/,
  ],
  [
    'half a float',
    w(intField(1, 1), intField(2, 1), bytesField(4, new Uint8Array(6))),
    /middle of a value/,
  ],
  [
    'too few strings',
    w(intField(1, 2), intField(2, 8), textField(6, 'a')),
    /1 strings instead of 2/,
  ],
  [
    'segments',
    w(intField(1, 1), intField(2, 1), bytesField(3, intField(1, 0)), raw(4)),
    /segments/,
  ],
  [
    'an unknown data location',
    w(intField(1, 1), intField(2, 1), intField(14, 5), raw(4)),
    /data_location 5/,
  ],
  [
    'a node without an operator',
    modelBytes(bytesField(1, textField(1, 'x'))),
    /graph\.node\[0\] has no operator/,
  ],
  ['a length past its parent', modelBytes(concat(tag(5, 2), varint(1000))), /claims 1000 bytes/],
  ['a wrong wire type', modelBytes(intField(5, 3)), /an initializer has wire type 0 instead of 2/],
] as const) {
  test(`${what}: refused`, () => {
    assert.throws(() => open(bytes), saying('invalid-model', text));
    assert.throws(
      () => open(bytes),
      saying('invalid-model', /^m\.onnx is not a valid ONNX model: .*\(byte \d+\)$/),
    );
  });
}

test('two initializers of one name in one graph are refused, dense or sparse', () => {
  const twice = graph([], { initializers: [tensor('w', [1]), tensor('w', [2])] });
  assert.throws(() => open(model(twice)), saying('invalid-model', /two initializers named "w"/));
  const sparse = [{ values: tensor('w', [1]), dims: [4n] }];
  const mixed = graph([], { initializers: [tensor('w', [1])], sparse });
  assert.throws(() => open(model(mixed)), saying('invalid-model', /two initializers named "w"/));
});

test('graphs nested too deep are refused before the stack is used up', () => {
  let inner: Uint8Array = textField(2, 'bottom');
  for (let i = 0; i < 2000; i++) {
    inner = bytesField(1, [
      textField(4, 'If'),
      bytesField(5, [textField(1, 'b'), bytesField(6, inner)]),
    ]);
  }
  assert.throws(() => open(modelBytes(inner)), saying('invalid-model', /nested more than 40 deep/));
});

test('a payload in a million pieces is refused, one of a million elements is read', () => {
  const count = 200_000;
  const one = concat(tag(4, 5), float32Bytes([1]));
  const elements = new Uint8Array(count * one.length);
  const pieces = new Uint8Array(count * 6);
  const piece = bytesField(4, float32Bytes([1]));
  for (let i = 0; i < count; i++) {
    elements.set(one, i * one.length);
    pieces.set(piece, i * piece.length);
  }
  const head = [intField(1, count), intField(2, 1)];
  assert.equal(valuesOf(open(w(...head, elements)), 'w').length, count);
  assert.throws(() => open(w(...head, pieces)), saying('invalid-model', /more than 65536 pieces/));
});

test('a file of nothing but tiny nodes is refused before it fills the memory', () => {
  const one = bytesField(1, textField(4, 'A'));
  const many = new Uint8Array(1_050_000 * one.length);
  for (let at = 0; at < many.length; at += one.length) many.set(one, at);
  assert.throws(() => open(modelBytes(many)), saying('invalid-model', /more than 4000000 nodes/));
});

test('a file of nothing but tiny tensors is refused before it fills the memory', () => {
  const many = Array.from({ length: 120_001 }, (_, i) =>
    bytesField(5, [intField(2, 1), textField(8, `${i}`), raw(4)]),
  );
  assert.throws(
    () => open(modelBytes(join(many))),
    saying('invalid-model', /more than 120000 tensors/),
  );
});

const outside = (location: string): Uint8Array =>
  model(graph([], { initializers: [externalTensor('w', [2], { location })] }));

for (const location of [
  '/etc/passwd',
  '../w.bin',
  'a/../../w.bin',
  '..\\w.bin',
  'C:\\w.bin',
  'c:w.bin',
  '\\\\host\\w.bin',
  '',
  '.',
  'a/',
  'a\u0000b',
]) {
  test(`external data at ${JSON.stringify(location)} is refused before anything is opened`, () => {
    let asked = false;
    const bytes = outside(location);
    assert.throws(
      () =>
        open(bytes, {
          get [location]() {
            asked = true;
            return new Uint8Array(8);
          },
        }),
      saying('invalid-model', /external data/),
    );
    assert.equal(asked, false);
  });
}

test('external data with lying numbers is refused', () => {
  const with_ = (entries: Record<string, string>): Uint8Array =>
    model(graph([], { initializers: [externalTensor('w', [2], { location: 'w', ...entries })] }));
  for (const [entries, text] of [
    [{ length: '7' }, /needs 8 bytes of external data but names 7/],
    [{ offset: '-1' }, /offset "-1"/],
    [{ offset: '1e3' }, /offset "1e3"/],
    [{ offset: '99999999999999999999' }, /offset/],
  ] as const) {
    assert.throws(
      () => open(with_(entries), { w: new Uint8Array(8) }),
      saying('invalid-model', text),
    );
  }
});
