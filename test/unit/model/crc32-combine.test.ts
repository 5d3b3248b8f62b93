import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { crc32 } from '../../../src/model/crc32.ts';
import { combineCrc32 } from '../../../src/model/crc32-combine.ts';

test('the checksum of two stretches follows from the checksum of each', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 400 }), (a, b) => {
      const whole = crc32(Uint8Array.from([...a, ...b]));
      assert.equal(combineCrc32(crc32(a), crc32(b), b.length), whole);
    }),
  );
});
