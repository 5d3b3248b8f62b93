/** Text of files on its way to a terminal or an agent. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { DeepCompressionError } from '../../../src/model/errors.ts';
import { plainJson, plainLines, plainText } from '../../../src/model/plain-text.ts';

const hostile = '\u001b[31mred\u0007 \u009b2J \u202eevil\u2066 \u200bx\ufeff';
const control = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

test('no control character is left, on one line or several, and other text stays as it is', () => {
  for (const text of [plainText(hostile, 400), plainLines(hostile)]) {
    assert.doesNotMatch(text, control);
    assert.match(text, /red.*evil.*x/);
  }
  assert.equal(plainText('a\r\n  b', 400), 'a b');
  assert.equal(plainLines('a\nb'), 'a\nb');
  assert.equal(plainText('größe/重み', 400), 'größe/重み');
});

test('a long text is cut in the middle', () => {
  const text = plainText(`begin ${'x'.repeat(100_000)} end`, 200);
  assert.ok(text.length <= 200 && text.startsWith('begin') && text.endsWith('end'), text);
});

test('escaped JSON means the same', () => {
  const json = plainJson(JSON.stringify({ name: hostile }, null, 2));
  assert.doesNotMatch(json.replaceAll('\n', ''), control);
  assert.deepEqual(JSON.parse(json), { name: hostile });
});

test('an error line is clean and short whatever name is in it', () => {
  const { message } = new DeepCompressionError('io', `cannot read ${hostile.repeat(10_000)}: why`);
  assert.doesNotMatch(message, control);
  assert.ok(message.length <= 1000 && message.endsWith(': why'));
});
