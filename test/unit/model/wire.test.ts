import assert from 'node:assert/strict';
import test from 'node:test';
import { memorySource } from '../../../src/model/bytes.ts';
import { WireReader } from '../../../src/model/onnx/wire.ts';
import {
  bytesField,
  concat,
  intField,
  tag,
  textField,
  varint,
} from '../../fixtures/wire-writer.ts';
import { saying } from './support.ts';

const reader = (...parts: Uint8Array[]): WireReader =>
  new WireReader(memorySource('w', concat(...parts)));

test('varints of every length come back, signed and unsigned', () => {
  for (let bits = 0; bits <= 63; bits++) {
    for (const value of [1n << BigInt(bits), (1n << BigInt(bits)) - 1n, -(1n << BigInt(bits))]) {
      const bytes = varint(value);
      const signed = reader(bytes).int(bytes.length);
      assert.equal(signed, Number(BigInt.asIntN(64, value)));
      const unsigned = reader(bytes).uint(bytes.length);
      assert.equal(unsigned, Number(BigInt.asUintN(64, value)));
    }
  }
});

test('a padded varint reads as the same number', () => {
  assert.equal(reader(varint(5, 10)).int(10), 5);
});

test('a varint longer than 10 bytes is refused', () => {
  const bytes = concat(new Uint8Array(10).fill(0x80), Uint8Array.of(0));
  assert.throws(() => reader(bytes).int(11), saying('invalid-model', /longer than 10 bytes/));
});

test('fields are read and skipped by number and wire type', () => {
  const bytes = concat(
    intField(1, 300),
    textField(2, 'name'),
    tag(3, 1),
    new Uint8Array(8),
    tag(4, 5),
    new Uint8Array(4),
  );
  const wire = reader(bytes);
  const seen: number[] = [];
  while (wire.next(bytes.length)) {
    seen.push(wire.field);
    if (wire.field === 2) assert.equal(wire.string(bytes.length), 'name');
    else wire.skip(bytes.length);
  }
  assert.deepEqual(seen, [1, 2, 3, 4]);
});

for (const [what, bytes, text] of [
  ['field number 0', tag(0, 0), /field number 0/],
  ['a group', tag(1, 3), /wire type 3/],
  ['the end of a group', tag(1, 4), /wire type 4/],
  ['wire type 6', tag(1, 6), /wire type 6/],
  ['wire type 7', tag(1, 7), /wire type 7/],
  ['a field number above 2^29', varint(1n << 40n), /too large/],
  ['a varint cut short', concat(tag(1, 0), Uint8Array.of(0x80)), /middle of a field/],
  ['a fixed64 cut short', concat(tag(1, 1), new Uint8Array(7)), /middle of a field/],
  ['a fixed32 cut short', concat(tag(1, 5), new Uint8Array(3)), /middle of a field/],
  [
    'a length past the end',
    concat(tag(1, 2), varint(3), new Uint8Array(2)),
    /claims 3 bytes where 2/,
  ],
  ['a length of 2^63', concat(tag(1, 2), varint(1n << 63n)), /claims/],
] as const) {
  test(`${what} is refused in one line`, () => {
    const wire = reader(bytes);
    assert.throws(
      () => {
        while (wire.next(bytes.length)) wire.skip(bytes.length);
      },
      saying('invalid-model', text),
    );
  });
}

test('a field may not run past the message it lies in, even where the file goes on', () => {
  const bytes = concat(bytesField(1, concat(tag(2, 2), varint(4))), new Uint8Array(100));
  const wire = reader(bytes);
  wire.next(bytes.length);
  const end = wire.length(bytes.length);
  wire.next(end);
  assert.throws(() => wire.skip(end), saying('invalid-model', /claims 4 bytes where 0/));
});

test('skipping a payload reads only what stands around it', () => {
  const big = 50_000_000;
  const head = concat(tag(1, 2), varint(big));
  const tail = textField(2, 'after');
  let read = 0;
  const size = head.length + big + tail.length;
  const wire = new WireReader({
    name: 'big',
    size,
    readInto(target, offset) {
      read += target.length;
      for (let i = 0; i < target.length; i++) {
        const at = offset + i;
        target[i] =
          at < head.length ? head[at] : at >= head.length + big ? tail[at - head.length - big] : 0;
      }
    },
  });
  const fields: string[] = [];
  while (wire.next(size)) {
    if (wire.field === 2) fields.push(wire.string(size));
    else wire.skip(size);
  }
  assert.deepEqual(fields, ['after']);
  assert.ok(read < 4096, `${read} bytes were read`);
});

test('strings longer than the window are read whole, absurd ones refused', () => {
  const long = 'é'.repeat(100_000);
  const bytes = textField(1, long);
  const wire = reader(bytes);
  wire.next(bytes.length);
  assert.equal(wire.string(bytes.length), long);
  const huge = bytesField(1, new Uint8Array(2_000_000));
  const other = reader(huge);
  other.next(huge.length);
  assert.throws(() => other.string(huge.length), saying('invalid-model', /too long/));
});
