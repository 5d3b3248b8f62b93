import assert from 'node:assert/strict';
import test from 'node:test';
import { parsePrototxt } from '../../../src/model/caffe/prototxt.ts';
import { numberValue } from '../../../src/model/caffe/prototxt-tokens.ts';
import { refuses } from './support.ts';

test('fields, nested messages, comments, lists and separators are read', () => {
  const file = parsePrototxt(`# a comment
    name: "Net" ; layer { name: 'a', top: "x" top: "y" p: { k: 3 k: [4, 0x10] } } # end
    layer < name: "b" p < e: MAX > >
    dims: [ ] empty {}`);
  assert.equal(file.string('name', ''), 'Net');
  const [a, b] = file.messages('layer');
  assert.deepEqual(a!.strings('top'), ['x', 'y']);
  assert.deepEqual(a!.message('p').integers('k'), [3, 4, 16]);
  assert.equal(b!.message('p').enumeration('e', ['MAX', 'AVE'], 'AVE'), 'MAX');
  assert.deepEqual(file.integers('dims'), []);
  assert.deepEqual(file.message('empty').names(), []);
});

test('numbers are read in every notation of the text format', () => {
  const file = parsePrototxt('a: -1.5e-3 b: .5f c: 010 d: 0x1F e: - 7 f: 2. g: 1E+2');
  const values = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => file.number(name, NaN));
  assert.deepEqual(values, [-0.0015, 0.5, 8, 31, -7, 2, 100]);
  for (const bad of ['1x', '0x', '1e', '08', '1.2.3', '1e5e5', '0x1.5'])
    assert.ok(Number.isNaN(numberValue(bad)), bad);
});

test('strings are decoded and adjacent ones joined', () => {
  const file = parsePrototxt(
    String.raw`s: "a\n\t\"\'\\\101\x42\u00e9\U0001F600" 'tail' "#no comment"`,
  );
  assert.equal(file.string('s', ''), 'a\n\t"\'\\ABé😀tail#no comment');
});

test('booleans and enums are read by name and by number', () => {
  const file = parsePrototxt('a: true b: 0 c: AVE d: 1');
  assert.equal(file.boolean('a', false), true);
  assert.equal(file.boolean('b', true), false);
  assert.equal(file.enumeration('c', ['MAX', 'AVE'], 'MAX'), 'AVE');
  assert.equal(file.enumeration('d', ['MAX', 'AVE'], 'MAX'), 'AVE');
  assert.equal(file.boolean('absent', true), true);
});

test('a message given in parts is merged and absent values take their default', () => {
  const file = parsePrototxt('p { a: 1 } p { b: 2 }');
  assert.equal(file.message('p').integer('a', 0), 1);
  assert.equal(file.message('p').integer('b', 0), 2);
  assert.equal(file.message('p').integer('c', 9), 9);
});

test('a malformed file is refused in one line that names the line', () => {
  const cases: [string, RegExp][] = [
    ['\n\na {', /line 3: a, opened in line 3, is not closed/],
    ['a: "x\n"', /line 1: a string is not closed/],
    ['a: "\\q"', /line 1: unknown escape/],
    ['a: "\\u12"', /unknown escape/],
    ['}', /line 1: expected a field name, found "}"/],
    ['a 3', /expected ":" or "{" after "a", found "3"/],
    ['a:', /the file ends/],
    ['\na: 1x', /line 2: expected a value for "a", found "1x"/],
    ['a: -"x"', /expected a value/],
    ['a: [1 2]', /expected "," or "]"/],
    ['a: 1 $', /unexpected character/],
    ['a: { b: 1 >', /expected a field name/],
    ['[ext.name]: 3', /expected a field name/],
  ];
  for (const [text, pattern] of cases) refuses('invalid-model', pattern, () => parsePrototxt(text));
});

test('nesting is bounded and a deep file does not exhaust the stack', () => {
  refuses('invalid-model', /nested deeper than 64/, () => parsePrototxt('a{'.repeat(1e6)));
  assert.ok(parsePrototxt('a{'.repeat(64) + '}'.repeat(64)).has('a'));
});

test('a value of the wrong kind is refused where it stands', () => {
  const file = parsePrototxt('a: 1.5\nb: "x"\nc { }\nd: -1\ne: 99999999999');
  refuses('invalid-model', /line 1: a must be a whole number/, () => file.integer('a', 0));
  refuses('invalid-model', /line 2: b must be a whole number/, () => file.integers('b'));
  refuses('invalid-model', /line 2: b must be a message/, () => file.message('b'));
  refuses('invalid-model', /line 3: c must be a value/, () => file.string('c', ''));
  refuses('invalid-model', /line 4: d must be/, () => file.integer('d', 0));
  refuses('invalid-model', /line 5: e must be/, () => file.integer('e', 0));
  refuses('invalid-model', /line 1: a must be true or false/, () => file.boolean('a', true));
  refuses('invalid-model', /line 2: b must be one of X/, () => file.enumeration('b', ['X'], 'X'));
});
