/** What does not fit on the disk is refused before a byte of it is written. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { checkSpace } from '../../../src/platform/space.ts';

test('a file larger than what is free is refused with both sizes, one that fits is not', () => {
  const path = join(tmpdir(), 'large.bin');
  checkSpace(path, 1, 'a byte');
  assert.throws(() => checkSpace(path, 2 ** 60, 'the export of m.onnx'), {
    code: 'io',
    message:
      /^the export of m\.onnx would take 1153 PB, and .* are free in .*: nothing was written$/,
  });
});

test('a folder that is not there is left to the writer to say', () => {
  checkSpace(join(tmpdir(), 'no', 'such', 'folder', 'x'), 2 ** 60, 'x');
});
