import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCommand } from '../../../src/cli/arguments.ts';
import { UsageError } from '../../../src/cli/usage.ts';

test('a full compress command is understood', () => {
  const c = parseCommand(
    'compress m.onnx --out m.dcz --preset eie --seed 7 --threads 3 --force --json'.split(' '),
  );
  assert.ok(typeof c === 'object');
  assert.deepEqual(
    { ...c, eie: undefined },
    {
      command: 'compress',
      file: 'm.onnx',
      other: '',
      out: 'm.dcz',
      prototxt: '',
      recipe: 'eie',
      seed: 7,
      threads: 3,
      force: true,
      json: true,
      statistics: true,
      sampling: {},
      eie: undefined, // has tests of its own
    },
  );
});

test('samples ask for the preset that they decide, a preset that is named stays, and one goal is passed on', () => {
  const parse = (line: string) => parseCommand(`compress a --out b ${line}`.trim().split(' '));
  const of = (line: string): object => {
    const command = parse(line);
    assert.ok(typeof command === 'object');
    return { recipe: command.recipe, ...command.sampling };
  };
  const data = { file: { path: 's.npz' } };
  assert.deepEqual(of(''), { recipe: 'safe' });
  assert.deepEqual(of('--data s.npz'), { recipe: 'calibrated', data });
  assert.deepEqual(of('--data s.npz --preset eie'), { recipe: 'eie', data });
  const goals = [
    ['--max-loss 2%', { maxLoss: 0.02 }],
    ['--ratio 8x', { ratio: 8 }],
    ['--max-bytes 2M', { maxBytes: 2e6 }],
  ] as const;
  for (const [line, goal] of goals)
    assert.deepEqual(of(`--data s.npz ${line}`), { recipe: 'calibrated', data, goal });
});

test('help and version win over everything else', () => {
  assert.equal(parseCommand(['compress', '--help']), 'help');
  assert.equal(parseCommand(['-h']), 'help');
  assert.equal(parseCommand(['--version']), 'version');
});

const wrong: readonly [string, RegExp][] = [
  ['', /no command/],
  ['squash m.onnx', /unknown command 'squash'.*inspect/],
  ['slim m.onnx --out o.onnx', /--keep SHARE or --work SHARE/],
  ['slim m.onnx --out o.onnx --keep 0.5 --work 0.5', /one of them/],
  ['slim m.onnx --out o.onnx --keep 60', /share above 0 and below 1.*'60'/],
  ['slim m.onnx --out o.onnx --keep 0.6 --score l3', /l1, l2, gamma, outputs, not 'l3'/],
  ['slim m.onnx --out o.onnx --keep 0.6 --multiple 0', /whole number from 1/],
  ['inspect', /which file/],
  ['inspect a b', /one file, not 2/],
  ['inspect a --out b', /does not take --out/],
  ['compress a', /needs --out/],
  ['compress a --out', /out/],
  ['compress a --out b --preset x --recipe y', /exclude/],
  ['compress a --out b --ratio 8', /--ratio needs --data FILE/],
  ['compress a --out b --data c --ratio 8 --max-loss 1%', /--max-loss and --ratio exclude/],
  ['compress a --out b --data c --ratio 1', /--ratio needs a number above 1/],
  ['search a', /search needs --data FILE/],
  ['impact a --out b.csv', /impact needs --data FILE/],
  ['search a --data c --ratio 8', /does not take --ratio/],
  ['compress a --out b --seed -1', /seed/],
  ['compress a --out b --seed 1.5', /--seed needs a whole number.*'1.5'/],
  ['compress a --out b --threads 0', /--threads needs/],
  ['decompress a.dcz', /needs --out/],
  ['import w', /needs --out/],
  ['presets x', /takes no file/],
  ['compare', /which files/],
  ['compare a', /two files, not 1/],
  ['inspect a --bogus', /bogus/],
];
for (const [line, message] of wrong)
  test(`wrong usage in one line: deepc ${line}`, () => {
    assert.throws(
      () => parseCommand(line.split(' ').filter(Boolean)),
      (e) => e instanceof UsageError && message.test(e.message) && !e.message.includes('\n'),
    );
  });
