import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { packPlain, unpackPlain } from '../../../src/train/methods/checkpoint.ts';

test('plain data with typed arrays comes back as it was, to the last bit', () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          text: fc.string(),
          number: fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
          nothing: fc.constant(null),
          floats: fc.array(fc.float32Array()),
          inner: fc.record(
            { codes: fc.uint8Array(), list: fc.array(fc.integer()) },
            { noNullPrototype: true },
          ),
        },
        { noNullPrototype: true },
      ),
      (value) => {
        assert.deepEqual(unpackPlain(packPlain(value), 'c'), value);
      },
    ),
  );
});

test('views into larger buffers are packed as what they show', () => {
  const values = new Float32Array([1, 2, 3, 4]).subarray(1, 3);
  const { v } = unpackPlain(packPlain({ v: values }), 'c') as { v: Float32Array };
  assert.deepEqual([...v], [2, 3]);
});

test('any damage is noticed, and nothing else is thrown', () => {
  const good = packPlain({ a: new Float32Array([1, 2, 3]), b: 'text' });
  for (let at = 0; at < good.length; at++) {
    const bad = good.slice();
    bad[at]! ^= 0x41;
    assert.throws(() => unpackPlain(bad, 'c'), { name: 'DeepCompressionError' });
    assert.throws(() => unpackPlain(good.slice(0, at), 'c'), { name: 'DeepCompressionError' });
  }
});
