/** Checkpoints that are none: forged ones end in the one line that says what to do, and stay. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openCheckpoint, removeCheckpoint } from '../../../src/engine/train/checkpoints.ts';
import { crc32 } from '../../../src/model/crc32.ts';
import { saying } from '../model/support.ts';
import { temporaryFolder } from './support.ts';

const folder = temporaryFolder();

/** As checkpoints begin, with a checksum that is right. */
function forged(json: string): Buffer {
  const text = Buffer.from(json);
  const head = Buffer.from('DCCP\u0001\0\0\0\0\0\0\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(crc32(text), 8);
  head.writeUInt32LE(text.length, 12);
  return Buffer.concat([head, text]);
}

const files: Readonly<Record<string, Buffer>> = {
  'a method for an array': readFileSync('test/fixtures/hostile/ck2'),
  'null for a checkpoint': readFileSync('test/fixtures/hostile/ck6'),
  'a hundred thousand lists in lists': forged('['.repeat(100_000) + ']'.repeat(100_000)),
  'another run': forged('{"run":"other","checkpoint":{}}'),
  'a shape that no training has': forged('{"run":"mine","checkpoint":{"stage":-1}}'),
  text: Buffer.from('DCCP is how it begins'),
  nothing: Buffer.of(),
};

for (const [what, bytes] of Object.entries(files))
  test(`a checkpoint that holds ${what} is refused in one line`, () => {
    const path = join(folder, 'c.checkpoint');
    writeFileSync(path, bytes);
    assert.throws(
      () => openCheckpoint(path, 'mine', false),
      saying('invalid-input', /^\S+ is not a checkpoint of this run .* start afresh \(--fresh\)/),
    );
    assert.ok(readFileSync(path).equals(bytes));
    const { found, notes } = openCheckpoint(path, 'mine', true);
    assert.deepEqual([found, notes], [undefined, []], 'begun afresh it is not read');
  });

test('only a checkpoint is deleted as one', () => {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, 'weights');
  assert.throws(() => removeCheckpoint(path), saying('invalid-input', /is not a checkpoint, so/));
  assert.equal(readFileSync(path, 'utf8'), 'weights');
  removeCheckpoint(join(folder, 'none'));
});
